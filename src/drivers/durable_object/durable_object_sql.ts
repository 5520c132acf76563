import type { SqliteRunner } from "../sqlite/sqlite_store.ts";

/** The part of a Durable Object's `ctx.storage.sql` that is used here. */
export interface DurableObjectSql {
  /** Runs a statement and returns a cursor. */
  exec(query: string, ...bindings: (null | number | string | Uint8Array)[]): {
    /** Returns all rows; blobs are `ArrayBuffer`s. */
    toArray(): Record<string, unknown>[];
  };
}

/** Runs the statements of a store. */
export function runnerOf(sql: DurableObjectSql): SqliteRunner {
  const all: SqliteRunner["write"] = (query, params = []) => sql.exec(query, ...params).toArray();
  return {
    get: (query, params) => all(query, params)[0],
    all,
    write: all,
    run: (query, params) => void all(query, params),
  };
}
