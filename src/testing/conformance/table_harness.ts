import { field, type Row, type Value } from "../../table/row.ts";
import type { RowEntry } from "../../table/rows.ts";
import type { Capabilities, TableLike } from "../../table/table_like.ts";
import { type Closable, type ConformanceCase, using } from "./conformance_case.ts";
import { expectEqual, expectRow, show } from "./expect.ts";
import type { Verb } from "../../table/verbs.ts";

/** A table that holds the rows it was opened with. */
export interface OpenTable extends Closable {
  /** The table. */
  readonly table: TableLike;
}

/** A kind of table, and what tables of this kind can do. */
export interface TableHarness {
  /** The capabilities that the table must report. Verbs that are `false` must be refused, the others must work. */
  readonly capabilities: Capabilities;
  /** The column that also holds the id of a row, if there is one. */
  readonly idField: string | undefined;
  /** Whether the table knows its columns and refuses conditions on others. */
  readonly knowsColumns: boolean;
  /** Whether rows are in insertion order by default. */
  readonly keepsOrder: boolean;
  /** Whether a search ignores the case of all letters; `false` if only of a to z. */
  readonly foldsAllLetters: boolean;
  /**
   * A new table with these rows and the columns `name` and `note` (texts, searched), `price` (any number), `stock` (an
   * integer) and `active` (a boolean), all of which may be null. Ids are texts of digits.
   */
  open(rows: readonly RowEntry[]): Promise<OpenTable>;
}

/** A case of the table suite. */
export type TableCase = ConformanceCase<TableHarness>;

/** The initial rows of every table in these cases. */
export const BAKERY: readonly RowEntry[] = [
  ["1", { name: "Bun", price: 2.5, stock: 12, active: true, note: null }],
  ["2", { name: "rye bread", price: 4, stock: 0, active: true, note: "sold out by noon" }],
  ["3", { name: "\u00c9clair", price: 3.25, stock: 7, active: false, note: null }],
  ["10", { name: "Apple pie", price: 12, stock: 3, active: true, note: "50% butter" }],
  ["11", { name: "Croissant", price: 2.5, stock: 12, active: false, note: "100_percent butter" }],
  // By UTF-16 code units, the second of these two names would come first; by code points, it comes last.
  ["12", { name: "\ufb01lo", price: 0, stock: -3, active: null, note: "" }],
  ["13", { name: "\u{1f950} of the day", price: null, stock: null, active: true, note: 'It\'s "fresh"' }],
];

/** A case on a table that holds {@linkcode BAKERY}; skipped where the table lacks a verb that it needs. */
export function tableCase(
  name: string,
  needs: readonly Verb[],
  body: (table: TableLike, harness: TableHarness) => Promise<void>,
): TableCase {
  return {
    name,
    skip: ({ capabilities }) => {
      const lacking = needs.filter((verb) => !capabilities[verb]);
      return lacking.length === 0 ? undefined : `the table does not support ${lacking.join(", ")}`;
    },
    run: (harness) => using(harness.open(BAKERY), ({ table }) => body(table, harness)),
  };
}

/** The row of {@linkcode BAKERY} with an id. */
export function bakeryRow(id: string): Row {
  const entry = BAKERY.find(([candidate]) => candidate === id);
  if (entry === undefined) throw new Error(`The samples have no row ${show(id)}`);
  return entry[1];
}

/** Fails unless the rows are these, in this order if the table keeps its order. */
export function expectEntries(
  actual: Iterable<RowEntry>,
  expected: readonly RowEntry[],
  harness: TableHarness,
  what: string,
): void {
  const entries = [...actual];
  expectIds(entries.map(([id]) => id), expected.map(([id]) => id), harness, what);
  const rows = new Map(entries);
  for (const [id, row] of expected) expectContent(rows.get(id), id, row, harness, `${what}, row ${show(id)}`);
}

/** Fails unless the ids are these, in this order if the table keeps its order. */
export function expectIds(
  actual: readonly string[],
  expected: readonly string[],
  { keepsOrder }: TableHarness,
  what: string,
): void {
  if (keepsOrder) expectEqual(actual, expected, `${what}, the ids`);
  else expectEqual(actual.toSorted(), expected.toSorted(), `${what}, the ids, in any order`);
}

/** Fails unless the row holds these columns. Absent columns equal null, as in a database. */
export function expectContent(
  actual: Row | undefined,
  id: string,
  expected: Row,
  { idField }: TableHarness,
  what: string,
): void {
  if (actual === undefined) throw new Error(`${what}: expected ${show(expected)}, got nothing`);
  if (idField !== undefined) expectEqual(String(field(actual, idField)), id, `${what}, its ${idField}`);
  expectRow(content(actual, idField), content(expected, idField), what);
}

/** Fails unless the table holds exactly these rows. */
export async function expectTable(
  table: TableLike,
  expected: readonly RowEntry[],
  harness: TableHarness,
  what: string,
): Promise<void> {
  expectEntries(await table.listValues(), expected, harness, what);
}

/** The rows of {@linkcode BAKERY} with some changed, added (at the end), or removed (where `undefined`). */
export function bakeryWith(changes: { readonly [id: string]: Row | undefined }): RowEntry[] {
  const kept = BAKERY.flatMap(([id, row]): RowEntry[] => {
    const changed = Object.hasOwn(changes, id) ? changes[id] : row;
    return changed === undefined ? [] : [[id, changed]];
  });
  const added = Object.entries(changes).flatMap(([id, row]): RowEntry[] =>
    row === undefined || BAKERY.some(([known]) => known === id) ? [] : [[id, row]]
  );
  return [...kept, ...added];
}

function content(row: Row, idField: string | undefined): Row {
  const columns: Record<string, Value> = {};
  for (const [name, value] of Object.entries(row)) {
    if (value !== null && name !== idField) columns[name] = value;
  }
  return columns;
}
