import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { CacheKeys, scopeOf } from "../../cache/cache_key.ts";
import { MemCache } from "../../cache/mem_cache.ts";
import type { LiveStream } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import { ClosedError } from "../../table/errors.ts";
import type { Tracer } from "../../trace/tracer.ts";
import { IdbCacheStore, isFullDisk } from "./indexeddb_cache_store.ts";
import { createCacheStores } from "./indexeddb_cache_stores.ts";
import { TabChannel } from "./indexeddb_channel.ts";
import { databaseName, IdbDatabase } from "./indexeddb_database.ts";
import { IdbLogStream, type IndexedDbStreamOptions } from "./indexeddb_live_stream.ts";

/** Options of an {@linkcode IndexedDbCache}. */
export interface IndexedDbCacheOptions {
  /** The most entries to keep; default 10 000. */
  readonly maxEntries?: number | undefined;
  /** The most scopes to keep; default 1000. If one is forgotten, so are the entries of scopes that are not kept. */
  readonly maxScopes?: number | undefined;
  /** About the most bytes to keep; default 64 MiB. A larger entry is not kept. */
  readonly maxBytes?: number | undefined;
  /**
   * The most changes of a scope to keep in its log; default 1000. Entries that are older than the log are dropped. All changes take
   * at most a quarter of `maxBytes`.
   */
  readonly maxChanges?: number | undefined;
  /** How long an entry is kept after it was stored, in milliseconds; default 30 days. */
  readonly maxAgeMs?: number | undefined;
  /** How long opening the database, and each step, may take, in milliseconds; default 3000. */
  readonly timeoutMs?: number | undefined;
  /** Receives an event if the database cannot be opened, and others about streams. */
  readonly tracer?: Tracer | undefined;
  /** Where the time comes from; default the system's. */
  readonly clock?: Clock | undefined;
}

const KNOWN = {
  maxEntries: true,
  maxScopes: true,
  maxBytes: true,
  maxChanges: true,
  maxAgeMs: true,
  timeoutMs: true,
  tracer: true,
  clock: true,
} satisfies Record<keyof IndexedDbCacheOptions, true>;

const DAY_MS = 86_400_000;

/**
 * A cache in IndexedDB, which all tabs of an origin share. It keeps a log of the changes to each scope. Bounded by entries, scopes,
 * bytes and age: the entries put longest ago are evicted first. A hit is one transaction, and no transaction lasts: a reader
 * waits for no more than one short step of a writer. Writes count once they are committed (`relaxed`: a loss of power may undo the
 * last of them, all at once).
 *
 * Where there is no IndexedDB, or it cannot be opened in time, the cache is in memory: `storage` says so, and a tracer receives
 * the reason. If the disk is full, older entries make room. A database that the browser closes is opened again.
 *
 * @example Where there is no IndexedDB, the table works all the same
 * ```ts
 * import { LiveTable, MemTable } from "@vantage/live";
 * import { IndexedDbCache } from "@vantage/live/indexeddb";
 * import assert from "node:assert/strict";
 *
 * await using cache = await IndexedDbCache.open("shop"); // in a browser: shared by all tabs, and there after a restart
 * await using products = new LiveTable(new MemTable("products", { rows: [["a", { name: "Bun" }]] }), "products", cache);
 *
 * await products.listValues();
 * await products.listValues();
 * assert.equal(products.stats().hits, 1);
 * assert.equal(cache.storage, "indexedDB" in globalThis ? "indexeddb" : "memory");
 * ```
 */
export class IndexedDbCache implements Cache, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** Where it is: in memory if there is no IndexedDB that can be used. */
  readonly storage: "indexeddb" | "memory";
  readonly #options: IndexedDbCacheOptions;
  readonly #db: IdbDatabase;
  readonly #store: IdbCacheStore;
  readonly #cache: Cache & { readonly log: NonNullable<Cache["log"]> };
  readonly #channel: TabChannel;
  readonly #streams = new Set<IdbLogStream>();
  #closed = false;

  private constructor({ name, options, db, store, isOpen }: Parts) {
    disposeByClosing(IndexedDbCache.prototype);
    rememberSelf(this, IndexedDbCache);
    this.storage = isOpen ? "indexeddb" : "memory";
    this.#options = options;
    this.#db = db;
    this.#store = store;
    this.#cache = isOpen ? store : new MemCache();
    this.#channel = new TabChannel(name);
  }

  /**
   * Opens the cache with this name, which is created if missing. Each name is a separate cache.
   *
   * @throws {TypeError} if the name is not a text, or empty; or if an option is unknown.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   */
  static async open(name: string, options: IndexedDbCacheOptions = {}): Promise<IndexedDbCache> {
    checkOptions("an IndexedDbCache", options, Object.keys(KNOWN));
    checkTools(options);
    const { clock = systemClock, tracer } = options;
    const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 64 * 2 ** 20);
    const settings = {
      maxEntries: wholeNumber("maxEntries", options.maxEntries ?? 10_000),
      maxScopes: wholeNumber("maxScopes", options.maxScopes ?? 1_000),
      maxBytes,
      maxChanges: wholeNumber("maxChanges", options.maxChanges ?? 1_000),
      maxLogBytes: maxBytes / 4,
      maxAgeMs: wholeNumber("maxAgeMs", options.maxAgeMs ?? 30 * DAY_MS),
      clock,
    };
    const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs ?? 3_000);
    const database = databaseName(name, "cache");
    const create = createCacheStores(clock);
    const db = new IdbDatabase({ name: database, create, durability: "relaxed", timeoutMs, clock });
    const store = new IdbCacheStore(db, settings);
    const parts = { name: database, options, db, store };
    try {
      await db.open();
    } catch (error) {
      db.close();
      const trace = tracer?.trace({});
      trace?.event({ target: "vantage_live::cache", level: "warn", name: "cache in memory", key: name, error });
      return new IndexedDbCache({ ...parts, isOpen: false });
    }
    // What is too old is not served, dropped or not.
    store.makeRoom().catch(() => {});
    return new IndexedDbCache({ ...parts, isOpen: true });
  }

  get(key: string): MaybePromise<CachedRows | undefined> {
    return this.#opened().get(key);
  }

  fence(key: string): MaybePromise<Fence> {
    return this.#opened().fence(key);
  }

  async put(key: string, rows: CachedRows, fence?: Fence): Promise<boolean> {
    try {
      return await this.#opened().put(key, rows, fence);
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      await this.#store.halve();
      return false;
    }
  }

  async log(scope: string, record: LogRecord): Promise<Fence> {
    const fence = await this.#opened().log(scope, record);
    this.#channel.post({ kind: "changed", scope });
    return fence;
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    await this.#opened().invalidatePrefix(prefix);
    this.#channel.post({ kind: "changed", scope: scopeOf(prefix) ?? prefix });
  }

  /**
   * The changes under a cacheKey, as all tabs log them: writes, events, and `changed` where everything was invalidated. With a
   * `source`, one tab at a time subscribes to it and logs what it emits. If that tab is closed or crashes, the next one takes over at
   * once; if it is frozen, after `leaseMs`. A source that resumes goes on where the log is; with any other one, taking over is a gap.
   *
   * A `LiveTable` on this cache does not log these events again. A cache in memory is not shared: then this is the source.
   *
   * @throws {TypeError} if the cacheKey is not a string, or empty.
   * @throws {RangeError} if a number is not a whole one of at least 1.
   *
   * @example One connection for all tabs
   * ```ts
   * import { LiveTable, ManualLiveStream, MemTable } from "@vantage/live";
   * import { IndexedDbCache } from "@vantage/live/indexeddb";
   *
   * const source = new ManualLiveStream(); // in an application: new SseLiveStream("/products/events")
   * await using cache = await IndexedDbCache.open("shop");
   * const liveStream = cache.stream("products", { source });
   * await using products = new LiveTable(new MemTable("products"), "products", cache, { liveStream });
   *
   * source.push({ kind: "updated", id: "a" }); // every tab reads row "a" again
   * ```
   */
  stream(cacheKey: string, options: IndexedDbStreamOptions = {}): LiveStream {
    checkOptions("a stream of an IndexedDbCache", options, ["source", "leaseMs", "bufferCapacity"]);
    const { source, bufferCapacity } = options;
    const leaseMs = wholeNumber("leaseMs", options.leaseMs ?? 10_000);
    const { prefix: scope } = new CacheKeys(cacheKey);
    if (this.storage === "memory") return source ?? new ManualLiveStream({ bufferCapacity });
    const { clock = systemClock, tracer } = this.#options;
    const [cache, store, channel, trace] = [this, this.#store, this.#channel, tracer?.trace({})];
    const stream = new IdbLogStream({ source, bufferCapacity, leaseMs, scope, cache, store, channel, clock, trace });
    this.#streams.add(stream);
    return stream;
  }

  /** Calls `listener` with each scope, or the beginning of several, that a tab has changed, until the returned function is called. */
  onChanged(listener: (scope: string) => void): () => void {
    return this.#channel.listen(({ kind, scope }) => kind === "changed" && listener(scope));
  }

  /** Closes the database, and ends the streams. Idempotent. */
  close(): Promise<void> {
    this.#closed = true;
    for (const stream of this.#streams) stream.close();
    this.#streams.clear();
    this.#channel.close();
    this.#db.close();
    return Promise.resolve();
  }

  #opened(): Cache & { readonly log: NonNullable<Cache["log"]> } {
    if (this.#closed) throw new ClosedError("The cache is closed");
    return this.#cache;
  }
}

interface Parts {
  readonly name: string;
  readonly options: IndexedDbCacheOptions;
  readonly db: IdbDatabase;
  readonly store: IdbCacheStore;
  readonly isOpen: boolean;
}
