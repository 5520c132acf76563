import assert from "node:assert/strict";
import { describe } from "node:test";
import { isUnreadable } from "@vantage/live";
import { SqliteOutbox } from "@vantage/live/sqlite";
import { FakeClock } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { skippable } from "../skippable.ts";
import { LONG, ONLY_ON_DENO } from "./children.ts";
import { type Effect, KeptMaster } from "./kept_master.ts";
import { type Mood, WritesMaster } from "./writes_master.ts";
import { Ledger, WritesVictim } from "./writes_victim.ts";

/** At which line a process is killed at the latest. */
const MAX_LINES = 150;
/** How many writes a process makes at the most. */
const MAX_WRITES = 40;
/** How many writes each of two processes makes: so many that not all of them are sent while one is frozen. */
const MANY_WRITES = 200;
/** One process in so many sees the master killed as well. */
const MASTER_KILLED_EVERY = 4;
/** How long leases are: as short as may be, or long enough that a process which is not frozen keeps it on a busy machine. */
const [SHORT_LEASE_MS, LEASE_MS] = [400, 1_000];
/** How long a process stays frozen, which is longer than its lease, and has then to send what it must not. */
const [FROZEN_MS, AWAKE_MS] = [1_800, 800];
/** How often it is looked what is left. */
const POLL_MS = 50;
/** How long everything that is left may take to be sent. */
const DRAIN_MS = 60_000;

/** Processes that write to one master through one outbox. */
class World implements AsyncDisposable {
  readonly ledger: Ledger = new Ledger();
  /** The keys of writes that have failed; the failures were reported. */
  readonly failed: Set<string> = new Set();
  /** The keys of those that failed again: their row was deleted by a later write meanwhile. */
  #failedAgain: readonly string[] = [];
  readonly master: WritesMaster;
  readonly #chance: FakeClock;
  readonly #outboxPath: string = newPath("outbox.db");
  readonly #masterPath: string;
  readonly #started = new AsyncDisposableStack();
  #starts = 0;

  private constructor(chance: FakeClock, masterPath: string, master: WritesMaster) {
    this.#chance = chance;
    this.#masterPath = masterPath;
    this.master = this.#started.use(master);
  }

  static async open(seed: number): Promise<World> {
    const path = newPath("master.db");
    return new World(new FakeClock({ seed }), path, await WritesMaster.start(path, seed));
  }

  next(bound: number): number {
    return Math.floor(this.#chance.random() * bound);
  }

  /** Starts a process that makes so many writes. */
  start(writes: number, leaseMs: number): WritesVictim {
    const { url } = this.master;
    const [path, writer, seed] = [this.#outboxPath, ++this.#starts, this.next(2 ** 31)];
    return this.#started.use(new WritesVictim({ url, path, writer, writes, leaseMs, seed }, this.ledger));
  }

  /** Sends all that is left, then what has failed as well. */
  async drain(): Promise<void> {
    this.master.mood = "ok";
    const last = this.start(0, SHORT_LEASE_MS);
    await last.ready;
    for (const key of await this.#drained()) this.failed.add(key);
    if (this.failed.size > 0) await last.retry();
    this.#failedAgain = await this.#drained();
    await last.kill();
  }

  /** What is wrong now that everything was sent. */
  inspect(chainOf: (key: string) => string): Report {
    using master = new KeptMaster(this.#masterPath);
    const effects = master.effects();
    const { made, accepted } = this.ledger;
    const times = new Map<string, number>();
    for (const { key } of effects) times.set(key, (times.get(key) ?? 0) + 1);
    return {
      accepted: accepted.size,
      applied: effects.length,
      requests: master.requests().length,
      failedAndRetried: this.failed.size,
      failedAgain: this.#failedAgain.length,
      lost: [...accepted].filter((key) => !times.has(key) && !this.#failedAgain.includes(key)),
      appliedAndFailed: this.#failedAgain.filter((key) => times.has(key)),
      duplicates: [...times].filter(([, count]) => count > 1).map(([key]) => key),
      invented: [...times.keys()].filter((key) => !made.has(key)),
      disordered: this.#disordered(effects, chainOf),
    };
  }

  /** The writes that a process sent under its own term after another one had sent something under a later one. */
  sentLate(writer: number): readonly string[] {
    using master = new KeptMaster(this.#masterPath);
    let latest = 0;
    const late = new Set<string>();
    for (const request of master.requests()) {
      if (request.writer === writer && request.term < latest) late.add(request.key);
      latest = Math.max(latest, request.term);
    }
    return [...late];
  }

  /** How many writes one process sent that another one had made. */
  takenOver(writer: number): number {
    using master = new KeptMaster(this.#masterPath);
    const sent = new Set(master.requests().filter((request) => request.writer === writer).map(({ key }) => key));
    return [...sent].filter((key) => this.ledger.made.get(key)?.writer !== writer).length;
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#started[Symbol.asyncDispose]();
  }

  /** Waits until nothing is left but what has failed; gives the keys of that. */
  async #drained(): Promise<readonly string[]> {
    await using outbox = await SqliteOutbox.open(this.#outboxPath);
    const deadline = performance.now() + DRAIN_MS;
    for (;;) {
      const left = outbox.load("/notes", 0, 1_000_000);
      const entries = left.flatMap((entry) => isUnreadable(entry) ? [] : [entry]);
      assert.equal(entries.length, left.length, "there is an entry that cannot be read");
      if (entries.every(({ state }) => state === "failed")) return entries.map(({ write }) => write.id);
      assert(performance.now() < deadline, `${entries.length} writes are still there: ${JSON.stringify(entries[0])}`);
      await pause(POLL_MS);
    }
  }

  #disordered(effects: readonly Effect[], chainOf: (key: string) => string): readonly string[] {
    const place = new Map([...this.ledger.made.keys()].map((key, at) => [key, at]));
    const last = new Map<string, number>();
    return effects.flatMap(({ key }) => {
      const at = place.get(key);
      if (at === undefined || this.failed.has(key)) return [];
      const chain = chainOf(key);
      const before = last.get(chain) ?? -1;
      last.set(chain, at);
      return at < before ? [key] : [];
    });
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Report {
  readonly accepted: number;
  readonly applied: number;
  readonly requests: number;
  readonly failedAndRetried: number;
  readonly failedAgain: number;
  readonly lost: readonly string[];
  readonly appliedAndFailed: readonly string[];
  readonly duplicates: readonly string[];
  readonly invented: readonly string[];
  readonly disordered: readonly string[];
}

function assertNothingWrong(title: string, report: Report): void {
  const { lost, appliedAndFailed, duplicates, invented, disordered, ...counts } = report;
  const wrong = { lost, appliedAndFailed, duplicates, invented, disordered };
  const lengths = Object.entries(wrong).map(([name, keys]) => [name, keys.length]);
  console.log(`${title}: ${JSON.stringify({ ...counts, ...Object.fromEntries(lengths) })}`);
  assert.deepEqual(Object.values(wrong).flat(), [], JSON.stringify(wrong));
  // Without these, nothing would have been tried.
  assert(report.accepted > 0 && report.applied + report.failedAgain >= report.accepted, JSON.stringify(counts));
}

describe("A LiveTable with a SqliteOutbox whose processes are killed while they write to a master over HTTP", () => {
  const moods: readonly Mood[] = ["ok", "all", "refuse", "hang", "cut"];
  const kills = LONG ? 300 : 4;
  const seed = newSeed();
  const title = `applies each accepted write once, in order per row, and invents none: killed ${kills} times`;
  skippable(`${title} (seed ${seed})`, ONLY_ON_DENO, async () => {
    await using world = await World.open(seed);
    let mastersKilled = 0;
    for (let kill = 0; kill < kills; kill++) {
      world.master.mood = moods[world.next(moods.length)] ?? "all";
      const victim = world.start(1 + world.next(MAX_WRITES), SHORT_LEASE_MS);
      await victim.ready;
      await victim.says(1 + world.next(MAX_LINES));
      if (world.next(MASTER_KILLED_EVERY) === 0) {
        mastersKilled++;
        await world.master.restart();
        await victim.says(1 + world.next(MAX_LINES));
      }
      await victim.kill();
    }
    await world.drain();
    const report = world.inspect((key) => world.ledger.made.get(key)?.row ?? "");
    assertNothingWrong(`seed ${seed}, ${kills} kills of a writer and ${mastersKilled} of the master`, report);
  });

  const freezes = LONG ? 40 : 1;
  const frozen = `sends nothing under a lease that another process has taken while it was frozen, ${freezes} times`;
  const frozenSeed = newSeed();
  skippable(`${frozen} (seed ${frozenSeed})`, ONLY_ON_DENO, async () => {
    await using world = await World.open(frozenSeed);
    let [late, takenOver] = [0, 0];
    for (let freeze = 1; freeze <= freezes; freeze++) {
      world.master.mood = freeze % 2 === 0 ? "all" : "hang";
      const [first, other] = [world.start(MANY_WRITES, LEASE_MS), world.start(MANY_WRITES, LEASE_MS)];
      await Promise.all([first.ready, other.ready]);
      // The one that sends is frozen: it has the lease, once that of those before them has ended.
      while (first.marked.size + other.marked.size === 0) await pause(POLL_MS);
      await pause(world.next(POLL_MS));
      const isFirst = first.marked.size >= other.marked.size;
      const [frozen, writer] = isFirst ? [first, 2 * freeze - 1] : [other, 2 * freeze];
      frozen.freeze();
      await pause(FROZEN_MS);
      // It may have been frozen between the step that marks a write as sent and the request: that one still leaves.
      const marked = new Set(frozen.marked);
      frozen.wake();
      await pause(AWAKE_MS);
      const sent = world.sentLate(writer);
      assert.deepEqual(sent.filter((key) => !marked.has(key)), []);
      late += sent.length;
      takenOver += world.takenOver(isFirst ? 2 * freeze : 2 * freeze - 1);
      await Promise.all([first.kill(), other.kill()]);
    }
    await world.drain();
    const report = world.inspect((key) => JSON.stringify(world.ledger.made.get(key)));
    const seen = `${takenOver} writes taken over, ${late} requests under way`;
    assertNothingWrong(`seed ${frozenSeed}, ${freezes} freezes, ${seen}`, report);
    assert(!LONG || takenOver > 0, "no process took over from a frozen one");
  });
});
