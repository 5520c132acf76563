import type { Column, ColumnFlag, TableLike } from "./table_like.ts";

const known = new WeakMap<readonly Column[], Map<string | undefined, ReadonlySet<string>>>();

/** The columns that the master alone sets: the id and what it generates. The same set for all rows of a table. */
export function masterColumns({ columns, idField }: Pick<TableLike, "columns" | "idField">): ReadonlySet<string> {
  const sets = known.get(columns) ?? new Map<string | undefined, ReadonlySet<string>>();
  const names = sets.get(idField) ??
    new Set([...flagged(columns, "id"), ...flagged(columns, "generated"), ...(idField === undefined ? [] : [idField])]);
  known.set(columns, sets.set(idField, names));
  return names;
}

/** The columns that are computed by the master and cannot be written. */
export function generatedColumns({ columns }: Pick<TableLike, "columns">): readonly string[] {
  return flagged(columns, "generated");
}

function flagged(columns: readonly Column[], flag: ColumnFlag): readonly string[] {
  return columns.filter(({ flags }) => flags?.includes(flag)).map(({ name }) => name);
}
