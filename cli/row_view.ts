import type { LiveHandle, Row, Rows } from "@vantage/live";
import type { Output } from "./output.ts";

/** Prints a row with one line per column. */
export function printRow(out: Output, row: Row): void {
  out.table(["column", "value"], Object.entries(row));
  out.line();
}

/** Prints rows as a table. */
export function printRows(out: Output, { columns }: LiveHandle, rows: Rows): void {
  const names = columns.map(({ name }) => name);
  out.table(names, Array.from(rows.values(), (row) => names.map((name) => row[name] ?? null)));
  out.line();
}
