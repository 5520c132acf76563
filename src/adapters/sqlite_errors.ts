import { sqliteCode } from "../sqlite/sqlite_handle.ts";
import { ConflictError, RejectedError } from "../table/errors.ts";
import { describe } from "../table/row.ts";

const UNIQUE = [
  1555,
  2067,
  2579,
  "SQLITE_CONSTRAINT_PRIMARYKEY",
  "SQLITE_CONSTRAINT_UNIQUE",
  "SQLITE_CONSTRAINT_ROWID",
];
const TRIGGER = [1811, "SQLITE_CONSTRAINT_TRIGGER"];
const FOREIGN_KEY = [787, "SQLITE_CONSTRAINT_FOREIGNKEY"];
/** SQLite's primary result codes for: busy, locked; read-only, full, constraint, mismatch. After each nothing was changed. */
const [RETRIABLE, FINAL] = [[5, 6], [8, 13, 19, 20]];

/** The typed error for what SQLite refused; anything else, as a failing disk, stays what it is. */
export function refusal(error: unknown, table: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (UNIQUE.includes(code)) {
    return new ConflictError(`Cannot write to ${describe(table)}: another row has one of its unique values`, {
      cause: error,
    });
  }
  const retriable = typeof code === "number" ? RETRIABLE.includes(code & 0xff) : /^SQLITE_(BUSY|LOCKED)/.test(code);
  const final = typeof code === "number"
    ? FINAL.includes(code & 0xff)
    : /^SQLITE_(READONLY|FULL|CONSTRAINT|MISMATCH)/.test(code);
  if (!retriable && !final) return error;
  const reason = error instanceof Error ? error.message : `SQLite refused with code ${code}`;
  return new RejectedError(`Cannot write to ${describe(table)}: ${reason}`, { cause: error, retriable });
}

/**
 * Whether an error may come out of a trigger. One that says `FAIL` leaves what the statement has changed before it, and has
 * the result code of one that says `ABORT`. A `DELETE` itself can break no constraint but a foreign key.
 */
export function mayComeFromTrigger(error: unknown, deleting: boolean): boolean {
  const code = sqliteCode(error);
  if (code === undefined) return false;
  if (TRIGGER.includes(code)) return true;
  const constraint = typeof code === "number" ? (code & 0xff) === 19 : code.startsWith("SQLITE_CONSTRAINT");
  return deleting && constraint && !FOREIGN_KEY.includes(code);
}
