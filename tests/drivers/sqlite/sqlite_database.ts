import { DatabaseSync } from "node:sqlite";
import type { TableLike } from "@vantage/live";
import { SqliteTable, type SqliteTableOptions } from "@vantage/live/sqlite";

/** A new database in memory. */
export function database(sql: string): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec(sql);
  return db;
}

/** The table `t` of a new database in memory. */
export function open(sql: string, options?: SqliteTableOptions): Promise<SqliteTable> {
  return SqliteTable.open(database(sql), "t", options);
}

/** The ids of the rows of a set, in their order. */
export async function idsOf(table: TableLike): Promise<string[]> {
  return (await table.listValues()).ids();
}
