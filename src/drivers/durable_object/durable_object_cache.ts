import { describe } from "../../base/describe.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { type SqliteRunner, SqliteStore, storeSettings } from "../sqlite/sqlite_store.ts";
import { createSchema } from "../sqlite/sqlite_store_schema.ts";
import { type DurableObjectSql, runnerOf } from "./durable_object_sql.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of a {@linkcode DurableObjectCache}. */
export interface DurableObjectCacheOptions {
  /** The most entries to keep; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** The most scopes to keep, including those that were only invalidated; default 10 000. */
  readonly maxScopes?: number | undefined;
  /**
   * The most bytes to keep, including keys and table overhead; default 256 MiB. An entry that is larger, or has more
   * than 2 MB, is not kept. The storage stays below twice this plus 1 MiB.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The most changes of a scope to keep in its log; default 1000. Entries that are older than the log are evicted.
   * Changes take at most a quarter of `maxBytes`.
   */
  readonly maxChanges?: number | undefined;
  /** Receives events about unreadable entries. */
  readonly tracer?: Tracer | undefined;
}

/** Cloudflare's limit for a row. The actual limit is slightly higher, which leaves room for the key. */
const MAX_ENTRY_BYTES = 2_000_000;

/**
 * A cache in its own tables (`vantage_…`) of a Durable Object's SQLite storage. It answers synchronously, and is still
 * warm after the object was evicted. Bounded by entries, scopes and bytes: invalidated entries are evicted first, then
 * those put longest ago, independent of clocks. The cost of invalidating a scope does not depend on its size.
 *
 * An entry of more than 2 MB, the limit of a row there, is not kept: read such rows by pages. The tables are created
 * when first needed, also after a `deleteAll()` of the storage. An entry that cannot be decoded is dropped.
 *
 * @example A table in a Durable Object
 * ```ts
 * import { LiveTable, MemTable } from "@vantage/live";
 * import { DurableObjectCache, type DurableObjectSql } from "@vantage/live/durable-object";
 * import assert from "node:assert/strict";
 * import { DatabaseSync, type SQLInputValue } from "node:sqlite";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 *
 * class Products { // extends DurableObject
 *   readonly table: LiveTable;
 *
 *   constructor(ctx: { storage: { sql: DurableObjectSql } }) {
 *     this.table = new LiveTable(master, "products", new DurableObjectCache(ctx.storage.sql));
 *   }
 *
 *   async fetch(): Promise<Response> {
 *     return Response.json(await this.table.listValues());
 *   }
 * }
 *
 * // Provided by Cloudflare. Elsewhere, any object of this shape works.
 * const db = new DatabaseSync(":memory:");
 * const sql = {
 *   exec: (query: string, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
 * };
 *
 * for (const expected of [1, 0]) { // evicted and created again, the object starts warm
 *   const object = new Products({ storage: { sql } });
 *   await object.fetch();
 *   assert.equal(object.table.stats().masterReads, expected);
 * }
 * ```
 */
export class DurableObjectCache implements Cache {
  readonly #db: SqliteRunner;
  readonly #store: SqliteStore;

  /**
   * Creates a cache in the storage of `sql`, the object's `ctx.storage.sql`.
   *
   * @throws {TypeError} if `sql` has no `exec`.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   */
  constructor(sql: DurableObjectSql, options: DurableObjectCacheOptions = {}) {
    rememberSelf(this, DurableObjectCache);
    if (typeof sql?.exec !== "function") {
      throw new TypeError(`sql must be the ctx.storage.sql of a Durable Object, got ${describe(sql)}`);
    }
    this.#db = runnerOf(sql);
    this.#store = new SqliteStore(this.#db, storeSettings(options, MAX_ENTRY_BYTES));
  }

  get(key: string): CachedRows | undefined {
    return this.#guard(() => this.#store.get(key));
  }

  fence(key: string): Fence {
    return this.#guard(() => this.#store.fence(key));
  }

  put(key: string, rows: CachedRows, fence?: Fence): boolean {
    return this.#guard(() => this.#store.put(key, rows, fence));
  }

  invalidatePrefix(prefix: string): void {
    this.#guard(() => this.#store.invalidatePrefix(prefix));
  }

  log(prefix: string, record: LogRecord): Fence {
    return this.#guard(() => this.#store.log(prefix, record));
  }

  /**
   * Runs `work`; if it fails, creates the tables and runs it again, since errors there have no code that gives the
   * reason.
   */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch {
      createSchema(this.#db);
      return work();
    }
  }
}
