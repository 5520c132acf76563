/**
 * SQLite, in a file opened with the runtime's driver or through an open handle like better-sqlite3's: tables and views
 * as masters, and a persistent cache and an outbox that several processes can share.
 *
 * @example A table and a cache in one database
 * ```ts
 * import { LiveTable } from "@vantage/live";
 * import { SqliteCache, SqliteTable } from "@vantage/live/sqlite";
 * import assert from "node:assert/strict";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * db.exec("CREATE TABLE client (id TEXT PRIMARY KEY, name TEXT); INSERT INTO client VALUES ('marty', 'Marty')");
 *
 * await using clients = new LiveTable(await SqliteTable.open(db, "client"), "clients", await SqliteCache.open(db));
 *
 * assert.equal((await clients.getValue("marty"))?.name, "Marty");
 * ```
 *
 * @module
 */

export { SqliteCache, type SqliteCacheOptions } from "./sqlite_cache.ts";
export { SqliteOutbox, type SqliteOutboxOptions } from "./sqlite_outbox.ts";
export type { SqliteSynchronous } from "./sqlite_outbox_file.ts";
export { SqliteTable } from "./sqlite_table.ts";
export type { SqliteTableOptions } from "./sqlite_source.ts";
export type { SqliteHandle, SqliteStatement, SqliteValue } from "./sqlite_handle.ts";
