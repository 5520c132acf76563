import { compareRows, rowMatcher } from "../table/evaluate_query.ts";
import { isNarrowed, type Query } from "../table/query.ts";
import { field, type Row, sameValue } from "../table/row.ts";
import type { Column } from "../table/table_like.ts";

/** What decides which rows an entry has, and in which order. */
export interface View {
  /** The one row that the entry is for; `undefined` for a list. */
  readonly id: string | undefined;
  /** Whether the entry is for the number of rows. */
  readonly isCount: boolean;
  /** Which rows of the set the entry is for; `undefined` for all. */
  readonly page: { readonly skip: number; readonly limit: number } | undefined;
  /** Whether conditions or a search leave rows out. */
  readonly isNarrowed: boolean;
  /** The columns that decide whether a row is in the set; `undefined` if any may. */
  readonly narrowedBy: ReadonlySet<string> | undefined;
  /** The columns that the rows are ordered by. The master's own order is taken to depend on none. */
  readonly orderedBy: ReadonlySet<string>;
  /** Whether the row of a change is for certain what the master returns here. The rows of a list may have other columns. */
  readonly sameRows: boolean;
  /** Whether a row is in the set; `undefined` if only the master knows. */
  readonly matches: (row: Row) => boolean | undefined;
  /** The order of two rows, where there is one that is known without the master. */
  readonly compare: ((a: Row, b: Row) => number) | undefined;
}

/** What a view depends on besides its query. */
export interface ViewOptions {
  readonly columns: readonly Column[];
  /** Whether the master evaluates conditions, searches and orders exactly as this module does. */
  readonly exact: boolean;
  /** Whether a row of a list is what `getValue` returns. */
  readonly sameRows: boolean;
}

/** What an entry is for besides a set: one of its rows, or their number. */
export interface Part {
  readonly id?: string | undefined;
  readonly isCount?: boolean | undefined;
}

/** The view of a list, of one row of a set, or of its size. */
export function viewOf(query: Query, { id, isCount = false }: Part, options: ViewOptions): View {
  const { where = [], pagination } = query;
  const { orderBy = [] } = isCount ? {} : query;
  const { columns, exact, sameRows } = options;
  const narrowed = isNarrowed(query);
  const searched = query.search ? searchedColumns(options) : [];
  return {
    id,
    isCount,
    page: id === undefined && !isCount && pagination !== undefined
      ? { skip: pagination.skip, limit: pagination.limit }
      : undefined,
    isNarrowed: narrowed,
    narrowedBy: searched && new Set([...where.map(([column]) => column), ...searched]),
    orderedBy: new Set(orderBy.map(([column]) => column)),
    sameRows: sameRows || id !== undefined,
    matches: narrowed ? exact ? matcher(query, columns) : () => undefined : () => true,
    compare: exact && orderBy.length > 0 ? (a, b) => compareRows(a, b, orderBy) : undefined,
  };
}

/** Whether two states of a row are equally in the set, or out of it. */
export function sameMembership({ narrowedBy }: View, before: Row, after: Row): boolean {
  return narrowedBy !== undefined && sameIn(narrowedBy, before, after);
}

/** Whether two states of a row have the same place in the order. */
export function sameOrder({ orderedBy }: View, before: Row, after: Row): boolean {
  return sameIn(orderedBy, before, after);
}

/** Whether a change of these columns, or of any if they are not known, leaves the place of a row as it was. */
export function keepsPlace({ narrowedBy, orderedBy }: View, columns: readonly string[] | undefined): boolean {
  if (narrowedBy?.size === 0 && orderedBy.size === 0) return true;
  if (narrowedBy === undefined || columns === undefined) return false;
  return !columns.some((column) => narrowedBy.has(column) || orderedBy.has(column));
}

function sameIn(columns: ReadonlySet<string>, before: Row, after: Row): boolean {
  for (const column of columns) if (!sameValue(field(before, column), field(after, column))) return false;
  return true;
}

/** A search looks at any column unless some are declared; a master may look at more than it declares. */
function searchedColumns({ columns, exact }: ViewOptions): readonly string[] | undefined {
  const searchable = columns.filter(({ flags }) => flags?.includes("searchable") === true).map(({ name }) => name);
  return exact && searchable.length > 0 ? searchable : undefined;
}

/** Databases differ in the case of letters beyond ASCII: there a search is left to the master. */
function matcher(query: Query, columns: readonly Column[]): View["matches"] {
  const matches = rowMatcher(query, columns);
  if (!query.search) return matches;
  if (!isAscii(query.search)) return () => undefined;
  return (row) =>
    Object.values(row).every((value) => typeof value !== "string" || isAscii(value)) ? matches(row) : undefined;
}

function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
