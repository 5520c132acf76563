/**
 * A cache in one SQLite file, for processes that should start warm, and for several processes at once.
 *
 * @module
 */

import {
  type SqliteHandle,
  type SqliteStatement,
  SqliteStatements,
  type SqliteValue,
} from "../sqlite/sqlite_handle.ts";
import { ClosedError } from "../table/errors.ts";
import { wholeNumber } from "../table/whole_number.ts";
import { failure, Trace } from "../trace/trace.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { Cache, CachedRows, Fence } from "./cache.ts";
import { scopeOf, traceableKey } from "./cache_key.ts";
import { decodeRows, encodeRows } from "./codec.ts";
import { CacheFile, createSchema, tellDamage } from "./sqlite_cache_file.ts";

export type { SqliteHandle, SqliteStatement, SqliteValue };

/** Options of a {@linkcode SqliteCache}. */
export interface SqliteCacheOptions {
  /** How many entries it keeps; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** How many bytes of rows it keeps; default 256 MiB. An entry that is larger is not kept. */
  readonly maxBytes?: number | undefined;
  /** Hears of entries that could not be read, and of damaged files. */
  readonly tracer?: Tracer | undefined;
}

/** How many invalidated entries one `put` clears away. */
const SWEEP_ENTRIES = 16;
/** How many scopes have a row of their own; those without valid entries are merged when there are more. */
const MAX_SCOPES = 10_000;
/** Every how many reads the file is looked for at its path. */
const READS_PER_LOOK = 64;

const GET = `SELECT e.fetched_at AS fetchedAt, e.body AS body FROM vantage_entry e
  JOIN vantage_scope s ON s.name = e.scope WHERE e.key = ? AND e.generation = s.generation`;
const FENCE = `SELECT t.store || ':' || t.beyond || ':' || coalesce(s.fence, 0) AS fence
  FROM vantage_total t LEFT JOIN vantage_scope s ON s.name = ?`;
const ADD_SCOPE = "INSERT INTO vantage_scope VALUES (?, 0, 0) ON CONFLICT DO NOTHING RETURNING 1 AS added";
const PUT = `INSERT INTO vantage_entry (key, scope, generation, fetched_at, size, body)
  SELECT ?, s.name, s.generation, ?, ?, ? FROM vantage_total t JOIN vantage_scope s ON s.name = ?
  WHERE ? IS NULL OR t.store || ':' || t.beyond || ':' || s.fence = ?
  ON CONFLICT (key) DO UPDATE SET generation = excluded.generation, fetched_at = excluded.fetched_at,
    size = excluded.size, body = excluded.body
  RETURNING id`;
const SWEEP = `DELETE FROM vantage_entry WHERE id IN (SELECT e.id FROM vantage_scope s
  JOIN vantage_entry e ON e.scope = s.name AND e.generation < s.generation WHERE s.name = ? LIMIT ${SWEEP_ENTRIES})`;
const TOTAL = "SELECT entries, bytes FROM vantage_total";
// What was invalidated, then what is oldest. The cross join has SQLite look at the scopes first, which are fewer.
const EVICT = `DELETE FROM vantage_entry WHERE id IN (
  SELECT id FROM (SELECT e.id FROM vantage_scope s CROSS JOIN vantage_entry e
    WHERE e.scope = s.name AND e.generation < s.generation LIMIT ?)
  UNION ALL SELECT id FROM (SELECT id FROM vantage_entry ORDER BY fetched_at, id LIMIT ?)
  LIMIT ?) RETURNING id`;
const COUNT_AGAIN = "UPDATE vantage_total SET (entries, bytes) = (SELECT count(*), total(size) FROM vantage_entry)";
const INVALIDATE_SCOPE = `INSERT INTO vantage_scope VALUES (?, 1, 1)
  ON CONFLICT DO UPDATE SET fence = fence + 1, generation = generation + 1`;
const MOVE_FENCE = "INSERT INTO vantage_scope VALUES (?, 1, 0) ON CONFLICT DO UPDATE SET fence = fence + 1";
const DROP_ENTRIES = "DELETE FROM vantage_entry WHERE scope = ? AND substr(key, 1, ?) = ?";
const MOVE_ALL_FENCES = "UPDATE vantage_total SET beyond = beyond + 1";
const INVALIDATE_SCOPES = "UPDATE vantage_scope SET generation = generation + 1 WHERE substr(name, 1, ?) = ?";
const COUNT_SCOPES = "SELECT count(*) AS scopes FROM vantage_scope";
// One statement with what its trigger does, so that no fence is taken and no entry put halfway.
const MERGE_SCOPES = `DELETE FROM vantage_scope WHERE name <> ? AND NOT EXISTS
  (SELECT 1 FROM vantage_entry e WHERE e.scope = vantage_scope.name AND e.generation = vantage_scope.generation)`;

/**
 * A cache in one SQLite file in WAL mode, or in tables of its own (`vantage_…`) of an open handle. Several processes may
 * use it at once. Bounded by entries and by bytes; what was invalidated goes first, then what was fetched longest ago.
 * Invalidating a scope costs the same whatever it holds.
 *
 * A damaged file is set aside under another name (`….damaged-1`) and replaced by an empty one. An entry that cannot be
 * decoded is dropped. A file that is deleted or replaced while it is open is noticed by every `fence`, `put` and
 * `invalidatePrefix`, but only by every 64th `get`: until then a process may serve from the old file what another has
 * invalidated in the new one.
 *
 * @example A second process starts warm
 * ```ts
 * import { LiveTable, MemTable } from "@vantage/live";
 * import { SqliteCache } from "@vantage/live/cache/sqlite";
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
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #trace: Trace | undefined;
  readonly #file: CacheFile | undefined;
  #handle: SqliteHandle;
  #db: SqliteStatements;
  #closed = false;
  /** At how many scopes the next merge is worth a try. */
  #mergeAbove = MAX_SCOPES;
  #reads = 0;

  private constructor({ maxEntries, maxBytes, trace, file, handle }: Parts) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#trace = trace;
    this.#file = file;
    this.#handle = handle;
    this.#db = new SqliteStatements(handle);
  }

  /**
   * Opens a cache: in the file at a path, which is made if it is missing, or in an open handle of better-sqlite3's shape.
   * A handle stays the caller's; a file is closed by `close()`.
   *
   * @throws {TypeError} if the path is a folder, not an SQLite database, or a database of something else.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {UnsupportedError} if the runtime has no SQLite of its own.
   */
  static async open(pathOrHandle: string | SqliteHandle, options: SqliteCacheOptions = {}): Promise<SqliteCache> {
    const maxEntries = wholeNumber("maxEntries", options.maxEntries ?? 100_000);
    const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
    const trace = options.tracer && new Trace(options.tracer, {}, () => {});
    if (typeof pathOrHandle === "string") {
      const file = await CacheFile.at(pathOrHandle, trace);
      return new SqliteCache({ maxEntries, maxBytes, trace, file, handle: file.open() });
    }
    createSchema(new SqliteStatements(pathOrHandle));
    return new SqliteCache({ maxEntries, maxBytes, trace, file: undefined, handle: pathOrHandle });
  }

  /** The entry under `key`, or `undefined`. */
  get(key: string): CachedRows | undefined {
    if (++this.#reads % READS_PER_LOOK === 0) this.#look();
    const found = this.#guard(() => this.#db.get(GET, [key]));
    if (found === undefined) return undefined;
    try {
      if (!(found.body instanceof Uint8Array)) throw new TypeError("An entry must be bytes");
      return { rows: decodeRows(found.body), fetchedAt: Number(found.fetchedAt) };
    } catch (error) {
      tellDamage(this.#trace, "entry dropped", { key: traceableKey(key), ...failure(error) });
      this.#guard(() => this.#db.run("DELETE FROM vantage_entry WHERE key = ?", [key]));
      return undefined;
    }
  }

  /** A mark to hand to `put`, taken before the master is read. */
  fence(key: string): Fence {
    this.#look();
    return String(this.#guard(() => this.#db.get(FENCE, [scopeOf(key) ?? ""]))?.fence);
  }

  /** Stores an entry, unless the key was invalidated since the fence; answers whether it was stored. */
  put(key: string, { rows, fetchedAt }: CachedRows, fence?: Fence): boolean {
    const body = encodeRows(rows);
    if (body.length > this.#maxBytes) return false;
    const scope = scopeOf(key) ?? "";
    const mark = fence === undefined ? null : String(fence);
    this.#look();
    return this.#guard(() => {
      const added = this.#db.write(ADD_SCOPE, [scope]).length > 0;
      const [stored] = this.#db.write(PUT, [key, fetchedAt, body.length, body, scope, mark, mark]);
      // Only now, since it may move the fence.
      if (added) this.#mergeScopes(scope);
      this.#db.run(SWEEP, [scope]);
      const evicted = this.#evict();
      return stored !== undefined && !evicted.has(Number(stored.id));
    });
  }

  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): void {
    const scope = scopeOf(prefix);
    this.#look();
    this.#guard(() => {
      if (scope === prefix) {
        this.#db.run(INVALIDATE_SCOPE, [scope]);
      } else if (scope !== undefined) {
        // The fence moves first: what is put between the two steps is new, and dropping it costs only a read.
        this.#db.run(MOVE_FENCE, [scope]);
        this.#db.run(DROP_ENTRIES, [scope, [...prefix].length, prefix]);
      } else {
        this.#db.run(MOVE_ALL_FENCES);
        this.#db.run(INVALIDATE_SCOPES, [[...prefix].length, prefix]);
        // Keys without a slash are all in the scope "".
        if (prefix !== "") this.#db.run(DROP_ENTRIES, ["", [...prefix].length, prefix]);
      }
    });
  }

  /** Closes the file, if `open` opened one. May be called again. */
  close(): Promise<void> {
    if (!this.#closed) this.#file?.close(this.#handle);
    this.#closed = true;
    return Promise.resolve();
  }

  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Makes room; answers with the numbers of the entries that went for it. */
  #evict(): ReadonlySet<number> {
    const evicted = new Set<number>();
    for (;;) {
      const { entries = 0, bytes = 0 } = this.#db.get(TOTAL) ?? {};
      const tooMany = Number(entries) - this.#maxEntries;
      if (tooMany <= 0 && Number(bytes) <= this.#maxBytes) return evicted;
      const count = Math.max(1, tooMany);
      const gone = this.#db.write(EVICT, [count, count, count]);
      for (const { id } of gone) evicted.add(Number(id));
      // A count of entries that are not there would be waited for for ever.
      if (gone.length === 0) {
        this.#db.run(COUNT_AGAIN);
        return evicted;
      }
    }
  }

  /** A scope without valid entries needs no row if all fences move instead; `kept` is in use. */
  #mergeScopes(kept: string): void {
    if (this.#countScopes() <= this.#mergeAbove) return;
    this.#db.run(MERGE_SCOPES, [kept]);
    // Where most hold entries, looking at all of them again for every new one would be for nothing.
    this.#mergeAbove = Math.max(MAX_SCOPES, Math.floor(this.#countScopes() * 1.1));
  }

  #countScopes(): number {
    return Number(this.#db.get(COUNT_SCOPES)?.scopes);
  }

  /** Goes on with the file that stands at the path, if it is another one by now. */
  #look(): void {
    if (!this.#closed) this.#use(this.#file?.reopen(this.#handle));
  }

  #use(handle: SqliteHandle | undefined): void {
    if (handle === undefined) return;
    this.#handle = handle;
    this.#db = new SqliteStatements(handle);
  }

  /** Runs `work`; if the file turns out to be damaged or set aside, on the one in its place. */
  #guard<T>(work: () => T): T {
    if (this.#closed) throw new ClosedError("The cache is closed");
    try {
      return work();
    } catch (error) {
      const handle = this.#file?.recover(this.#handle, error);
      if (handle === undefined) throw error;
      this.#use(handle);
      return work();
    }
  }
}

interface Parts {
  readonly maxEntries: number;
  readonly maxBytes: number;
  readonly trace: Trace | undefined;
  readonly file: CacheFile | undefined;
  readonly handle: SqliteHandle;
}
