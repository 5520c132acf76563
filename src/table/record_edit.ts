import { NotFoundError } from "./errors.ts";
import { handlingNotFound } from "./handled_refusal.ts";
import { generatedColumns } from "./master_columns.ts";
import type { Condition } from "./query.ts";
import { replaced } from "./record_state.ts";
import { field, type Row } from "./row.ts";
import type { TableLike, WriteOptions } from "./table_like.ts";

/** What a save sends. */
export interface RecordEdit {
  /** The draft. */
  readonly row: Row;
  /** What of it was edited. */
  readonly columns: readonly string[];
  /** What it was read as. */
  readonly base: Row;
}

/**
 * Whether an edit cannot be a patch of columns as they were. A patch removes no column; but where columns are declared,
 * null means the same. No condition names a column whose name is empty.
 */
export function isReplacement({ row, columns }: RecordEdit, { columns: declared, capabilities }: TableLike): boolean {
  return !capabilities.patch ||
    columns.some((column) => column === "" || (declared.length === 0 && !Object.hasOwn(row, column)));
}

/** Replaces the row by the draft, whatever it holds by now. */
export function sendRow(table: TableLike, id: string, { row }: RecordEdit, options: WriteOptions): Promise<Row> {
  return table.replaceValue(id, replaced(row, generatedColumns(table), {}), options);
}

/** Patches the edited columns. The answer is `undefined` if they do not hold what they were read as, or there is no row. */
export async function sendPatch(
  table: TableLike,
  id: string,
  edit: RecordEdit,
  options: WriteOptions,
): Promise<Row | undefined> {
  const partial = Object.fromEntries(edit.columns.map((column) => [column, field(edit.row, column)]));
  try {
    return await asItWas(table, edit).patchValue(id, partial, handlingNotFound(options));
  } catch (error) {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  }
}

/** The rows of the set that hold in the edited columns what they were read as. */
function asItWas(table: TableLike, { columns, base }: RecordEdit): TableLike {
  const { query, columns: declared } = table;
  // A column that the table does not have is for the patch to refuse.
  const known = columns.filter((column) => declared.length === 0 || declared.some(({ name }) => name === column));
  const conditions = known.map((column): Condition => [column, "eq", field(base, column)]);
  return table.withQuery({ ...query, where: [...query.where ?? [], ...conditions] });
}
