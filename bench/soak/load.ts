import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable, type Row, UnavailableError } from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { type CacheOp, FakeClock, FaultyCache, FaultyTable, type TableOp } from "@vantage/live/testing";
import { CountedSignal } from "./counted_signal.ts";

/** How many rows the master has at the most. */
const ROW_COUNT = 200;
/** The bounds of the caches, which cannot hold all that is read. */
export const MAX_ENTRIES = 150;
const MAX_ROWS = 1_000;
export const MAX_FILE_CACHE_BYTES: number = 2 ** 18;
/** How much is under way at once in one table. */
const AT_ONCE = 30;
/** How long a table is used before it is closed and another one opened. */
const STEPS_PER_LIFE = 40;
/** How much time passes from one step to the next: pauses before something is tried again pass, too. */
const STEP_MS = 50;

/** What can be seen of a load while it rests. */
export interface LoadFigures {
  /** Open subscriptions to the streams. */
  readonly subscribers: number;
  /** Waits of the module that have not ended. */
  readonly timers: number;
  /** Listeners on a signal that outlives every read. */
  readonly listeners: number;
  /** Writes that were queued when the last tables rested. */
  readonly queued: number;
  /** Entries in memory. */
  readonly entries: number;
}

/** Several LiveTables on caches of all kinds, over masters and streams that fail now and then. */
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
  /** What was done so far. */
  readonly counts = { operations: 0, tables: 0, hits: 0, "failures of the cache": 0 };

  private constructor(path: string, seed: number, file: SqliteCache) {
    this.#path = path;
    this.#clock = new FakeClock({ seed });
    this.#file = file;
    const rows = Array.from({ length: ROW_COUNT }, (_, id) => [`${id}`, this.#row()] as const);
    this.#master = new FaultyTable(new MemTable("soak", { rows }));
  }

  /** A load that keeps its file at a path; everything that is drawn follows from the seed. */
  static async open(path: string, seed: number): Promise<SoakLoad> {
    return new SoakLoad(path, seed, await openFile(path));
  }

  /** One life of the tables: opened, used, closed. */
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
    // What the double remembers of every write is no part of the module.
    this.#master.writeOptions.length = 0;
  }

  /** What is left of it between two lives. */
  figures(): LoadFigures {
    return {
      subscribers: this.#streams.reduce((sum, { subscriberCount }) => sum + subscriberCount, 0),
      timers: this.#clock.waiting,
      listeners: this.#signal.listenerCount,
      queued: this.#queued,
      entries: this.#memory.size,
    };
  }

  /** Closes what it opened. */
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

  /** Everything that was asked for has been done. */
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
    else if (lot < 930) await this.#goAway(table);
    else if (lot < 990) await this.#lookAtSome(table);
    else if (lot < 992) await this.#listenForAWhile(table);
    else if (lot < 994) await table.replaceValue(id, this.#row());
    else if (lot < 996) await table.patchValue(id, { kind: this.#next(9) });
    else if (lot < 997) await table.delete(id);
    else if (lot < 998) this.#push(id);
    else this.#breakSomething();
  }

  #signalOrNone(): { readonly signal?: AbortSignal } {
    return this.#next(2) === 0 ? { signal: this.#signal } : {};
  }

  /** A reader that does not wait for the answer. */
  async #goAway(table: LiveTable): Promise<void> {
    const reader = new AbortController();
    const read = table.listValues({ signal: reader.signal });
    if (this.#next(2) === 0) await Promise.resolve();
    reader.abort();
    await read;
  }

  /** A reader that stops in the middle. */
  async #lookAtSome(table: LiveTable): Promise<void> {
    const reader = table.streamValues().getReader();
    await reader.read();
    await reader.cancel();
  }

  /** A listener that hears little or nothing. */
  async #listenForAWhile(table: LiveTable): Promise<void> {
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

  /** The file is closed and opened again, as by a process that starts anew. */
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
