import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import type { DurableObjectSql } from "@vantage/live/durable-object";

/** What a Durable Object's storage answers, in memory. */
export function objectStorage(): { readonly sql: DurableObjectSql; readonly db: DatabaseSync } {
  const db = new DatabaseSync(":memory:");
  const sql: DurableObjectSql = {
    exec: (query, ...bindings: SQLInputValue[]) => ({ toArray: () => db.prepare(query).all(...bindings) }),
  };
  return { sql, db };
}
