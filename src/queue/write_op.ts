import { describe } from "../base/describe.ts";
import { holdsMutable, toRow } from "../table/row.ts";
import type { TableLike, WriteOptions } from "../table/table_like.ts";
import { WRITE_VERBS } from "../table/verbs.ts";
import { doWriteOp, type WriteAnswer, type WriteOp } from "../table/write_op.ts";

export type { WriteAnswer, WriteOp };

/**
 * Checks an operation and copies it.
 *
 * @throws {TypeError} if its kind is unknown, its id is not a string, or its row holds what no row can hold.
 */
export function toWriteOp(op: WriteOp): WriteOp {
  switch (op.kind) {
    case "insert":
    case "replace":
      return { kind: op.kind, id: checkedId(op.id), row: toRow(op.row) };
    case "patch":
      return { kind: op.kind, id: checkedId(op.id), partial: toRow(op.partial) };
    case "delete":
      return { kind: op.kind, id: checkedId(op.id) };
    case "deleteAll":
      return { kind: op.kind };
    case "insertReturnId":
      return { kind: op.kind, row: toRow(op.row) };
    default: {
      const { kind }: { kind: unknown } = op satisfies never;
      throw new TypeError(`Unknown operation ${describe(kind)}; accepted are ${WRITE_VERBS.join(", ")}`);
    }
  }
}

/** The same operation for one more holder: what cannot be frozen in its row (dates, bytes) is a copy. */
export function shareWriteOp(op: WriteOp): WriteOp {
  const row = "row" in op ? op.row : "partial" in op ? op.partial : undefined;
  return row === undefined || !holdsMutable(row) ? op : toWriteOp(op);
}

/**
 * Applies an operation to a table, and answers what the table answers; what the table may still change in that stays
 * its own.
 */
export async function applyWriteOp(op: WriteOp, table: TableLike, options: WriteOptions): Promise<WriteAnswer> {
  const answer = await doWriteOp(op, table, options);
  return typeof answer === "object" && holdsMutable(answer) ? toRow(answer) : answer;
}

/** The operation in words, for messages: `insert row "a"`. */
export function describeWriteOp(op: WriteOp): string {
  switch (op.kind) {
    case "deleteAll":
      return "delete all rows";
    case "insertReturnId":
      return "insert a row";
    default:
      return `${op.kind} row ${describe(op.id)}`;
  }
}

function checkedId(id: unknown): string {
  if (typeof id === "string") return id;
  throw new TypeError(`An id must be a string, got ${describe(id)}`);
}
