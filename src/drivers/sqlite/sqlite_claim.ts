import { describe } from "../../base/describe.ts";
import { sqliteCode, type SqliteStatements } from "./sqlite_handle.ts";

/** The size limit of the write-ahead log: the length at which SQLite checkpoints it, in pages of 4 KiB. */
const MAX_LOG_BYTES = 1_000 * 4_096;
/** How often opening a file yields to other processes. */
const MAX_TURNS = 20;

/** What a file is opened as. */
export interface Claim {
  readonly path: string;
  /** What it is, as "a cache". */
  readonly thing: string;
  /** The mark of such files. */
  readonly applicationId: number;
  readonly synchronous: "NORMAL" | "FULL";
  /** Checks a file with that mark before anything is changed. */
  readonly check?: ((db: SqliteStatements) => void) | undefined;
  /** Creates the tables that are missing. */
  readonly prepare: (db: SqliteStatements) => void;
}

/**
 * Claims a file. SQLite does not wait for locks while it switches a new file to WAL, so other processes are let through
 * explicitly.
 */
export function claimInTurn(db: SqliteStatements, claimed: Claim): void {
  for (let turn = 1;; turn++) {
    try {
      return claim(db, claimed);
    } catch (error) {
      if (!isBusy(error) || turn === MAX_TURNS) throw error;
      db.run("BEGIN EXCLUSIVE");
      db.run("COMMIT");
    }
  }
}

/**
 * Makes sure that a database has our mark or is empty, and creates our tables. Counts the tables before it reads the
 * application id, since a process that creates the file at the same moment sets the id first. Uses prepared statements
 * only, since Deno gives no result code for errors of `exec`.
 */
function claim(db: SqliteStatements, { path, thing, applicationId, synchronous, check, prepare }: Claim): void {
  const tables = Number(db.get("SELECT count(*) AS n FROM sqlite_schema")?.n);
  const mark = Number(db.get("PRAGMA application_id")?.application_id);
  if (mark !== applicationId && tables > 0) {
    throw new TypeError(`${describe(path)} is another application's database, not ${thing}`);
  }
  if (mark === applicationId) check?.(db);
  db.write("PRAGMA journal_mode = WAL");
  db.run(`PRAGMA synchronous = ${synchronous}`);
  // A long-running reader prevents the log from being reused from its start. Without a limit, it would stay that long.
  db.write(`PRAGMA journal_size_limit = ${MAX_LOG_BYTES}`);
  if (mark !== applicationId) db.run(`PRAGMA application_id = ${applicationId}`);
  prepare(db);
}

/** SQLite's result code for a lock that another connection holds. */
export function isBusy(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" && (code & 0xff) === 5;
}
