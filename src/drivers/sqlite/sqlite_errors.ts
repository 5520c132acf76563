import { isBusy, sqliteCode } from "./sqlite_handle.ts";
import { ConflictError, RejectedError } from "../../table/errors.ts";
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
