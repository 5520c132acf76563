import assert from "node:assert/strict";
import { MemTable, type TableLike } from "@vantage/live";
import { SqliteTable } from "@vantage/live/sqlite";
import type { TableHandler } from "@vantage/live/server";
import { DatabaseSync } from "node:sqlite";

/** A bakery in memory, whose columns are known. */
export function bakery(): MemTable {
  return new MemTable("products", {
    idField: "id",
    columns: [{ name: "id", flags: ["id"] }, { name: "name", flags: ["title", "searchable"] }, { name: "price" }],
    rows: [
      ["a", { name: "Bun", price: 2 }],
      ["b", { name: "Tart", price: 5 }],
      ["c", { name: "Gâteau", price: 30 }],
    ],
  });
}

/** The same in a database. */
export async function sqliteBakery(): Promise<SqliteTable> {
  const db = new DatabaseSync(":memory:");
  db.exec("CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, price REAL)");
  db.exec("INSERT INTO products VALUES ('a', 'Bun', 2), ('b', 'Tart', 5), ('c', 'Gâteau', 30)");
  return await SqliteTable.open(db, "products");
}

/** Asks a handler. What is sent as `row` goes as JSON, with the conditions in `where`. */
export function ask(
  handler: TableHandler,
  path: string,
  { row, where, ...init }: RequestInit & { readonly row?: unknown; readonly where?: unknown } = {},
): Promise<Response> {
  const headers = new Headers(init.headers);
  if (row !== undefined) headers.set("content-type", "application/json");
  const body = row === undefined ? init.body : JSON.stringify({ row, where });
  return handler(new Request(`http://localhost${path}`, { ...init, headers, ...(body !== undefined && { body }) }));
}

/** What a problem says, once it is seen to be one that tells nothing of what is behind the table. */
export async function problemIn(answer: Response): Promise<{ readonly [name: string]: unknown }> {
  const text = await answer.text();
  assert.equal(answer.headers.get("content-type"), "application/problem+json", text);
  assert.equal(answer.headers.get("x-content-type-options"), "nosniff");
  assert.doesNotMatch(text, /SELECT|INSERT INTO|UPDATE .* SET|SQLITE|sqlite|\.ts\b|file:|node:|\/home|\/tmp|\n\s+at /);
  const problem = JSON.parse(text);
  assert.equal(problem.status, answer.status);
  for (const name of ["title", "detail", "code"]) assert.equal(typeof problem[name], "string", name);
  assert.equal(typeof problem.retriable, "boolean");
  assert(problem.effect === "none" || problem.effect === "unknown");
  return problem;
}

/** All that a table holds, to see whether it changed. */
export async function contentOf(table: TableLike): Promise<string> {
  return JSON.stringify([...await table.listValues()]);
}
