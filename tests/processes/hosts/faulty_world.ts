import { FakeClock } from "@vantage/live/testing";
import { LONG } from "../children.ts";
import { Acknowledged } from "./acknowledged.ts";
import type { FaultKind, Faulty } from "./faults.ts";
import { type HostKind, type HostOptions, type HostSays, MAX_LAG_MS, slotOf, type StopAt } from "./host_talk.ts";

import { HostProcess } from "./host_process.ts";
import { SharedRedis } from "./shared_redis.ts";
import { Shop } from "./shop.ts";
import { IDS, TABLES } from "./shop_tables.ts";

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
const [START_MS, REST_MS] = [60_000, 20_000];
/** How long one read may take, also while a server is away. */
const MAX_READ_MS = 10_000;
/** By when all hosts must show what the master has, once everything is at rest. */
const HEAL_MS = 20_000;
/** How long the hosts do things before and after a fault. */
const [BEFORE_MS, AFTER_MS] = [400, 300];
/** How often a row is changed behind all hosts, at the least. */
const CHANGE_MS = 30;
/** The most lines of a trace that are printed. */
const MOST_LINES = 120;

/** What has become of one fault. */
export interface Round {
  readonly kind: string;
  readonly reads: number;
  readonly hits: number;
  readonly writes: number;
  readonly failures: number;
  readonly slowestReadMs: number;
  /** How long after the fault all hosts showed what the master has. */
  readonly healedMs: number;
  readonly violations: readonly string[];
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
    const [redis, shop] = [started.use(await SharedRedis.open()), started.use(await Shop.open())];
    const world = new FaultyWorld(seed, redis, shop, started);
    await Promise.all(KINDS.map(async (_, host) => {
      world.#hosts[host] = await world.#start(host);
    }));
    return world;
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
    this.#isRunning = true;
    for (const host of this.#hosts) host.tell({ kind: "run" });
    const changes = this.#changeOutside();
    await this.someTime(BEFORE_MS);
    await kind.run(this);
    const healedAt = performance.now();
    await this.someTime(AFTER_MS);
    this.#isRunning = false;
    await changes;
    const rested = await this.#rest();
    await this.#inspect();
    const healedMs = Math.round(performance.now() - healedAt);
    this.#kind = undefined;
    await this.#probe();
    const round = { kind: kind.name, ...rested, healedMs, violations: this.#violations };
    if (LONG) console.log(JSON.stringify(round));
    return round;
  }

  async someTime(maxMs: number): Promise<void> {
    await pause(this.#next(maxMs));
  }

  async replaceAt(at: StopAt): Promise<void> {
    const host = this.#next(this.#hosts.length);
    const stopped = await this.#hosts[host]?.ask({ kind: "stop", at }, "stopped", START_MS);
    if (stopped === undefined) this.#violate(`${this.#hosts[host]?.name} has not come to where it is killed: ${at}`);
    await this.#replace(host);
  }

  async replace(is: (kind: HostKind) => boolean): Promise<void> {
    const hosts = [...KINDS.keys()].filter((host) => is(KINDS[host] as HostKind)); // One of its keys.
    await this.#replace(hosts[this.#next(hosts.length)] ?? 0);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#started[Symbol.asyncDispose]();
  }

  async #replace(host: number): Promise<void> {
    await this.#hosts[host]?.kill();
    await this.someTime(BEFORE_MS);
    this.#hosts[host] = await this.#start(host);
    this.#hosts[host].tell({ kind: "run" });
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

  async #changeOutside(): Promise<void> {
    while (this.#isRunning) {
      await this.shop.change((bound) => this.#next(bound));
      await this.someTime(CHANGE_MS);
    }
  }

  async #rest(): Promise<Pick<Round, "reads" | "hits" | "writes" | "failures" | "slowestReadMs">> {
    const answers = await Promise.all(this.#hosts.map((host) => host.ask({ kind: "rest" }, "resting", REST_MS)));
    const sum = { reads: 0, hits: 0, writes: 0, failures: 0, slowestReadMs: 0 };
    for (const [at, answer] of answers.entries()) {
      const name = this.#hosts[at]?.name;
      if (answer === undefined) this.#violate(`${name} hangs: what it has begun has not ended in ${REST_MS} ms`);
      const { counts = { reads: 0, hits: 0, writes: 0, failures: 0 }, slowestReadMs = 0 } = answer ?? {};
      for (const each of ["reads", "hits", "writes", "failures"] as const) sum[each] += counts[each];
      sum.slowestReadMs = Math.max(sum.slowestReadMs, Math.round(slowestReadMs));
      if (slowestReadMs > MAX_READ_MS) this.#violate(`${name}: a read took ${slowestReadMs} ms`);
    }
    return sum;
  }

  /** All hosts must show what the master has, and go on doing so. */
  async #inspect(): Promise<void> {
    for (const lost of this.#acknowledged.lostIn(await this.shop.contents())) this.#violate(`lost: ${lost}`);
    const deadline = performance.now() + HEAL_MS;
    while ((await this.#differences(this.#hosts)).length > 0 && performance.now() < deadline) await pause(50);
    await this.#expectAll(this.#hosts, "at rest");
    await pause(2 * MAX_LAG_MS);
    await this.#expectAll(this.#hosts, "still at rest");
  }

  /** What one host has written, all others show at once; with memory in front of Redis, once that is too old. */
  async #probe(): Promise<void> {
    const writer = this.#oneOf(this.#hosts);
    const told = { kind: "write", table: this.#oneOf(TABLES), id: this.#oneOf(IDS) } as const;
    const wrote = await writer.ask(told, "wrote", REST_MS);
    if (wrote === undefined) return this.#violate(`${writer.name} hangs: a write`);
    // What its cache did not take is known to the others only later.
    if (!wrote.isLogged) return this.#violate(`${writer.name}: the cache failed, though everything has healed`);
    await this.#expectAll(this.#hosts.filter(({ options }) => !options.isLayered), `after a write of ${writer.name}`);
    await pause(MAX_LAG_MS);
    await this.#expectAll(this.#hosts, `some time after a write of ${writer.name}`);
  }

  async #expectAll(hosts: readonly HostProcess[], when: string): Promise<void> {
    for (const [host, difference] of await this.#differences(hosts)) {
      this.#violate(`${when}, ${host.name}: ${difference}`);
      await this.#printTrace(host);
    }
  }

  async #differences(hosts: readonly HostProcess[]): Promise<readonly (readonly [HostProcess, string])[]> {
    const truth = await this.shop.contents();
    const looks = await Promise.all(hosts.map(async (host) => {
      const looked = await host.ask({ kind: "look", truth }, "looked", REST_MS);
      const differences = looked?.differences ?? ["it hangs: not all reads have ended"];
      return differences.map((difference) => [host, difference] as const);
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
