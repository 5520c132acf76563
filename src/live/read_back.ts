import type { WriteAnswer, WriteOp } from "../queue/write_op.ts";
import { field, type Row, sameRow, sameValue } from "../table/row.ts";
import type { CallOptions, TableLike } from "../table/table_like.ts";

/** What a look at the master says of a write whose answer was lost. */
export type ReadBack =
  | { readonly kind: "applied"; readonly answer: WriteAnswer }
  | { readonly kind: "not applied" }
  | { readonly kind: "unknown" };

/** Whether a write that may have been applied can be sent again: the master knows it by its key, or by the id of the row. */
export function mayRepeat({ kind }: WriteOp, { capabilities }: TableLike): boolean {
  return capabilities.idempotencyKeys || kind === "insert";
}

/** Whether a look at the master may tell what became of an operation. */
export function canReadBack({ kind }: WriteOp, { capabilities }: TableLike): boolean {
  return capabilities.get && (kind === "patch" || kind === "replace" || kind === "delete");
}

/**
 * Looks whether a master has applied an operation. It has if the row is as it was to be; it has not if the row is as it was
 * `before` the operation was sent, where that is known. A row that is neither was changed by another write too.
 */
export async function readBack(
  op: WriteOp,
  table: TableLike,
  before: Row | undefined,
  options: CallOptions,
): Promise<ReadBack> {
  if (op.kind !== "patch" && op.kind !== "replace" && op.kind !== "delete") return { kind: "unknown" };
  const row = await table.getValue(op.id, options);
  if (isDone(op, row)) return { kind: "applied", answer: op.kind === "delete" ? undefined : row };
  const isAsBefore = before !== undefined && row !== undefined && sameRow(row, before);
  return { kind: isAsBefore ? "not applied" : "unknown" };
}

/** A master may add columns to a row that it stores. */
function isDone(op: WriteOp & { readonly kind: "patch" | "replace" | "delete" }, row: Row | undefined): boolean {
  if (op.kind === "delete" || row === undefined) return row === undefined && op.kind === "delete";
  const given = op.kind === "patch" ? op.partial : op.row;
  return Object.keys(given).every((name) => sameValue(field(row, name), field(given, name)));
}
