import { disposeByClosing } from "../../base/async_dispose.ts";
import { type SqliteHandle, SqliteStatements } from "./sqlite_handle.ts";
import { ClosedError } from "../../table/errors.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { CacheFile } from "./sqlite_cache_file.ts";
import { isBusy } from "./sqlite_claim.ts";
import { SqliteStore, type SqliteStoreSettings, storeSettings } from "./sqlite_store.ts";
import { createSchema } from "./sqlite_store_schema.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of a {@linkcode SqliteCache}. */
export interface SqliteCacheOptions {
  /** The most entries to keep; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** The most scopes to keep, including those that were only invalidated; default 10 000. */
  readonly maxScopes?: number | undefined;
  /**
   * The most bytes to keep, including keys and table overhead; default 256 MiB. A larger entry is not kept. The file
   * stays below twice this plus 1 MiB, and its write-ahead log below 4 MiB unless there is a long-running reader.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The most changes of a scope to keep in its log; default 1000. Entries that are older than the log are evicted.
   * Changes take at most a quarter of `maxBytes`.
   */
  readonly maxChanges?: number | undefined;
  /** Receives events about unreadable entries and damaged files. */
  readonly tracer?: Tracer | undefined;
}

/** The path is checked for a replaced file once in this many reads. */
const READS_PER_LOOK = 64;

/**
 * A cache in one SQLite file in WAL mode, or in its own tables (`vantage_…`) of an open handle. Several processes may
 * use it at once. Bounded by entries, scopes and bytes: invalidated entries are evicted first, then those put longest
 * ago, independent of clocks. The cost of invalidating a scope does not depend on its size.
 *
 * A damaged file is renamed (`….damaged-1`) and replaced by an empty one. An entry that cannot be decoded is dropped. A
 * file that is deleted or replaced while open is noticed by every `fence`, `put` and `invalidatePrefix`, but only by
 * every 64th `get`: until then a process may serve from the old file what another has invalidated in the new one.
 *
 * Waits up to 5 s for another process's lock, blocking the event loop. After such a timeout, later calls fail at once
 * until the lock is released.
 *
 * @example A second process starts warm
 * ```ts
 * import { LiveTable, MemTable } from "@vantage/live";
 * import { SqliteCache } from "@vantage/live/sqlite";
 * import { mkdtemp } from "node:fs/promises";
 * import { tmpdir } from "node:os";
 * import assert from "node:assert/strict";
 *
 * const path = `${await mkdtemp(`${tmpdir()}/cache-`)}/live.db`;
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 *
 * for (const expected of [1, 0]) {
 *   await using cache = await SqliteCache.open(path);
 *   await using products = new LiveTable(master, "products", cache);
 *   await products.listValues();
 *   assert.equal(products.stats().masterReads, expected);
 * }
 * ```
 */
export class SqliteCache implements Cache, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #settings: SqliteStoreSettings;
  readonly #file: CacheFile | undefined;
  #handle: SqliteHandle;
  #store: SqliteStore;
  #closed = false;
  #reads = 0;

  private constructor(settings: SqliteStoreSettings, file: CacheFile | undefined, handle: SqliteHandle) {
    disposeByClosing(SqliteCache.prototype);
    rememberSelf(this, SqliteCache);
    this.#settings = settings;
    this.#file = file;
    this.#handle = handle;
    this.#store = new SqliteStore(new SqliteStatements(handle), settings);
  }

  /**
   * Opens a cache: in the file at a path, which is created if missing, or in an open handle like better-sqlite3's.
   * `close()` closes a file, but not a handle of the caller.
   *
   * @throws {TypeError} if the path is a folder, not an SQLite database, or another application's database, or cannot
   * be opened, for example in a read-only folder.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {UnsupportedError} if the runtime has no built-in SQLite.
   */
  static async open(pathOrHandle: string | SqliteHandle, options: SqliteCacheOptions = {}): Promise<SqliteCache> {
    const settings = storeSettings(options);
    if (typeof pathOrHandle === "string") {
      const file = await CacheFile.at(pathOrHandle, settings.trace);
      return new SqliteCache(settings, file, file.openFirst());
    }
    createSchema(new SqliteStatements(pathOrHandle));
    return new SqliteCache(settings, undefined, pathOrHandle);
  }

  get(key: string): CachedRows | undefined {
    if (++this.#reads % READS_PER_LOOK === 0) this.#look();
    return this.#guard((store) => store.get(key));
  }

  fence(key: string): Fence {
    this.#look();
    return this.#guard((store) => store.fence(key));
  }

  put(key: string, rows: CachedRows, fence?: Fence): boolean {
    this.#look();
    return this.#write((store) => store.put(key, rows, fence));
  }

  invalidatePrefix(prefix: string): void {
    this.#look();
    this.#write((store) => store.invalidatePrefix(prefix));
  }

  log(prefix: string, record: LogRecord): Fence {
    this.#look();
    return this.#write((store) => store.log(prefix, record));
  }

  /** Closes the file, if `open` opened one. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed) this.#file?.close(this.#handle);
    this.#closed = true;
    return Promise.resolve();
  }

  /** Switches to the file now at the path, if it was replaced. */
  #look(): void {
    if (!this.#closed) this.#use(this.#file?.reopen(this.#handle));
  }

  #use(handle: SqliteHandle | undefined): void {
    if (handle === undefined) return;
    this.#handle = handle;
    this.#store = new SqliteStore(new SqliteStatements(handle), this.#settings);
  }

  /** Runs `work`, which waits for the write lock. */
  #write<T>(work: (store: SqliteStore) => T): T {
    try {
      const answer = this.#guard(work);
      this.#file?.waited(this.#handle, true);
      return answer;
    } catch (error) {
      if (isBusy(error)) this.#file?.waited(this.#handle, false);
      throw error;
    }
  }

  /** Runs `work`; if the file turns out to be damaged or renamed, again on its replacement. */
  #guard<T>(work: (store: SqliteStore) => T): T {
    if (this.#closed) throw new ClosedError("The cache is closed");
    try {
      return work(this.#store);
    } catch (error) {
      const handle = this.#file?.recover(this.#handle, error);
      if (handle === undefined) throw error;
      this.#use(handle);
      return work(this.#store);
    }
  }
}
