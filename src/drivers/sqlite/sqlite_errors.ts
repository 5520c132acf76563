import { isBusy, isDamage, sqliteCode } from "./sqlite_handle.ts";
import { ConflictError, OutboxError, RejectedError, TableError } from "../../table/errors.ts";
import { isError } from "../../base/realm.ts";

const UNIQUE = [
  1555,
  2067,
  2579,
  "SQLITE_CONSTRAINT_PRIMARYKEY",
  "SQLITE_CONSTRAINT_UNIQUE",
  "SQLITE_CONSTRAINT_ROWID",
];
/** SQLite's primary result codes for: aborted by a trigger, read-only, full, constraint, mismatch. */
const FINAL = [4, 8, 13, 19, 20];

/**
 * The typed error for a write that SQLite refused and rolled back; other errors, like a failing disk, are returned
 * unchanged.
 *
 * @param what the operation, as "insert row "a" into "products""
 */
export function refusal(error: unknown, what: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  if (UNIQUE.includes(code)) {
    return new ConflictError(`Cannot ${what}: another row has one of its unique values`, { cause: error });
  }
  const retriable = isBusy(error);
  const final = typeof code === "number"
    ? FINAL.includes(code & 0xff)
    : /^SQLITE_(ABORT|READONLY|FULL|CONSTRAINT|MISMATCH)/.test(code);
  if (!retriable && !final) return error;
  const reason = isError(error) ? error.message : `SQLite refused with code ${code}`;
  return new RejectedError(`Cannot ${what}: ${reason}`, { cause: error, retriable });
}

/** The typed error for a step of an outbox that failed and was rolled back; typed ones are returned unchanged. */
export function outboxErrorOf(error: unknown, what: string): unknown {
  if (error instanceof TableError || error instanceof TypeError) return error;
  const [isLocked, isLackingRoom] = [isBusy(error), isFull(error)];
  const reason = isLocked ? "it is locked" : isLackingRoom ? "there is no room" : reasonIn(error);
  return new OutboxError(`Cannot ${what} in the outbox: ${reason}`, {
    cause: error,
    retriable: isLocked || isLackingRoom,
  });
}

function reasonIn(error: unknown): string {
  if (isDamage(error)) return "it is damaged, and is left alone";
  return isError(error) ? error.message : "SQLite failed";
}

/** Whether an error means that the disk or the database is full: SQLite's result code 13. */
function isFull(error: unknown): boolean {
  const code = sqliteCode(error);
  return typeof code === "number" ? (code & 0xff) === 13 : code === "SQLITE_FULL";
}
