import { InvalidAnswerError, UnsupportedError } from "../../table/errors.ts";
import { rowMatches } from "../../table/evaluate_query.ts";
import type { Pagination } from "../../table/pagination.ts";
import type { Order, Query } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { field, type Row } from "../../table/row.ts";
import { type Rows, rowsOf } from "../../table/rows.ts";

/** What was asked, for error messages. */
interface Answer {
  readonly what: string;
}

/**
 * The row that `read` finds in an answer.
 *
 * @throws {InvalidAnswerError} if `read` throws.
 */
export function checkedRow(read: () => Row, { what }: Answer): Row {
  try {
    return read();
  } catch (cause) {
    throw new InvalidAnswerError(`${what} was answered with something that is not a row`, { cause });
  }
}

/**
 * Rows by id.
 *
 * @throws {InvalidAnswerError} if a row has no id, or two rows have the same one.
 */
export function uniqueRows(entries: Iterable<readonly [id: string | undefined, row: Row]>, { what }: Answer): Rows {
  const rows = new Map<string, Row>();
  for (const [id, row] of entries) {
    if (id === undefined) throw new InvalidAnswerError(`${what} was answered with a row without an id`);
    if (rows.has(id)) throw new InvalidAnswerError(`${what} was answered with two rows of id ${describe(id)}`);
    rows.set(id, row);
  }
  return rowsOf(rows);
}

/**
 * Refuses more rows than a page can hold.
 *
 * @throws {InvalidAnswerError} if there are more.
 */
export function checkPage({ size }: Rows, page: Pagination | undefined, { what }: Answer): void {
  if (page === undefined || size <= page.limit) return;
  throw new InvalidAnswerError(`${what} was asked for ${page.limit} rows at most and answered with ${size}`);
}

/**
 * Checks a count of rows found in an answer.
 *
 * @throws {InvalidAnswerError} if it is not a whole number of at least 0.
 */
export function checkedCount(count: unknown, { what }: Answer): number {
  if (typeof count === "number" && Number.isSafeInteger(count) && count >= 0) return count;
  throw new InvalidAnswerError(`${what} was answered with a count of ${describe(count)}`);
}

export function narrowed(rows: Rows, { where = [], pagination }: Query, { what }: Answer): Rows {
  if (where.length === 0) return rows;
  const kept = new Map<string, Row>();
  for (const [id, row] of rows) {
    const [column, operator, operand] = where.find((condition) => !rowMatches(row, { where: [condition] }, [])) ?? [];
    if (column === undefined) {
      kept.set(id, row);
      continue;
    }
    const value = field(row, column);
    const wanted = `${operator === "eq" ? "" : `${operator} `}${describe(operand)}`;
    const asked = `${what} was asked for ${describe(column)} ${wanted} and answered with ${describe(value)}`;
    const isOtherKind = operator === "eq" && typeof value !== "object" && String(value) === String(operand);
    if (!isOtherKind) throw new InvalidAnswerError(asked);
    // On a page, rows of the other kind take the place of rows that match.
    if (pagination !== undefined) throw new UnsupportedError(`${asked}, which a parameter cannot distinguish`);
  }
  return rowsOf(kept);
}

/**
 * Refuses rows in the wrong order. Only numbers are compared, since there are many ways to order texts.
 *
 * @throws {InvalidAnswerError} that names the two rows.
 */
export function checkOrder(rows: Rows, orderBy: readonly Order[] | undefined, { what }: Answer): void {
  const [column, direction] = orderBy?.[0] ?? [];
  if (column === undefined) return;
  let before: unknown;
  for (const row of rows.values()) {
    const value = field(row, column);
    const isOrdered = typeof before !== "number" || typeof value !== "number" ||
      (direction === "asc" ? before <= value : before >= value);
    if (!isOrdered) {
      throw new InvalidAnswerError(
        `${what} was asked for rows by ${describe(column)} ${direction} and answered with ${before} before ${value}`,
      );
    }
    before = value;
  }
}
