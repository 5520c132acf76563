import { FakeClock } from "@vantage/live/testing";
import { LONG } from "../children.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { FaultKind, Faulty } from "./faults.ts";
import { type HostKind, type HostOptions, type HostSays, MAX_LAG_MS, slotOf, type StopAt } from "./host_talk.ts";

import { HostProcess } from "./host_process.ts";
import { SharedRedis } from "./shared_redis.ts";
import { Shop } from "./shop.ts";
import { IDS, type TableName, TABLES } from "./shop_tables.ts";

/** The hosts, of all runtimes, with all clients, and all ways to hear of changes. */
const KINDS: readonly HostKind[] = [
  { runtime: "deno", redis: "redis", isLayered: false, follows: false, source: "notify" },
  { runtime: "node", redis: "ioredis", isLayered: true, follows: true, source: undefined },
  { runtime: "bun", redis: "redis", isLayered: true, follows: true, source: undefined },
  { runtime: "node", redis: "redis", isLayered: false, follows: false, source: "slot" },
  { runtime: "deno", redis: "ioredis", isLayered: false, follows: false, source: undefined },
  { runtime: "bun", redis: "ioredis", isLayered: true, follows: false, source: undefined },
];

/** How many versions a process may give. */
const VERSIONS_PER_PROCESS = 100_000;
/** How long a process may take to start, and to end what it has begun. */
const [START_MS, REST_MS] = [60_000, 30_000];
/** How long one read may take, also while a server is away. */
const MAX_READ_MS = 15_000;
/** By when all hosts must show what the master has, once everything is at rest. */
const HEAL_MS = 20_000;
/** For how long the hosts do things before and after a fault. */
const [BEFORE_MS, AFTER_MS] = [300, 200];
/** How often a row is changed behind all hosts. */
const CHANGE_MS = 20;
/** How many rows are changed behind them at once. */
const CHANGES_AT_ONCE = 3;
/** How often it is looked whether they do, and how many times at the least. */
const [POLL_MS, LEAST_LOOKS] = [50, 100];
/** How many looks may find a cache that does not answer in time. */
const MOST_EXCUSED = 5;
/** The most lines of a trace that are printed. */
const MOST_LINES = 120;

/** What all hosts have done in a round. */
interface Work {
  readonly reads: number;
  readonly hits: number;
  readonly writes: number;
  readonly failures: number;
  readonly slowestReadMs: number;
}

/** What has become of one fault. */
export interface Round extends Work {
  readonly kind: string;
  /** Whether all hosts were at rest when it happened. */
  readonly isCalm: boolean;
  /** How long after the fault all hosts showed what the master has. */
  readonly healedMs: number;
  /** What was shown last that was not so yet. */
  readonly lastOld: string | undefined;
  readonly violations: readonly string[];
}

/** What a host shows that is not so. */
interface Difference {
  readonly host: HostProcess;
  readonly what: string;
}

/** Hosts with one Redis and one PostgreSQL, to which something happens, again and again. */
export class FaultyWorld implements Faulty, AsyncDisposable {
  readonly redis: SharedRedis;
  readonly shop: Shop;
  readonly #chance: FakeClock;
  readonly #hosts: HostProcess[] = [];
  readonly #acknowledged = new Acknowledged();
  readonly #started: AsyncDisposableStack;
  #processes = 0;
  #isRunning = false;
  #isCalm = false;
  #changes: Promise<void> = Promise.resolve();
  /** What the hosts have done in this round, once they are at rest. */
  #rested: Work | undefined;
  #lastOld: string | undefined;
  /** How many reads were answered from the cache when hosts looked, and how often it failed. */
  #hits = 0;
  #cacheFailures = 0;
  #kind: FaultKind | undefined;
  #violations: string[] = [];

  private constructor(seed: number, redis: SharedRedis, shop: Shop, started: AsyncDisposableStack) {
    this.#chance = new FakeClock({ seed });
    this.redis = redis;
    this.shop = shop;
    this.#started = started;
  }

  /** Starts everything. */
  static async open(seed: number): Promise<FaultyWorld> {
    const started = new AsyncDisposableStack();
    try {
      const [redis, shop] = [started.use(await SharedRedis.open()), started.use(await Shop.open())];
      const world = new FaultyWorld(seed, redis, shop, started);
      await Promise.all(KINDS.map(async (_, host) => {
        world.#hosts[host] = await world.#start(host);
      }));
      // All that they will read is kept from now on.
      await world.#differences(world.#hosts, TABLES);
      return world;
    } catch (error) {
      await started[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How many writes were acknowledged. */
  get acknowledged(): number {
    return this.#acknowledged.count;
  }

  get slot(): string {
    return slotOf(KINDS.findIndex(({ source }) => source === "slot"));
  }

  /** Lets something happen while all hosts read and write, and looks at what all of them show afterwards. */
  async round(kind: FaultKind): Promise<Round> {
    this.#kind = kind;
    this.#violations = [];
    this.#rested = undefined;
    this.#lastOld = undefined;
    this.#isCalm = this.#next(2) === 0;
    this.#isRunning = true;
    for (const host of this.#hosts) host.tell({ kind: "run" });
    this.#changes = this.#goOnChanging();
    await this.someTime(BEFORE_MS);
    await kind.run(this);
    const healedAt = performance.now();
    if (this.#isRunning) await this.someTime(AFTER_MS);
    const rested = await this.#rest(this.#hosts);
    await this.#inspect();
    const healedMs = Math.round(performance.now() - healedAt);
    this.#kind = undefined;
    await this.#probe();
    const round = {
      kind: kind.name,
      isCalm: this.#isCalm,
      ...rested,
      healedMs,
      lastOld: this.#lastOld,
      violations: this.#violations,
    };
    if (LONG) console.log(JSON.stringify(round));
    return round;
  }

  async someTime(ms: number): Promise<void> {
    await pause(ms / 2 + this.#next(ms));
  }

  async moment(fault: () => Promise<void>): Promise<void> {
    if (this.#isCalm) await this.#rest(this.#hosts);
    await fault();
  }

  async changeOutside(): Promise<void> {
    for (let time = 0; time < CHANGES_AT_ONCE; time++) await this.shop.change((bound) => this.#next(bound));
  }

  async replaceAt(at: StopAt): Promise<void> {
    const host = this.#oneOf(this.#hosts);
    const stopped = await host.ask({ kind: "stop", at }, "stopped", REST_MS);
    if (stopped === undefined) this.#violate(`${host.name} has not come to where it is killed: ${at}`);
    if (this.#isCalm) await this.#rest(this.#hosts.filter((other) => other !== host));
    await this.#replace(host);
  }

  async replace(is: (kind: HostKind) => boolean): Promise<void> {
    const host = this.#oneOf(this.#hosts.filter(({ options }) => is(options)));
    await this.moment(() => this.#replace(host));
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#started[Symbol.asyncDispose]();
  }

  async #replace(killed: HostProcess): Promise<void> {
    const { host } = killed.options;
    await killed.kill();
    await this.changeOutside();
    const next = this.#hosts[host] = await this.#start(host);
    if (this.#isRunning) next.tell({ kind: "run" });
  }

  async #start(host: number): Promise<HostProcess> {
    const options: HostOptions = {
      ...KINDS[host] as HostKind, // One of its keys.
      host,
      redisPort: this.redis.port,
      postgresPort: this.shop.port,
      seed: this.#next(2 ** 31),
      firstVersion: ++this.#processes * VERSIONS_PER_PROCESS,
    };
    const started = this.#started.use(new HostProcess(options, (process, said) => this.#heard(process, said)));
    if (await started.hears("ready", START_MS) === undefined) throw new Error(`${started.name} has not started`);
    return started;
  }

  #heard(host: HostProcess, said: HostSays): void {
    this.#acknowledged.take(host.options.host, said);
    if (said.kind === "wrong") this.#violate(`${host.name}: ${said.what}`);
    if (said.kind !== "failed" || this.#kind?.isMasterAway === true || said.isLate) return;
    this.#violate(`${host.name}: ${said.what}: ${said.error}`);
  }

  async #goOnChanging(): Promise<void> {
    while (this.#isRunning) {
      await this.shop.change((bound) => this.#next(bound));
      await this.someTime(CHANGE_MS);
    }
  }

  /** Lets hosts end what they have begun, unless they are at rest already; returns what all have done. */
  async #rest(hosts: readonly HostProcess[]): Promise<Work> {
    if (this.#rested !== undefined) return this.#rested;
    this.#isRunning = false;
    await this.#changes;
    const sum = { reads: 0, hits: 0, writes: 0, failures: 0, slowestReadMs: 0 };
    await Promise.all(hosts.map(async (host) => {
      const answer = await host.ask({ kind: "rest" }, "resting", REST_MS);
      if (answer === undefined) {
        return this.#violate(`${host.name} hangs: what it has begun has not ended in ${REST_MS} ms`);
      }
      const { counts, slowestReadMs } = answer;
      for (const each of ["reads", "hits", "writes", "failures"] as const) sum[each] += counts[each];
      sum.slowestReadMs = Math.max(sum.slowestReadMs, slowestReadMs);
      if (slowestReadMs > MAX_READ_MS) this.#violate(`${host.name}: a read took ${slowestReadMs} ms`);
    }));
    return this.#rested = sum;
  }

  /** All hosts must show what the master has, and go on doing so. */
  async #inspect(): Promise<void> {
    for (const lost of this.#acknowledged.lostIn(await this.shop.contents())) this.#violate(`lost: ${lost}`);
    const deadline = performance.now() + HEAL_MS;
    let differences = await this.#differences(this.#hosts, TABLES);
    // However long each look takes on a busy machine.
    for (let look = 1; differences.length > 0 && (look < LEAST_LOOKS || performance.now() < deadline); look++) {
      this.#lastOld = `${differences[0]?.host.name}: ${differences[0]?.what}`;
      await pause(POLL_MS);
      differences = await this.#differences(this.#hosts, TABLES);
    }
    await this.#report("at rest", differences);
    await pause(MAX_LAG_MS);
    this.#hits = 0;
    for (let look = 1; this.#hits === 0; look++) {
      this.#cacheFailures = 0;
      await this.#report("still at rest", await this.#differences(this.#hosts, TABLES));
      // A cache that has not answered in time, as on a busy machine, is left alone for as long.
      const isExcused = this.#cacheFailures > 0 && look < MOST_EXCUSED;
      if (this.#hits === 0 && !isExcused) {
        return this.#violate(`nothing is answered from the cache any more (${this.#cacheFailures} failures)`);
      }
    }
  }

  /** What one host has written, all others show at once; with memory in front of Redis, once that is too old. */
  async #probe(): Promise<void> {
    const writer = this.#oneOf(this.#hosts);
    const told = { kind: "write", table: this.#oneOf(TABLES), id: this.#oneOf(IDS) } as const;
    const wrote = await writer.ask(told, "wrote", REST_MS);
    if (wrote === undefined) return this.#violate(`${writer.name} hangs: a write`);
    // What its cache did not take in time, on a busy machine, is known to the others only later.
    if (!wrote.isLogged) return;
    const tables = [told.table];
    const plain = this.#hosts.filter(({ options }) => !options.isLayered);
    await this.#report(`after a write of ${writer.name}`, await this.#differences(plain, tables));
    await pause(MAX_LAG_MS);
    await this.#report(`some time after a write of ${writer.name}`, await this.#differences(this.#hosts, tables));
  }

  async #report(when: string, differences: readonly Difference[]): Promise<void> {
    for (const { host, what } of differences) this.#violate(`${when}, ${host.name}: ${what}`);
    for (const host of new Set(differences.map((difference) => difference.host))) await this.#printTrace(host);
  }

  /** How what hosts show of some tables differs from what the master has. */
  async #differences(hosts: readonly HostProcess[], tables: readonly TableName[]): Promise<readonly Difference[]> {
    const truth = await this.shop.contentsOf(tables);
    const looks = await Promise.all(hosts.map(async (host) => {
      const looked = await host.ask({ kind: "look", truth }, "looked", REST_MS);
      this.#hits += looked?.hits ?? 0;
      this.#cacheFailures += looked?.cacheFailures ?? 0;
      const differences = looked?.differences ?? ["it hangs: not all reads have ended"];
      return differences.map((what): Difference => ({ host, what }));
    }));
    return looks.flat();
  }

  async #printTrace(host: HostProcess): Promise<void> {
    const trace = await host.ask({ kind: "trace" }, "trace", REST_MS);
    console.log(`${host.name}:\n${trace?.lines.slice(-MOST_LINES).join("\n")}`);
  }

  #violate(what: string): void {
    console.log(`VIOLATION (${this.#kind?.name ?? "healed"}): ${what}`);
    this.#violations.push(what);
  }

  #oneOf<T>(items: readonly T[]): T {
    return items[this.#next(items.length)] as T; // There are some.
  }

  #next(bound: number): number {
    return Math.floor(this.#chance.random() * bound);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
