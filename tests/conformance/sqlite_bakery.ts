import type { RowEntry, Value } from "@vantage/live";
import type { SqliteHandle, SqliteValue } from "@vantage/live/sqlite";

/** The kinds of key that a table can have. */
export type KeyType = "TEXT" | "INTEGER";

/** Makes the table of the conformance suite in a database, and fills it. */
export function makeBakery(db: SqliteHandle, keyType: KeyType, rows: readonly RowEntry[]): void {
  db.exec(`CREATE TABLE bakery (
    id ${keyType} PRIMARY KEY NOT NULL, name TEXT, price REAL, stock INTEGER, active BOOLEAN, note TEXT
  )`);
  const insert = db.prepare("INSERT INTO bakery VALUES (?, ?, ?, ?, ?, ?)");
  for (const [id, { name, price, stock, active, note }] of rows) {
    insert.run(keyType === "INTEGER" ? BigInt(id) : id, ...[name, price, stock, active, note].map(bound));
  }
}

function bound(value: Value | undefined): SqliteValue {
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "string" || typeof value === "number") return value;
  return null;
}
