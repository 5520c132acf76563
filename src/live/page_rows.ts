import type { Row } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { Fetched } from "./loader.ts";
import type { ListRequest } from "./read_request.ts";

/** The `limit` rows of a set from the row number `skip` on, which begins at 0. */
export interface RowRange {
  readonly skip: number;
  readonly limit: number;
}

/** A page of the master. */
export interface MasterPage extends Fetched {
  readonly request: ListRequest;
  /** The row number of its first row. */
  readonly skip: number;
  /** How many rows it has if it is full. */
  readonly limit: number;
  /** Whether it was cached. */
  readonly isHeld: boolean;
}

/** Whether a page is the last one, since it is not full. */
export function isShort({ rows, limit }: Pick<MasterPage, "rows" | "limit">): boolean {
  return rows.size < limit;
}

/** The rows of a range. A row that two pages have is there once. */
export function rowsIn(pages: readonly MasterPage[], { skip, limit }: RowRange): Rows {
  const cut = new Map<string, Row>();
  for (const { rows, skip: first } of pages) {
    let at = first;
    for (const [id, row] of rows) {
      if (at >= skip && at < skip + limit) cut.set(id, row);
      at++;
    }
  }
  return rowsOf(cut);
}

/** Whether a row is on two pages. */
export function haveRepeats(pages: readonly MasterPage[]): boolean {
  const ids = new Set<string>();
  let size = 0;
  for (const { rows } of pages) {
    size += rows.size;
    for (const id of rows.keys()) ids.add(id);
  }
  return ids.size < size;
}

/** The pages that were read before another one; all if they were read at the same time. */
export function olderOf(pages: readonly MasterPage[]): readonly MasterPage[] {
  const newest = pages.reduce((latest, { fetchedAt }) => Math.max(latest, fetchedAt), -Infinity);
  const older = pages.filter(({ fetchedAt }) => fetchedAt < newest);
  return older.length === 0 ? pages : older;
}

/** Where a set ends, as far as its pages show. */
export interface SetEnd {
  /** The row number after the last row. */
  readonly at: number;
  /** Whether there is a row before it; otherwise the set may end before. */
  readonly isExact: boolean;
}

/** Where a set ends, if one of its pages is the last one. */
export function endIn(pages: readonly MasterPage[]): SetEnd | undefined {
  const last = pages.find(isShort);
  if (last === undefined) return undefined;
  const isExact = last.rows.size > 0 || last.skip === 0 || last !== pages[0];
  return { at: last.skip + last.rows.size, isExact };
}

/** Whether two lists have the same ids in the same order. */
export function sameIds(one: Rows, other: Rows): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  const others = other.keys();
  for (const id of one.keys()) if (id !== others.next().value) return false;
  return true;
}
