import { InvalidAnswerError, UnsupportedError } from "../table/errors.ts";
import { rowMatches } from "../table/evaluate_query.ts";
import type { Pagination } from "../table/pagination.ts";
import type { Query } from "../table/query.ts";
import { describe, field, type Row } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { RestAnswer } from "./rest_client.ts";

/**
 * The row that `read` finds in an answer.
 *
 * @throws {InvalidAnswerError} if it finds none.
 */
export function checkedRow(read: () => Row, { what }: RestAnswer): Row {
  try {
    return read();
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something that is no row`, { cause });
  }
}

/**
 * Rows under their ids, each once.
 *
 * @throws {InvalidAnswerError} if one has no id, or that of another.
 */
export function uniqueRows(entries: Iterable<readonly [id: string | undefined, row: Row]>, { what }: RestAnswer): Rows {
  const rows = new Map<string, Row>();
  for (const [id, row] of entries) {
    if (id === undefined) throw new InvalidAnswerError(`${what} was answered with a row without an id`);
    if (rows.has(id)) throw new InvalidAnswerError(`${what} was answered with two rows of id ${describe(id)}`);
    rows.set(id, row);
  }
  return rowsOf(rows);
}

/**
 * Refuses what is not the page that was asked for, or does not agree with the count that came with it.
 *
 * @throws {InvalidAnswerError} that is retriable if it is the count: somebody may have changed the data between the two.
 */
export function checkPage(
  { size }: Rows,
  page: Pagination | undefined,
  total: number | undefined,
  { what }: RestAnswer,
): void {
  if (page !== undefined && size > page.limit) {
    throw new InvalidAnswerError(`${what} was asked for ${page.limit} rows at the most and answered with ${size}`);
  }
  if (total === undefined) return;
  const skip = page?.skip ?? 0;
  const expected = Math.min(page?.limit ?? total, Math.max(0, total - skip));
  if (size === expected) return;
  throw new InvalidAnswerError(
    `${what} was answered with ${size} rows where there are ${expected}, by its own count of ${total}`,
    { retriable: true },
  );
}

/**
 * The number of rows that an answer tells.
 *
 * @throws {InvalidAnswerError} if it is none.
 */
export function checkedCount(count: unknown, { what }: RestAnswer): number {
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw new InvalidAnswerError(`${what} was answered with a count of ${describe(count)}`);
}

/**
 * The rows that were asked for. A resource that does not know a parameter answers as if it was not there, and one that
 * does cannot tell the number 5 in it from the text "5".
 */
export function narrowed(rows: Rows, { where = [], pagination }: Query, { what }: RestAnswer): Rows {
  const kept = new Map<string, Row>();
  for (const [id, row] of rows) {
    const [column, , operand] = where.find((condition) => !rowMatches(row, { where: [condition] }, [])) ?? [];
    if (column === undefined) {
      kept.set(id, row);
      continue;
    }
    const value = field(row, column);
    const asked = `${what} was asked for ${describe(column)} ${describe(operand)} and answered with ${describe(value)}`;
    if (typeof value === "object" || String(value) !== String(operand)) throw new InvalidAnswerError(asked);
    // On a page they stand in the place of others.
    if (pagination !== undefined) throw new UnsupportedError(`${asked}, which a parameter cannot tell apart`);
  }
  return rowsOf(kept);
}
