import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  MemTable,
  type StaleAnswer,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { slowly } from "./fixture.ts";

const RUNS = 12;
const STEPS = 40;
const MAX_AGE_MS = 1_000;
const FAILED = Symbol("failed");
const IDS = ["a", "b", "c", "d", "e", "f"];

/** What a reader knows of a row from its own writes: the version that it had then, and whether it was there. */
interface Written {
  readonly version: number;
  readonly isThere: boolean;
}

/** Random reads and writes, some of them by others, over a master that fails now and then. */
class Walk {
  readonly #clock: FakeClock;
  readonly #stream = new ManualLiveStream();
  readonly #inner: MemTable;
  readonly #master: FaultyTable;
  readonly #table: LiveTable;
  readonly #written = new Map<string, Written>();
  readonly #reading: Promise<void>[] = [];
  #version = 0;
  #isDown = false;

  constructor(seed: number, cache: Cache, options: LiveTableOptions) {
    this.#clock = new FakeClock({ seed });
    this.#inner = new MemTable("rows", { rows: IDS.slice(0, 4).map((id) => [id, this.#row()]) });
    this.#master = new FaultyTable(this.#inner);
    this.#master.plan.run = (_op, work) => this.#answer(work);
    this.#table = new LiveTable(this.#master, "rows", cache, {
      clock: this.#clock,
      liveStream: this.#stream,
      staleTimeMs: 300,
      maxAgeMs: MAX_AGE_MS,
      ...options,
    });
  }

  async run(): Promise<void> {
    await settle();
    const steps = [
      () => this.#read(),
      () => void this.#reading.push(this.#read()),
      () => this.#write(),
      () => this.#foreign(),
      () => this.#clock.advance(this.#pick([10, 100, 400])),
      () => void (this.#isDown = this.#clock.random() < 0.5),
    ];
    for (let step = 0; step < STEPS; step++) await this.#pick<() => Promise<void> | void>(steps)();
    this.#isDown = false;
    await Promise.all(this.#reading);
    await this.#clock.advance(MAX_AGE_MS);
    for (const view of this.#views()) {
      const handle = this.#table.withQuery(view.query);
      assert.deepEqual([...await handle.listValues()], [...await this.#inner.withQuery(view.query).listValues()]);
    }
    await this.#table.close();
  }

  async #read(): Promise<void> {
    const handle = this.#pick(this.#views());
    const known = new Map(this.#written);
    const askedAt = this.#clock.now();
    let stale: StaleAnswer | undefined;
    const rows = await handle.listValues({ onStale: (answer) => stale = answer }).catch(() => undefined);
    if (stale !== undefined) assert(askedAt - stale.fetchedAt < MAX_AGE_MS, "older than maxAgeMs");
    if (rows === undefined) return;
    for (const [id, { version, isThere }] of known) {
      const row = rows.get(id);
      if (row !== undefined) {
        assert(Number(row.version) >= version, `law 1: ${id} is of version ${row.version}, written was ${version}`);
        assert(isThere || Number(row.version) > version, `law 1: ${id} was deleted`);
      }
    }
  }

  async #write(): Promise<void> {
    const id = this.#pick(IDS);
    const row = this.#row();
    const version = this.#version;
    const change = this.#pick<() => Promise<unknown>>([
      () => this.#table.patchValue(id, row),
      () => this.#table.replaceValue(id, row),
      () => this.#table.delete(id),
    ]);
    const answer = await change().catch(() => FAILED);
    if (answer !== FAILED) this.#written.set(id, { version, isThere: answer !== undefined });
  }

  async #foreign(): Promise<void> {
    const id = this.#pick(IDS);
    if (this.#clock.random() < 0.3) await this.#inner.delete(id);
    else await this.#inner.replaceValue(id, this.#row());
    this.#pick<() => void>([
      () => void this.#stream.push({ kind: "updated", id }),
      () => void this.#stream.push({ kind: "inserted", id }),
      () => void this.#stream.push({ kind: "deleted", id }),
      () => void this.#stream.push({ kind: "changed" }),
      () => this.#stream.disconnect(),
    ])();
    await settle();
  }

  /** The answer of the master, which takes its time; a connection may be lost before its work or after it. */
  async #answer<T>(work: () => T | Promise<T>): Promise<T> {
    await this.#turns();
    if (this.#isDown && this.#clock.random() < 0.8) throw new UnavailableError("no connection");
    const answer = await work();
    await this.#turns();
    if (this.#isDown) throw new UnavailableError("connection lost");
    return answer;
  }

  async #turns(): Promise<void> {
    for (let turns = this.#clock.random() * 6; turns > 0; turns--) await Promise.resolve();
  }

  #views(): TableLike[] {
    const { where, orderBy } = { where: this.#table.where("group", "eq", 1), orderBy: this.#table.orderBy("rank") };
    return [this.#table, where, orderBy, this.#table.page(1, 2), this.#table.page(2, 2), orderBy.page(1, 3)];
  }

  #row(): { version: number; group: number; rank: number } {
    const version = ++this.#version;
    return { version, group: version % 2, rank: Math.floor(this.#clock.random() * 1_000) };
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#clock.random() * choices.length)] as T; // There are choices.
  }
}

const POLICIES: readonly LiveTableOptions[] = [
  { whileStale: "serve" },
  { onMasterFailure: "serve" },
  { whileStale: "serve", onMasterFailure: "serve", prefetchPages: 1 },
];

describe("Stale rows that are served", () => {
  for (const options of POLICIES) {
    for (const [name, open] of [["at once", () => new MemCache()], ["later", () => slowly(new MemCache())]] as const) {
      const what = Object.entries(options).map(([option, value]) => `${option} ${value}`).join(", ");
      it(`are none from before a write, nor older than maxAgeMs: ${what}, a cache that answers ${name}`, async () => {
        for (let seed = 1; seed <= RUNS; seed++) {
          await new Walk(seed, open(), options).run().catch((error) => {
            throw new Error(`seed ${seed}`, { cause: error });
          });
        }
      });
    }
  }
});
