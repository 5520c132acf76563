import type { SqliteRunner } from "./sqlite_store.ts";

/** Increases when the tables change; tables of another version are dropped. */
const VERSION = 5;

/**
 * A scope's `fence` is its position: it increases with each invalidation and each logged change, and never repeats a
 * value. `barrier` is the fence at its last invalidation of any kind, `last` the position of its last change, and
 * `generation` the position that the log reaches back to: the fence at the last invalidation of the whole scope, or the
 * position of the last change that was removed from the log. An entry is valid only if it was read `at` that position or
 * later, so invalidating a scope changes one row, whatever it holds; it is up to date if no change was logged since.
 *
 * A removed scope leaves its fence in `floor`, the fence of every scope without a row. `beyond` rises above all fences
 * with each invalidation across scopes: a scope's fence is at least that.
 *
 * The id of an entry or a change is its age: it increases with every put or change. Triggers maintain what follows from
 * the rows, so that each step is one statement: the counts for the bounds (for a scope, its entries, the dead ones among
 * them, its changes and its intents), `due`, when its earliest intent is, and that an intent ends with its change. Small
 * columns come before the bytes, so that reading them does not read the pages of the bytes.
 */
const SCHEMA = [
  `CREATE TABLE IF NOT EXISTS vantage_total (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL CHECK (version = ${VERSION}),
    store TEXT NOT NULL, floor INTEGER NOT NULL, beyond INTEGER NOT NULL,
    scopes INTEGER NOT NULL, entries INTEGER NOT NULL, bytes INTEGER NOT NULL, logged INTEGER NOT NULL
  )`,
  `CREATE TABLE IF NOT EXISTS vantage_scope (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, fence INTEGER NOT NULL, barrier INTEGER NOT NULL,
    generation INTEGER NOT NULL, last INTEGER NOT NULL DEFAULT 0, due REAL, size INTEGER NOT NULL,
    entries INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    changes INTEGER NOT NULL DEFAULT 0, intents INTEGER NOT NULL DEFAULT 0
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_scope_empty ON vantage_scope (intents > 0, fence) WHERE entries = 0",
  "CREATE INDEX IF NOT EXISTS vantage_scope_dead ON vantage_scope (id) WHERE dead > 0",
  `CREATE TABLE IF NOT EXISTS vantage_entry (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, scope INTEGER NOT NULL, at INTEGER NOT NULL,
    until INTEGER NOT NULL, fetched_at REAL NOT NULL, size INTEGER NOT NULL, body BLOB NOT NULL
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_entry_by_position ON vantage_entry (scope, at)",
  `CREATE TABLE IF NOT EXISTS vantage_change (
    id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, position INTEGER NOT NULL, origin INTEGER, overlaps INTEGER,
    write_id TEXT, row_id TEXT, size INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (scope, position)
  )`,
  `CREATE TABLE IF NOT EXISTS vantage_intent (
    id INTEGER PRIMARY KEY, scope INTEGER NOT NULL, write_id TEXT NOT NULL, row_id TEXT, due_at REAL NOT NULL,
    size INTEGER NOT NULL, body BLOB NOT NULL, UNIQUE (scope, write_id)
  )`,
  "CREATE INDEX IF NOT EXISTS vantage_intent_by_time ON vantage_intent (scope, due_at)",
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_added AFTER INSERT ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries + 1, bytes = bytes + NEW.size;
    UPDATE vantage_scope SET entries = entries + 1 WHERE id = NEW.scope;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_changed AFTER UPDATE ON vantage_entry BEGIN
    UPDATE vantage_total SET bytes = bytes + NEW.size - OLD.size;
    UPDATE vantage_scope SET dead = dead - 1 WHERE id = NEW.scope AND OLD.at < generation;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_entry_removed AFTER DELETE ON vantage_entry BEGIN
    UPDATE vantage_total SET entries = entries - 1, bytes = bytes - OLD.size;
    UPDATE vantage_scope SET entries = entries - 1, dead = dead - (OLD.at < generation) WHERE id = OLD.scope;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_change_added AFTER INSERT ON vantage_change BEGIN
    UPDATE vantage_total SET bytes = bytes + NEW.size, logged = logged + NEW.size;
    UPDATE vantage_scope SET fence = NEW.position, last = NEW.position, changes = changes + 1 WHERE id = NEW.scope;
    DELETE FROM vantage_intent WHERE scope = NEW.scope AND write_id = NEW.write_id;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_change_removed AFTER DELETE ON vantage_change BEGIN
    UPDATE vantage_total SET bytes = bytes - OLD.size, logged = logged - OLD.size;
    UPDATE vantage_scope SET changes = changes - 1, generation = max(generation, OLD.position),
      dead = dead + (SELECT count(*) FROM vantage_entry e WHERE e.scope = OLD.scope AND e.at >= generation
        AND e.at < OLD.position) WHERE id = OLD.scope;
  END`,
  onIntent("added", "AFTER INSERT", { scope: "NEW.scope", count: "+ 1", size: "+ NEW.size" }),
  onIntent("changed", "AFTER UPDATE", { scope: "NEW.scope", count: "", size: "+ NEW.size - OLD.size" }),
  onIntent("removed", "AFTER DELETE", { scope: "OLD.scope", count: "- 1", size: "- OLD.size" }),
  `CREATE TRIGGER IF NOT EXISTS vantage_scope_added AFTER INSERT ON vantage_scope BEGIN
    UPDATE vantage_total SET scopes = scopes + 1, bytes = bytes + NEW.size;
  END`,
  `CREATE TRIGGER IF NOT EXISTS vantage_scope_removed AFTER DELETE ON vantage_scope BEGIN
    UPDATE vantage_total SET scopes = scopes - 1, bytes = bytes - OLD.size, floor = max(floor, OLD.fence);
    DELETE FROM vantage_entry WHERE scope = OLD.id;
    DELETE FROM vantage_change WHERE scope = OLD.id;
    DELETE FROM vantage_intent WHERE scope = OLD.id;
  END`,
];

const ADD_TOTAL = `INSERT INTO vantage_total VALUES (1, ${VERSION}, lower(hex(randomblob(8))), 0, 0, 0, 0, 0, 0)
  ON CONFLICT DO NOTHING`;

interface IntentStep {
  readonly scope: string;
  readonly count: string;
  readonly size: string;
}

function onIntent(name: string, when: string, { scope, count, size }: IntentStep): string {
  return `CREATE TRIGGER IF NOT EXISTS vantage_intent_${name} ${when} ON vantage_intent BEGIN
    UPDATE vantage_total SET bytes = bytes ${size};
    UPDATE vantage_scope SET intents = intents ${count}, due = (SELECT min(due_at) FROM vantage_intent
      WHERE scope = ${scope}) WHERE id = ${scope};
  END`;
}

/** Creates the tables of a store where they are missing or of another version. */
export function createSchema(db: SqliteRunner): void {
  const total = db.get("SELECT sql FROM sqlite_schema WHERE name = 'vantage_total'");
  if (total !== undefined && !String(total.sql).includes(`version = ${VERSION})`)) {
    for (const table of ["intent", "change", "entry", "scope", "total"]) {
      db.run(`DROP TABLE IF EXISTS vantage_${table}`);
    }
  }
  for (const statement of SCHEMA) db.run(statement);
  db.run(ADD_TOTAL);
}
