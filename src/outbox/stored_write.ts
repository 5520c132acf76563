import { describe } from "../base/describe.ts";
import { describeWriteOp, shareWriteOp, toWriteOp } from "../queue/write_op.ts";
import { ConflictError } from "../table/errors.ts";
import { toQuery } from "../table/check_query.ts";
import type { Query } from "../table/query.ts";
import { partsOf, shareQuery } from "../table/query_parts.ts";
import type { StoredWrite } from "./outbox.ts";

/** A stored write is not checked against the columns of a table. */
const ANY_COLUMNS: readonly string[] = [];

/**
 * Checks a write and copies it.
 *
 * @throws {TypeError} if it is not a write, or holds what no row can hold; the message names what.
 */
export function toStoredWrite({ id, op, within, rowId, acceptedAt, acceptedBy }: StoredWrite): StoredWrite {
  return Object.freeze({
    id: text("The id of a write", id),
    op: toWriteOp(op),
    within: toSet(within),
    rowId: rowId === undefined ? undefined : text("The rowId of a write", rowId),
    acceptedAt: time(acceptedAt),
    acceptedBy: text("The holder that accepted a write", acceptedBy),
  });
}

/** The same write for one more reader: what cannot be frozen in it (dates, bytes) is a copy. */
export function shareStoredWrite(write: StoredWrite): StoredWrite {
  const [op, within] = [shareWriteOp(write.op), shareQuery(write.within)];
  return op === write.op && within === write.within ? write : Object.freeze({ ...write, op, within });
}

/** A write in words, for messages: `the write "7" (insert row "a")`. */
export function describeWrite({ id, op }: Pick<StoredWrite, "id" | "op">): string {
  return `the write ${describe(id)} (${describeWriteOp(op)})`;
}

/** The error for a write that an outbox could never hold: like every value out of range, it is a mistake of the caller. */
export function tooLarge(write: StoredWrite, reason: string, cause?: unknown): RangeError {
  return new RangeError(`Cannot keep ${describeWrite(write)}: ${reason}`, { cause });
}

/** The error for a write whose id is in the queue already. */
export function idConflict(write: StoredWrite): ConflictError {
  return new ConflictError(`Cannot keep ${describeWrite(write)}: the queue has a write with this id`);
}

/** The query of a handle was checked when it was made, and cannot change. */
function toSet(within: Query): Query {
  const isChecked = typeof within === "object" && within !== null && partsOf(within).checked !== undefined;
  return isChecked ? shareQuery(within) : toQuery(within, "the set of a write", ANY_COLUMNS);
}

function text(what: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new TypeError(`${what} must be a string, got ${describe(value)}`);
}

function time(value: unknown): number {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new TypeError(`The time at which a write was accepted must be a number, got ${describe(value)}`);
}
