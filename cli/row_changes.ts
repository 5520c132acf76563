import { type Row, type Rows, sameRow, type Value } from "@vantage/live";

/** A change of one row. */
export type RowChange =
  | { readonly kind: "added"; readonly id: string; readonly row: Row }
  | { readonly kind: "changed"; readonly id: string; readonly columns: readonly ColumnChange[] }
  | { readonly kind: "removed"; readonly id: string };

/** A change of one column. */
export interface ColumnChange {
  readonly column: string;
  readonly before: Value;
  readonly after: Value;
}

/** The differences between two lists of rows, in their order; removed rows come last. */
export function rowChanges(before: Rows, after: Rows): readonly RowChange[] {
  const changes: RowChange[] = [];
  for (const [id, row] of after) {
    const old = before.get(id);
    if (old === undefined) changes.push({ kind: "added", id, row });
    else if (!sameRow(old, row)) changes.push({ kind: "changed", id, columns: columnChanges(old, row) });
  }
  for (const id of before.keys()) if (!after.has(id)) changes.push({ kind: "removed", id });
  return changes;
}

function columnChanges(before: Row, after: Row): readonly ColumnChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Array.from(names, (column) => ({ column, before: before[column] ?? null, after: after[column] ?? null }))
    .filter((change) => !sameRow({ value: change.before }, { value: change.after }));
}
