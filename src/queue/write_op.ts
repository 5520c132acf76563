import { describe } from "../base/describe.ts";
import { holdsMutable, type Row, toRow } from "../table/row.ts";
import type { TableLike, WriteOptions } from "../table/table_like.ts";
import { WRITE_VERBS } from "../table/verbs.ts";
import { doWriteOp, type WriteAnswer, type WriteOp } from "../table/write_op.ts";

export type { WriteAnswer, WriteOp };

/**
 * Checks an operation and copies it.
 *
 * @throws {TypeError} if its kind is unknown, its id is not a string, or its row holds what no row can hold; the message names
 * the operation and its row.
 */
export function toWriteOp(op: WriteOp): WriteOp {
  if (typeof op !== "object" || op === null) {
    throw new TypeError(`A write must be an operation, such as { kind: "delete", id: "a" }, got ${describe(op)}`);
  }
  switch (op.kind) {
    case "insert":
    case "replace":
      return { kind: op.kind, id: checkedId(op), row: checkedRow(op, "row", op.row) };
    case "patch":
      return { kind: op.kind, id: checkedId(op), partial: checkedRow(op, "partial", op.partial) };
    case "delete":
      return { kind: op.kind, id: checkedId(op) };
    case "deleteAll":
      return { kind: op.kind };
    case "insertReturnId":
      return { kind: op.kind, row: checkedRow(op, "row", op.row) };
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

function checkedId({ kind, id }: { readonly kind: string; readonly id: unknown }): string {
  if (typeof id === "string") return id;
  throw new TypeError(`Cannot ${kind} a row: An id must be a string, got ${describe(id)}`);
}

function checkedRow(op: WriteOp, name: string, row: unknown): Row {
  try {
    return toRow(row);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new TypeError(`Cannot ${describeWriteOp(op)} with this ${name}: ${error.message}`, { cause: error });
  }
}
