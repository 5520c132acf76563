import { OutboxError } from "../../table/errors.ts";
import type { SqliteRunner } from "./sqlite_store.ts";

/** Runs the steps of an outbox. */
export interface SqliteSteps extends SqliteRunner {
  /** Runs several statements as one durable step: if `work` throws, none takes effect. */
  inTransaction<T>(work: () => T): T;
}

/** The version of the tables. A store of an older version is brought up to date, one of a newer version is refused. */
export const OUTBOX_VERSION = 1;

/**
 * `vantage_outbox_total` has the last position and the last term, so that neither is used twice, and the counts for the
 * bounds. Triggers maintain it, so that the append of one write is one statement. `vantage_outbox_queue` has the lease of a queue, and how many answers are kept for other holders; a queue with
 * neither has no row. An answer is kept without its `holder` and its body once it is taken, as long as the `real_id` of its
 * row may be asked for. `made` is the `row_id` of an entry whose row is to be inserted under another id by an entry that is
 * still there: only these are found by row, so that all others cost no index. Nor does the order of a queue, which is the
 * order of the table: each index makes a durable append slower. The bytes come last, so that reading the rest does not read their pages.
 */
const SCHEMA = [
  `CREATE TABLE vantage_outbox_total (
    one INTEGER PRIMARY KEY CHECK (one = 1), version INTEGER NOT NULL, position INTEGER NOT NULL, term INTEGER NOT NULL,
    entries INTEGER NOT NULL, bytes INTEGER NOT NULL
  )`,
  `CREATE TABLE vantage_outbox_entry (
    position INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, row_id TEXT, made TEXT, real_id TEXT,
    holder TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'accepted', attempts INTEGER NOT NULL DEFAULT 0, size INTEGER NOT NULL, failure BLOB,
    body BLOB NOT NULL
  )`,
  "CREATE UNIQUE INDEX vantage_outbox_entry_by_id ON vantage_outbox_entry (queue, id)",
  `CREATE TRIGGER vantage_outbox_entry_added AFTER INSERT ON vantage_outbox_entry BEGIN
    UPDATE vantage_outbox_total SET position = NEW.position, entries = entries + 1, bytes = bytes + NEW.size;
  END`,
  `CREATE TRIGGER vantage_outbox_entry_moved AFTER UPDATE OF position ON vantage_outbox_entry BEGIN
    UPDATE vantage_outbox_total SET position = NEW.position;
  END`,
  `CREATE TRIGGER vantage_outbox_entry_removed AFTER DELETE ON vantage_outbox_entry BEGIN
    UPDATE vantage_outbox_total SET entries = entries - 1, bytes = bytes - OLD.size;
  END`,
  "CREATE INDEX vantage_outbox_entry_by_made ON vantage_outbox_entry (queue, made) WHERE made IS NOT NULL",
  `CREATE TABLE vantage_outbox_queue (
    name TEXT PRIMARY KEY, term INTEGER, holder TEXT, until REAL, for_ms REAL, answers INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID`,
  `CREATE TABLE vantage_outbox_answer (
    position INTEGER PRIMARY KEY, queue TEXT NOT NULL, holder TEXT, row_id TEXT, real_id TEXT, at REAL NOT NULL,
    body BLOB
  )`,
  "CREATE INDEX vantage_outbox_answer_in_order ON vantage_outbox_answer (queue, position)",
  "CREATE INDEX vantage_outbox_answer_by_row ON vantage_outbox_answer (queue, row_id) WHERE real_id IS NOT NULL",
  `INSERT INTO vantage_outbox_total VALUES (1, ${OUTBOX_VERSION}, 0, 0, 0, 0)`,
];

const HAS_TABLES = "SELECT 1 AS found FROM sqlite_schema WHERE name = 'vantage_outbox_total'";
const VERSION_IN = "SELECT version FROM vantage_outbox_total";

/**
 * Creates the tables of an outbox if there are none.
 *
 * @throws {OutboxError} if there are some of a newer version.
 */
export function createOutboxSchema(db: SqliteSteps): void {
  if (hasTables(db)) return;
  db.inTransaction(() => {
    // Another process may have created them meanwhile.
    if (!hasTables(db)) { for (const statement of SCHEMA) db.run(statement); }
  });
}

/** Whether there are tables of an outbox that this version can use. */
function hasTables(db: SqliteRunner): boolean {
  if (db.all(HAS_TABLES).length === 0) return false;
  checkVersion(db.all(VERSION_IN)[0]?.version);
  return true;
}

/**
 * Checks the version that a store has now.
 *
 * @throws {OutboxError} if it is a newer one.
 */
export function checkVersion(version: unknown): void {
  if (Number(version) === OUTBOX_VERSION) return;
  throw new OutboxError(`This outbox is of version ${version}, and is left alone: this is version ${OUTBOX_VERSION}`);
}
