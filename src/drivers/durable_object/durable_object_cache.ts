/**
 * A cache in the SQLite storage of a Cloudflare Durable Object. Needs no `nodejs_compat`.
 *
 * @module
 */

import { describe } from "../../base/describe.ts";
import type { Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence } from "../../cache/cache.ts";
import { type SqliteRunner, SqliteStore, storeSettings } from "../sqlite/sqlite_store.ts";
import { createSchema } from "../sqlite/sqlite_store_schema.ts";
import { rememberSelf } from "../../base/self.ts";

/** The `ctx.storage.sql` of a Durable Object, as far as it is used here. */
export interface DurableObjectSql {
  /** Runs a statement; what it finds is behind the answer. */
  exec(query: string, ...bindings: (null | number | string | Uint8Array)[]): {
    /** All rows; blobs are `ArrayBuffer`s. */
    toArray(): Record<string, unknown>[];
  };
}

/** Options of a {@linkcode DurableObjectCache}. */
export interface DurableObjectCacheOptions {
  /** How many entries it keeps; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** How many scopes it keeps, those that were only invalidated included; default 10 000. */
  readonly maxScopes?: number | undefined;
  /**
   * How many bytes it keeps, with keys and what the tables need beside them; default 256 MiB. An entry that is larger, or has
   * more than 2 MB, is not kept. The storage stays below twice this and 1 MiB.
   */
  readonly maxBytes?: number | undefined;
  /** Hears of entries that could not be read. */
  readonly tracer?: Tracer | undefined;
}

/** What Cloudflare promises that a row can hold. What it holds beyond that is left to the key. */
const MAX_ENTRY_BYTES = 2_000_000;

/**
 * A cache in tables of its own (`vantage_…`) of a Durable Object's SQLite storage. It answers without a promise, and is
 * still warm after the object was evicted. Bounded by entries, scopes and bytes; what was invalidated goes first,
 * then what was put longest ago, whatever time it was. Invalidating a scope costs the same whatever it holds.
 *
 * An entry of more than 2 MB, the most that a row can hold there, is not kept: ask for such rows by pages. The tables are
 * made when they are first needed, also after a `deleteAll()` of the storage. An entry that cannot be decoded is dropped.
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
 * // What Cloudflare does. Elsewhere, anything of this shape will do.
 * const db = new DatabaseSync(":memory:");
 * const sql = {
 *   exec: (query: string, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
 * };
 *
 * for (const expected of [1, 0]) { // evicted and made anew, the object starts warm
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
   * A cache in the storage that `sql`, the object's `ctx.storage.sql`, belongs to.
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

  /** The entry under `key`, or `undefined`. */
  get(key: string): CachedRows | undefined {
    return this.#guard(() => this.#store.get(key));
  }

  /** A mark to hand to `put`, taken before the master is read. */
  fence(key: string): Fence {
    return this.#guard(() => this.#store.fence(key));
  }

  /** Stores an entry, unless the key was invalidated since the fence; answers whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): boolean {
    return this.#guard(() => this.#store.put(key, rows, fence));
  }

  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): void {
    this.#guard(() => this.#store.invalidatePrefix(prefix));
  }

  /** Runs `work`; if it fails, once more with the tables in place, since a failure there has no code to tell why. */
  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch {
      createSchema(this.#db);
      return work();
    }
  }
}

function runnerOf(sql: DurableObjectSql): SqliteRunner {
  const all: SqliteRunner["write"] = (query, params = []) => sql.exec(query, ...params).toArray();
  return {
    get: (query, params) => all(query, params)[0],
    write: all,
    run: (query, params) => void all(query, params),
  };
}
