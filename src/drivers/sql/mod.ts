/**
 * Queries as SQL for any client and query builder, with bound parameters and exactly the meaning that they have
 * everywhere: for PostgreSQL, SQLite, MySQL and MariaDB, or a dialect of your own.
 *
 * @example Products of node:sqlite as a table
 * ```ts
 * import { defineTable, type Row } from "@vantage/live";
 * import { SqlQueries, sqlite } from "@vantage/live/sql";
 * import assert from "node:assert/strict";
 * import { DatabaseSync } from "node:sqlite";
 *
 * const db = new DatabaseSync(":memory:");
 * db.exec("CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT); INSERT INTO products VALUES ('a', 'Bun'), ('b', NULL)");
 * const products = new SqlQueries({
 *   dialect: sqlite,
 *   table: "products",
 *   columns: [{ name: "id", kind: "text" }, { name: "name", kind: "text" }],
 *   key: "id",
 * });
 *
 * const table = defineTable({
 *   name: "products",
 *   idField: "id",
 *   capabilities: { page: true, where: ["eq", "ne", "isNull"], orderBy: true, search: true, exact: true },
 *   list: ({ query }) => {
 *     const { text, params } = products.list(query);
 *     return db.prepare(text).all(...params) as Row[];
 *   },
 * });
 *
 * assert.deepEqual((await table.where("name", "ne", "Bun").listValues()).ids(), ["b"]);
 * ```
 *
 * @module
 */

export { SqlQueries, type SqlQueriesOptions } from "./sql_queries.ts";
export { type SqlStatement, statementOf } from "./sql_statement.ts";
export type { SqlColumn, SqlKind } from "./sql_column.ts";
export type { Sign, SqlDialect } from "./sql_dialect.ts";
export { bind, Bound, joinSql, Sql, sql, type SqlValue } from "./sql.ts";
export { postgres } from "./postgres_dialect.ts";
export { sqlite } from "./sqlite_dialect.ts";
export { mysql } from "./mysql_dialect.ts";
