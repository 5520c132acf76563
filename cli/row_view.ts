import type { LiveHandle, Row, Rows } from "@vantage/live";
import type { Output } from "./output.ts";

/** A row for people, column under column. */
export function tellRow(out: Output, row: Row): void {
  out.table(["column", "value"], Object.entries(row));
  out.line();
}

/** Rows for people, one under the other. */
export function tellRows(out: Output, { columns }: LiveHandle, rows: Rows): void {
  const names = columns.map(({ name }) => name);
  out.table(names, Array.from(rows.values(), (row) => names.map((name) => row[name] ?? null)));
  out.line();
}
