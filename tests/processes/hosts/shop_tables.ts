import type { Row, Rows } from "@vantage/live";

/** How many hosts there are; each has a column of its own in every row. */
export const HOST_COUNT = 6;
/** The tables, by who hears of changes behind them: one host by NOTIFY, one by a slot, none. */
export const TABLES = ["products", "orders", "notes"] as const;
/** The name of a table. */
export type TableName = typeof TABLES[number];
/** Those that the database tells of. */
export const HEARD: readonly TableName[] = ["products", "orders"];
/** The ids of the rows that stay. */
export const IDS: readonly string[] = Array.from({ length: 6 }, (_, at) => `r${at}`);
/** The columns: what each host writes, and what is written behind all of them. All of them only grow. */
export const COLUMNS: readonly string[] = [
  ...Array.from({ length: HOST_COUNT }, (_, host) => columnOf(host)),
  "outside",
];
/** How many rows a page has. */
export const PAGE = 3;

/** The column that a host writes. */
export function columnOf(host: number): string {
  return `h${host}`;
}

/** The row that a host inserts and deletes. */
export function ownRowOf(host: number): string {
  return `x${host}`;
}

/** What a table contains: the values of `COLUMNS`, by id. */
export type Content = Readonly<Record<string, readonly number[]>>;
/** What all tables contain. */
export type Contents = Readonly<Record<TableName, Content>>;

/** The values of a row. */
export function valuesOf(row: Row): readonly number[] {
  return COLUMNS.map((column) => Number(row[column] ?? 0));
}

/** The content of some rows. */
export function contentOf(rows: Rows): Content {
  return Object.fromEntries([...rows].map(([id, row]) => [id, valuesOf(row)]));
}
