import type { SqliteRunner } from "./sqlite_store.ts";

/** Increases when the tables change; tables of another version are dropped. */
const VERSION = 3;

/**
 * A scope's `fence` increases with each invalidation of it, and never repeats a value. Its `generation` is the fence at
 * the last invalidation of the whole scope. An entry is valid only if its generation is that of its scope, so
 * invalidating a scope changes one row, whatever it holds.
 *
 * A removed scope leaves its fence in `floor`, the fence of every scope without a row. `beyond` rises above all fences
 * with each invalidation across scopes: a scope's fence is at least that.
 *
 * An entry's `id` is its age: it increases with every put. Triggers maintain the counts for the bounds: per scope, all
 * entries and the dead ones. Small columns come before the bytes, so that reading them does not read the pages of the
 * bytes.
 */
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS vantage_total (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL CHECK (version = ${VERSION}),
    store TEXT NOT NULL, floor INTEGER NOT NULL, beyond INTEGER NOT NULL,
    scopes INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS vantage_scope (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fence INTEGER NOT NULL, generation INTEGER NOT NULL,
    size INTEGER NOT NULL, entries INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_scope_empty ON vantage_scope (fence) WHERE entries = 0",
  "CREATE INDEX IF NOT EXISTS vantage_scope_dead ON vantage_scope (id) WHERE dead > 0",
  `CREATE TABLE IF NOT EXISTS vantage_entry (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, scope INTEGER NOT NULL, generation INTEGER NOT NULL,
    fetched_at REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_entry_by_generation ON vantage_entry (scope, generation)",
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_added AFTER INSERT ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries + 1, bytes = bytes + NEW.size;
    UPDATE vantage_scope SET entries = entries + 1 WHERE id = NEW.scope;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_changed AFTER UPDATE ON vantage_entry BEGIN
    UPDATE vantage_total SET bytes = bytes + NEW.size - OLD.size;
    UPDATE vantage_scope SET dead = dead - 1 WHERE id = NEW.scope AND OLD.generation < generation;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_removed AFTER DELETE ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries - 1, bytes = bytes - OLD.size;
    UPDATE vantage_scope SET entries = entries - 1, dead = dead - (OLD.generation < generation) WHERE id = OLD.scope;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_scope_added AFTER INSERT ON vantage_scope BEGIN
    UPDATE vantage_total SET scopes = scopes + 1, bytes = bytes + NEW.size;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_scope_removed AFTER DELETE ON vantage_scope BEGIN
    UPDATE vantage_total SET scopes = scopes - 1, bytes = bytes - OLD.size, floor = max(floor, OLD.fence);
    DELETE FROM vantage_entry WHERE scope = OLD.id;
  END`,
];

const ADD_TOTAL = `INSERT INTO vantage_total VALUES (1, ${VERSION}, lower(hex(randomblob(8))), 0, 0, 0, 0, 0)
  ON CONFLICT DO NOTHING`;

/** Creates the tables of a store where they are missing or of another version. */
export function createSchema(db: SqliteRunner): void {
  const total = db.get("SELECT sql FROM sqlite_schema WHERE name = 'vantage_total'");
  if (total !== undefined && !String(total.sql).includes(`version = ${VERSION})`)) {
    for (const table of ["entry", "scope", "total"]) db.run(`DROP TABLE IF EXISTS vantage_${table}`);
  }
  for (const statement of SCHEMA) db.run(statement);
  db.run(ADD_TOTAL);
}
