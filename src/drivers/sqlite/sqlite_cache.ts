import { disposeByClosing } from "../../base/async_dispose.ts";
import { type SqliteHandle, SqliteStatements } from "./sqlite_handle.ts";
import { ClosedError } from "../../table/errors.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence } from "../../cache/cache.ts";
import { CacheFile, isBusy } from "./sqlite_cache_file.ts";
import { SqliteStore, type SqliteStoreSettings, storeSettings } from "./sqlite_store.ts";
import { createSchema } from "./sqlite_store_schema.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of a {@linkcode SqliteCache}. */
export interface SqliteCacheOptions {
  /** How many entries it keeps; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** How many scopes it keeps, those that were only invalidated included; default 10 000. */
  readonly maxScopes?: number | undefined;
  /**
   * How many bytes it keeps, with keys and what the tables need beside them; default 256 MiB. An entry that is larger is not
   * kept. The file stays below twice this and 1 MiB, its write-ahead log below 4 MiB unless somebody reads for long.
   */
  readonly maxBytes?: number | undefined;
  /** Hears of entries that could not be read, and of damaged files. */
  readonly tracer?: Tracer | undefined;
}

/** Every how many reads the file is looked for at its path. */
const READS_PER_LOOK = 64;

/**
 * A cache in one SQLite file in WAL mode, or in tables of its own (`vantage_…`) of an open handle. Several processes may
 * use it at once. Bounded by entries, scopes and bytes; what was invalidated goes first, then what was
 * put longest ago, whatever time it was.
 * Invalidating a scope costs the same whatever it holds.
 *
 * A damaged file is set aside under another name (`….damaged-1`) and replaced by an empty one. An entry that cannot be
 * decoded is dropped. A file that is deleted or replaced while it is open is noticed by every `fence`, `put` and
 * `invalidatePrefix`, but only by every 64th `get`: until then a process may serve from the old file what another has
 * invalidated in the new one.
 *
 * A lock that another process holds is waited for, 5 seconds at the most, during which nothing else runs; while it is not
 * given up, later calls fail at once.
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
   * Opens a cache: in the file at a path, which is made if it is missing, or in an open handle of better-sqlite3's shape.
   * A handle stays the caller's; a file is closed by `close()`.
   *
   * @throws {TypeError} if the path is a folder, not an SQLite database, or a database of something else, or cannot be
   * opened, as in a read-only folder.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {UnsupportedError} if the runtime has no SQLite of its own.
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

  /** The entry under `key`, or `undefined`. */
  get(key: string): CachedRows | undefined {
    if (++this.#reads % READS_PER_LOOK === 0) this.#look();
    return this.#guard((store) => store.get(key));
  }

  /** A mark to hand to `put`, taken before the master is read. */
  fence(key: string): Fence {
    this.#look();
    return this.#guard((store) => store.fence(key));
  }

  /** Stores an entry, unless the key was invalidated since the fence; answers whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): boolean {
    this.#look();
    return this.#write((store) => store.put(key, rows, fence));
  }

  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): void {
    this.#look();
    this.#write((store) => store.invalidatePrefix(prefix));
  }

  /** Closes the file, if `open` opened one. May be called again. */
  close(): Promise<void> {
    if (!this.#closed) this.#file?.close(this.#handle);
    this.#closed = true;
    return Promise.resolve();
  }

  /** Goes on with the file that stands at the path, if it is another one by now. */
  #look(): void {
    if (!this.#closed) this.#use(this.#file?.reopen(this.#handle));
  }

  #use(handle: SqliteHandle | undefined): void {
    if (handle === undefined) return;
    this.#handle = handle;
    this.#store = new SqliteStore(new SqliteStatements(handle), this.#settings);
  }

  /** Runs `work`, which waits for the lock of whoever writes. */
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

  /** Runs `work`; if the file turns out to be damaged or set aside, on the one in its place. */
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
