import type { SqliteRunner } from "./sqlite_store.ts";

/**
 * Small columns stand before the bytes, so that a look at them does not read the bytes' pages. An entry counts only
 * while its generation is that of its scope, so that invalidating a scope is one row changed, whatever it holds.
 */
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS vantage_total (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    store TEXT NOT NULL, beyond INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS vantage_scope (
    name TEXT PRIMARY KEY, fence INTEGER NOT NULL, generation INTEGER NOT NULL
  ) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS vantage_entry (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, generation INTEGER NOT NULL,
    fetched_at REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_entry_by_generation ON vantage_entry (scope, generation)",
  "CREATE INDEX IF NOT EXISTS vantage_entry_by_age ON vantage_entry (fetched_at)",
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_added AFTER INSERT ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries + 1, bytes = bytes + NEW.size;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_changed AFTER UPDATE OF size ON vantage_entry BEGIN
    UPDATE vantage_total SET bytes = bytes + NEW.size - OLD.size;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_removed AFTER DELETE ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries - 1, bytes = bytes - OLD.size;
  END`,
  // A scope that comes back counts from 0 again. In the same step as it goes, all fences move and its entries go, so that
  // no older fence fits again, and no older entry.
  `CREATE TRIGGER IF NOT EXISTS vantage_scope_removed AFTER DELETE ON vantage_scope BEGIN
    UPDATE vantage_total SET beyond = beyond + 1;
    DELETE FROM vantage_entry WHERE scope = OLD.name;
  END`,
];

const ADD_TOTAL = "INSERT INTO vantage_total VALUES (1, lower(hex(randomblob(8))), 0, 0, 0) ON CONFLICT DO NOTHING";

/** Makes the tables of a store, where they are missing. */
export function createSchema(db: SqliteRunner): void {
  for (const statement of SCHEMA) db.run(statement);
  db.run(ADD_TOTAL);
}
