import type { LiveHandle, OutboxEntry, Row, Rows, Value } from "@vantage/live";
import { type Output, paint } from "./output.ts";

/** Prints a row with one line per column. */
export function printRow(out: Output, row: Row): void {
  out.table(["column", "value"], Object.entries(row));
  out.line();
}

/** Prints rows as a table, with a mark at those with these ids. */
export function printRows(out: Output, { columns }: LiveHandle, rows: Rows, pending: readonly string[]): void {
  const names = columns.map(({ name }) => name);
  const values = (row: Row): readonly Value[] => names.map((name) => row[name] ?? null);
  if (pending.length === 0) out.table(names, Array.from(rows.values(), values));
  else {
    const marked = Array.from(rows, ([id, row]) => [...values(row), pending.includes(id) ? "pending" : ""]);
    out.table([...names, ""], marked);
  }
  out.line();
}

/** The ids of the rows that these writes are about. */
export function pendingIds(waiting: readonly OutboxEntry[]): readonly string[] {
  return [...new Set(waiting.flatMap(({ write: { rowId } }) => rowId ?? []))];
}

/** Prints how many writes wait, if any. */
export function printWaiting(out: Output, { length }: readonly OutboxEntry[]): void {
  if (length === 0) return;
  const count = length === 1 ? "1 write waits" : `${length} writes wait`;
  out.line(paint("yellow", "PENDING "), `${count} to be sent; demo writes shows what`);
}
