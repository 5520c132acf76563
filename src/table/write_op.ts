import type { Row } from "./row.ts";
import type { PatchOf, RowOf } from "./row_of.ts";
import type { TableLike, WriteOptions } from "./table_like.ts";

/** One operation on a table. */
export type WriteOp<R extends object = Row> =
  | { readonly kind: "insert"; readonly id: string; readonly row: RowOf<R> }
  | { readonly kind: "replace"; readonly id: string; readonly row: RowOf<R> }
  | { readonly kind: "patch"; readonly id: string; readonly partial: PatchOf<R> }
  | { readonly kind: "delete"; readonly id: string }
  | { readonly kind: "deleteAll" }
  | { readonly kind: "insertReturnId"; readonly row: RowOf<R> };

/** What a master answers to an operation: the row, the new id, or nothing. */
export type WriteAnswer<R extends object = Row> = RowOf<R> | string | void;

/** Does an operation with the table's method for it. */
export function doWriteOp(op: WriteOp, table: TableLike, options: WriteOptions): Promise<WriteAnswer> {
  switch (op.kind) {
    case "insert":
      return table.insertValue(op.id, op.row, options);
    case "replace":
      return table.replaceValue(op.id, op.row, options);
    case "patch":
      return table.patchValue(op.id, op.partial, options);
    case "delete":
      return table.delete(op.id, options);
    case "deleteAll":
      return table.deleteAll(options);
    case "insertReturnId":
      return table.insertReturnIdValue(op.row, options);
    default:
      return op satisfies never;
  }
}
