import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable, type Row, UnavailableError } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { type CacheOp, FakeClock, FaultyCache, FaultyTable, type TableOp } from "@vantage/live/testing";
import { CountedSignal } from "./counted_signal.ts";

/** The most rows of the master. */
const ROW_COUNT = 200;
/** The bounds of the caches, too small for all that is read. */
export const MAX_ENTRIES = 150;
const MAX_ROWS = 1_000;
export const MAX_FILE_CACHE_BYTES: number = 2 ** 18;
/** How many operations are in flight at once on one table. */
const AT_ONCE = 30;
/** How many steps a table is used before it is closed and another one opened. */
const STEPS_PER_LIFE = 40;
/** The time between two steps, in which pauses before retries pass too. */
const STEP_MS = 50;

/** What can be observed of a load while it is idle. */
export interface LoadFigures {
  /** Open subscriptions to the streams. */
  readonly subscribers: number;
  /** Pending waits of the module. */
  readonly timers: number;
  /** Listeners of a signal that outlives every read. */
  readonly listeners: number;
  /** Writes that were queued when the last tables were idle. */
  readonly queued: number;
  /** Entries in memory. */
  readonly entries: number;
}

/** Several LiveTables on different kinds of caches, over masters and streams that fail occasionally. */
export class SoakLoad implements AsyncDisposable {
  readonly #clock: FakeClock;
  readonly #path: string;
  readonly #signal = new CountedSignal();
  readonly #memory = new MemCache({ maxEntries: MAX_ENTRIES, maxRows: MAX_ROWS });
  readonly #failing = new FaultyCache(this.#memory);
  readonly #streams = [new ManualLiveStream({ bufferCapacity: 8 }), new ManualLiveStream()];
  readonly #master: FaultyTable;
  #file: SqliteCache;
  #tables: readonly LiveTable[] = [];
  #queued = 0;
  /** Counts of what has been done so far. */
  readonly counts = { operations: 0, tables: 0, hits: 0, "failures of the cache": 0 };

  private constructor(path: string, seed: number, file: SqliteCache) {
    this.#path = path;
    this.#clock = new FakeClock({ seed });
    this.#file = file;
    const rows = Array.from({ length: ROW_COUNT }, (_, id) => [`${id}`, this.#row()] as const);
    this.#master = new FaultyTable(new MemTable("soak", { rows }));
  }

  /** A load with its cache file at `path`; `seed` determines all random choices. */
  static async open(path: string, seed: number): Promise<SoakLoad> {
    return new SoakLoad(path, seed, await openFile(path));
  }

  /** Opens tables, uses them, and closes them. */
  async live(): Promise<void> {
    this.#tables = [this.#memory, this.#file, this.#failing].map((cache) => this.#newTable(cache));
    for (let step = 0; step < STEPS_PER_LIFE; step++) {
      const work = this.#tables.flatMap((table) => Array.from({ length: AT_ONCE }, () => this.#step(table)));
      await Promise.allSettled([...work, this.#clock.advance(STEP_MS)]);
      this.counts.operations += work.length;
    }
    await this.#rest();
    await Promise.all(this.#tables.map((table) => table.close()));
    this.#tables = [];
    // The test double's record of every write is not part of the module.
    this.#master.writeOptions.length = 0;
  }

  /** What is left after the tables were closed. */
  figures(): LoadFigures {
    return {
      subscribers: this.#streams.reduce((sum, { subscriberCount }) => sum + subscriberCount, 0),
      timers: this.#clock.waiting,
      listeners: this.#signal.listenerCount,
      queued: this.#queued,
      entries: this.#memory.size,
    };
  }

  /** Closes the cache file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }

  #newTable(cache: Cache): LiveTable {
    this.counts.tables++;
    const liveStream = this.#streams[this.#next(2)];
    return new LiveTable(this.#master, `soak-${this.#next(3)}`, cache, {
      liveStream,
      clock: this.#clock,
      queueCapacity: 4,
      masterLagMs: this.#next(3) === 0 ? STEP_MS : 0,
    });
  }

  /** Waits until all operations are done. */
  async #rest(): Promise<void> {
    const idle = Promise.all(this.#tables.map((table) => table.idle()));
    await Promise.all([idle, this.#clock.advance(60_000)]);
    this.#queued = 0;
    for (const { queued, hits, cacheFailures } of this.#tables.map((table) => table.stats())) {
      this.#queued += queued;
      this.counts.hits += hits;
      this.counts["failures of the cache"] += cacheFailures;
    }
  }

  async #step(table: LiveTable): Promise<void> {
    const id = `${this.#next(ROW_COUNT)}`;
    const lot = this.#next(1_000);
    if (lot < 500) await table.getValue(id, this.#signalOrNone());
    else if (lot < 750) await table.page(1 + this.#next(8), 20).listValues(this.#signalOrNone());
    else if (lot < 850) await table.where("kind", "eq", this.#next(9)).listValues();
    else if (lot < 930) await this.#abortRead(table);
    else if (lot < 990) await this.#readSome(table);
    else if (lot < 992) await this.#subscribeBriefly(table);
    else if (lot < 994) await table.replaceValue(id, this.#row());
    else if (lot < 996) await table.patchValue(id, { kind: this.#next(9) });
    else if (lot < 997) await table.delete(id);
    else if (lot < 998) this.#push(id);
    else this.#breakSomething();
  }

  #signalOrNone(): { readonly signal?: AbortSignal } {
    return this.#next(2) === 0 ? { signal: this.#signal } : {};
  }

  /** A reader that aborts before the answer. */
  async #abortRead(table: LiveTable): Promise<void> {
    const reader = new AbortController();
    const read = table.listValues({ signal: reader.signal });
    if (this.#next(2) === 0) await Promise.resolve();
    reader.abort();
    await read;
  }

  /** A reader that cancels a stream of rows after the first. */
  async #readSome(table: LiveTable): Promise<void> {
    const reader = table.streamValues().getReader();
    await reader.read();
    await reader.cancel();
  }

  /** A subscriber that cancels after its first event. */
  async #subscribeBriefly(table: LiveTable): Promise<void> {
    const reader = table.events.subscribe(this.#signalOrNone()).getReader();
    await table.invalidate();
    await reader.read();
    await reader.cancel();
  }

  #push(id: string): void {
    for (const stream of this.#streams) stream.push({ kind: "updated", id });
  }

  #breakSomething(): void {
    const error = new UnavailableError("broken for the soak");
    const [ops, calls] = [TABLE_OPS, CACHE_OPS];
    const lot = this.#next(6);
    if (lot === 0) this.#streams[this.#next(2)]?.disconnect();
    else if (lot === 1) this.#streams[this.#next(2)]?.disconnect(error);
    else if (lot < 4) this.#master.plan.fail(ops[this.#next(ops.length)] ?? "getValue", error, "after");
    else this.#failing.plan.fail(calls[this.#next(calls.length)] ?? "get", error);
  }

  /** Closes the cache file and opens it again, as a restarted process would. */
  async reopenFile(): Promise<void> {
    await this.#file.close();
    this.#file = await openFile(this.#path);
  }

  #row(): Row {
    return { kind: this.#next(9), at: new Date(this.#next(2 ** 30)), text: "x".repeat(this.#next(500)) };
  }

  #next(bound: number): number {
    return Math.floor(this.#clock.random() * bound);
  }
}

const TABLE_OPS: readonly TableOp[] = ["listValues", "getValue", "patchValue", "replaceValue", "delete"];
const CACHE_OPS: readonly CacheOp[] = ["get", "fence", "put", "invalidatePrefix"];

function openFile(path: string): Promise<SqliteCache> {
  return SqliteCache.open(path, { maxEntries: MAX_ENTRIES, maxBytes: MAX_FILE_CACHE_BYTES });
}
