import assert from "node:assert/strict";
import { type Cache, type CachedRows, type LiveHandle, LiveTable, Rows, systemClock } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { RedisCache } from "@vantage/live/redis";
import { SqliteCache } from "@vantage/live/sqlite";
import { SqliteTable } from "@vantage/live/sqlite";
import { FakeClock, FaultyTable, type TableOp } from "@vantage/live/testing";
import { openNodeRedis } from "../databases/redis_clients.ts";
import { OWNED_COUNT, ROW_COUNT, SharedMaster } from "./shared_master.ts";

/** What one of several processes is to do. */
export interface LoadOptions {
  readonly cache: "sqlite" | "kv" | "redis";
  /** The file of the cache, or the port of Redis. */
  readonly cachePath: string;
  readonly masterPath: string;
  /** The row that this process alone writes through its LiveTable. */
  readonly owned: number;
  /** What a change of one row does to the others, of which each change of the master changes a column. */
  readonly invalidation: "surgical" | "all";
  /** How long the master's answers are under way at the most; 0 if they are there at once. */
  readonly maxLatencyMs: number;
  /** What follows from it: everything that is drawn. */
  readonly seed: number;
}

/** What was done, and what must not have happened. */
export interface LoadCounts {
  readonly reads: number;
  readonly hits: number;
  readonly writes: number;
  readonly invalidations: number;
  readonly cacheFailures: number;
  /** What was wrong, in words; the first few. */
  readonly violations: readonly string[];
}

/** How many things are under way at once in one process. */
const AT_ONCE = 4;
const MAX_VIOLATIONS = 5;
/** What the master is asked. */
const OPS: readonly TableOp[] = ["listValues", "getValue", "patchValue"];

type ClosableCache = Cache & { close(): Promise<void> };

/** A cache around another one. */
export type Wrap = (cache: Cache) => Cache;

/** One of several processes on one cache and one master, that reads, writes and invalidates at random. */
export class Load implements AsyncDisposable {
  readonly #options: LoadOptions;
  readonly #wrap: Wrap;
  readonly #chance: FakeClock;
  readonly #master: SharedMaster;
  readonly #source: SqliteTable;
  readonly #slow: FaultyTable;
  #cache: ClosableCache;
  #table: LiveTable;
  #version: number;
  readonly #counts = { reads: 0, hits: 0, writes: 0, invalidations: 0, cacheFailures: 0 };
  readonly #violations: string[] = [];

  private constructor(options: LoadOptions, source: SqliteTable, cache: ClosableCache, wrap: Wrap) {
    this.#options = options;
    this.#wrap = wrap;
    this.#chance = new FakeClock({ seed: options.seed });
    this.#master = new SharedMaster(options.masterPath);
    this.#source = source;
    this.#slow = new FaultyTable(source);
    if (options.maxLatencyMs > 0) { for (const op of OPS) this.#delay(op); }
    this.#cache = cache;
    this.#table = this.#newTable();
    this.#version = this.#master.truth().get(this.#owned) ?? NaN;
  }

  /** Opens cache and master; `wrap` may look over what the table asks of the cache. */
  static async open(options: LoadOptions, wrap: Wrap = (cache) => cache): Promise<Load> {
    const source = await SqliteTable.open(options.masterPath, "truth");
    return new Load(options, source, await openCache(options), wrap);
  }

  /** What was done so far. */
  get counts(): LoadCounts {
    const { hits, cacheFailures } = this.#table.stats();
    return {
      ...this.#counts,
      hits: this.#counts.hits + hits,
      cacheFailures: this.#counts.cacheFailures + cacheFailures,
      violations: this.#violations,
    };
  }

  /** Does several things at once, again and again. */
  async run(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      if (this.#next(25) === 0) await this.#reopen();
      await Promise.all(Array.from({ length: 1 + this.#next(AT_ONCE) }, () => this.#step()));
    }
  }

  /** Reads everything in every way; what comes must be what the master holds, now that nobody changes it. */
  async readAtRest(): Promise<void> {
    for (let time = 0; time < 2; time++) {
      const truth = this.#master.truth();
      for (const [name, rows] of await this.#readEverything()) this.#check(`${name} at rest`, rows, truth);
    }
  }

  /** Changes a row behind everybody's back, and invalidates; once it returns, nobody may serve what was before. */
  async changeAndInvalidate(): Promise<void> {
    const id = this.#owned;
    const version = this.#master.change(id);
    await this.#table.invalidate();
    this.#counts.invalidations++;
    this.#master.settle(id, version);
    this.#version = version;
  }

  /** Looks at all that the cache holds, past the table. */
  async inspect(): Promise<number> {
    let held = 0;
    const floors = this.#master.settled();
    for (const [name, key] of this.#keys()) {
      const entry = await this.#cache.get(key);
      if (entry === undefined) continue;
      held++;
      this.#check(`the entry of ${name}`, entry.rows, floorsWithout(entry, floors));
    }
    return held;
  }

  /** Lets go of everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#table.close();
    await this.#cache.close();
    await this.#source.close();
    this.#master[Symbol.dispose]();
  }

  get #owned(): string {
    return `${this.#options.owned}`;
  }

  async #step(): Promise<void> {
    const lot = this.#next(40);
    if (lot < 34) await this.#read();
    else if (lot < 36) await this.#write();
    else if (lot < 38) await this.#changeAnother();
    else if (lot < 39) await this.#table.invalidate();
    else await this.#giveUpReading();
  }

  async #read(): Promise<void> {
    const views = this.#views();
    const [name, read] = views[this.#next(views.length)] ?? ["nothing", undefined];
    const floors = this.#master.settled();
    this.#counts.reads++;
    if (read !== undefined) this.#check(name, await read(), floors);
  }

  /** A row of its own, through the table: settled when the table says so. */
  async #write(): Promise<void> {
    const version = ++this.#version;
    await this.#table.patchValue(this.#owned, { version });
    this.#master.settle(this.#owned, version);
    this.#counts.writes++;
  }

  /** A row of everybody's, behind the table: settled when the invalidation has returned. */
  async #changeAnother(): Promise<void> {
    const id = `${OWNED_COUNT + this.#next(ROW_COUNT - OWNED_COUNT)}`;
    const version = this.#master.change(id);
    await this.#table.invalidate();
    this.#master.settle(id, version);
    this.#counts.invalidations++;
  }

  /** A reader that goes away ends nobody else's read. What was held has been answered by then. */
  async #giveUpReading(): Promise<void> {
    const reader = new AbortController();
    const read = this.#table.listValues({ signal: reader.signal });
    reader.abort();
    await read.catch((error: unknown) => assert.equal((error as Error).name, "AbortError"));
  }

  async #reopen(): Promise<void> {
    const { hits, cacheFailures } = this.#table.stats();
    this.#counts.hits += hits;
    this.#counts.cacheFailures += cacheFailures;
    await this.#table.close();
    await this.#cache.close();
    this.#cache = await openCache(this.#options);
    this.#table = this.#newTable();
  }

  #newTable(): LiveTable {
    const { invalidation } = this.#options;
    return new LiveTable(this.#slow, "truth", this.#wrap(this.#cache), { invalidation });
  }

  async #readEverything(): Promise<readonly (readonly [name: string, rows: Rows])[]> {
    const read: (readonly [string, Rows])[] = [];
    for (const [name, view] of this.#views()) read.push([name, await view()]);
    return read;
  }

  /** The ways to read. */
  #views(): readonly (readonly [name: string, read: () => Promise<Rows>])[] {
    const lists = this.#lists().map(([name, table]) => [name, () => table.listValues()] as const);
    return [...lists, ...IDS.map((id) => [`row ${id}`, () => this.#row(id)] as const)];
  }

  #lists(): readonly (readonly [name: string, table: LiveHandle])[] {
    const table = this.#table;
    return [
      ["all rows", table],
      ["page 1", table.page(1, 3)],
      ["page 2", table.page(2, 3)],
      ["the rows above 0", table.where("id", "gt", "0")],
      ["the rows from behind", table.orderBy("id", "desc")],
    ];
  }

  #keys(): readonly (readonly [name: string, key: string])[] {
    const lists = this.#lists().map(([name, table]) => [name, table.listCacheKey] as const);
    return [...lists, ...IDS.map((id) => [`row ${id}`, this.#table.idCacheKey(id)] as const)];
  }

  async #row(id: string): Promise<Rows> {
    const row = await this.#table.getValue(id);
    return Rows.from(row === undefined ? [] : [[id, row]]);
  }

  /** Nothing older than the floors, and nothing put together out of two things. */
  #check(name: string, rows: Rows, floors: ReadonlyMap<string, number>): void {
    const epochs = new Set<unknown>();
    if (rows.size === 0) this.#violate(`${name}: nothing`);
    for (const [id, { version, epoch, filler, text }] of rows) {
      const floor = floors.get(id) ?? NaN;
      if (!(Number(version) >= floor)) this.#violate(`${name}: row ${id} is at ${version}, and ${floor} was settled`);
      const whole = String.fromCharCode(97 + Number(version) % 26).repeat(Number(filler));
      if (text !== whole) this.#violate(`${name}: row ${id} is half of one thing and half of another`);
      epochs.add(epoch);
    }
    // What is put in place is one row, whatever its change did to others.
    if (this.#options.invalidation === "surgical") return;
    if (epochs.size > 1) this.#violate(`${name}: rows of different times, ${[...epochs].join(", ")}`);
  }

  #violate(what: string): void {
    if (this.#violations.length < MAX_VIOLATIONS) this.#violations.push(what);
  }

  /** Each answer of the master is under way for a while: what others do meanwhile must not be undone by it. */
  #delay(op: TableOp): void {
    const gate = this.#slow.plan.hold(op);
    void gate.reached.then(async () => {
      this.#delay(op);
      await systemClock.wait(this.#next(this.#options.maxLatencyMs + 1));
      gate.release();
    });
  }

  #next(bound: number): number {
    return Math.floor(this.#chance.random() * bound);
  }
}

const IDS: readonly string[] = Array.from({ length: ROW_COUNT }, (_, id) => `${id}`);

/** The floors of an entry: a row that was changed since may be of any version, and so may all if it is not known which. */
function floorsWithout({ since }: CachedRows, floors: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const changes = since?.changes.map(({ change }) => change) ?? [];
  const isSuspect = (id: string): boolean => changes.some((change) => change.kind === "changed" || change.id === id);
  return new Map([...floors].map(([id, floor]) => [id, isSuspect(id) ? 0 : floor]));
}

function openCache({ cache, cachePath }: LoadOptions): Promise<ClosableCache> {
  switch (cache) {
    case "sqlite":
      return SqliteCache.open(cachePath);
    case "kv":
      return DenoKvCache.open(cachePath);
    case "redis":
      return openRedis(Number(cachePath));
  }
}

async function openRedis(port: number): Promise<ClosableCache> {
  const { client, close } = await openNodeRedis(port);
  const cache = await RedisCache.open(client, { timeoutMs: 60_000 });
  const closeBoth = async (): Promise<void> => {
    await cache.close();
    close();
  };
  return Object.assign(Object.create(cache), { close: closeBoth });
}
