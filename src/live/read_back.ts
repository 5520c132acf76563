import type { WriteAnswer, WriteOp } from "../queue/write_op.ts";
import { masterColumns } from "../table/master_columns.ts";
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
  if (op.kind === "delete" && row === undefined) return { kind: "applied", answer: undefined };
  if (op.kind === "delete" || row === undefined) return asBefore(row, before);
  const isDone = op.kind === "patch" ? holds(row, op.partial) : isReplaced(row, op.row, before, table);
  return isDone ? { kind: "applied", answer: row } : asBefore(row, before);
}

function asBefore(row: Row | undefined, before: Row | undefined): ReadBack {
  const isAsBefore = before !== undefined && row !== undefined && sameRow(row, before);
  return { kind: isAsBefore ? "not applied" : "unknown" };
}

/**
 * A replacement leaves no column that it does not name, but a master may add columns. So a row with others is proof only if
 * the named ones were different before.
 */
function isReplaced(row: Row, given: Row, before: Row | undefined, table: TableLike): boolean {
  const setByMaster = masterColumns(table);
  const hasOthers = Object.keys(row).some((name) => !Object.hasOwn(given, name) && !setByMaster.has(name));
  return holds(row, given) && (!hasOthers || (before !== undefined && !holds(before, given)));
}

function holds(row: Row, given: Row): boolean {
  return Object.keys(given).every((name) => sameValue(field(row, name), field(given, name)));
}
