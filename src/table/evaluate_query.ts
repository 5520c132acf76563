import { field, type Row, sameValue, type Value } from "./row.ts";
import type { RowEntry } from "./rows.ts";
import type { Condition, Order, Query } from "./query.ts";
import type { Column } from "./table_like.ts";

/** The rows of a set that a query leaves, in its order and on its page; all done in memory. */
export function evaluateQuery(
  entries: readonly RowEntry[],
  query: Query,
  columns: readonly Column[],
): readonly RowEntry[] {
  let result = entries;
  if (query.where !== undefined || query.search !== undefined) {
    result = result.filter(([, row]) => rowMatches(row, query, columns));
  }
  const { orderBy, pagination } = query;
  if (orderBy !== undefined) result = result.toSorted(([, a], [, b]) => compareRows(a, b, orderBy));
  if (pagination !== undefined) result = result.slice(pagination.skip, pagination.skip + pagination.limit);
  return result;
}

/** Whether a row belongs to the set that a query narrows to. */
export function rowMatches(row: Row, query: Query, columns: readonly Column[]): boolean {
  return (query.where ?? []).every((condition) => holds(row, condition)) &&
    (query.search === undefined || found(row, query.search, columns));
}

function holds(row: Row, [column, operator, operand = null]: Condition): boolean {
  const value = field(row, column);
  switch (operator) {
    case "eq":
      return equal(value, operand);
    case "ne":
      return !equal(value, operand);
    case "in":
      return oneOf(value, operand);
    case "notIn":
      return !oneOf(value, operand);
    case "isNull":
      return value === null;
    case "notNull":
      return value !== null;
    case "gt":
      return comparable(value, operand) && compareValues(value, operand) > 0;
    case "gte":
      return comparable(value, operand) && compareValues(value, operand) >= 0;
    case "lt":
      return comparable(value, operand) && compareValues(value, operand) < 0;
    case "lte":
      return comparable(value, operand) && compareValues(value, operand) <= 0;
    default:
      return operator satisfies never;
  }
}

function oneOf(value: Value, operand: Value): boolean {
  return Array.isArray(operand) && operand.some((candidate) => equal(value, candidate));
}

function equal(a: Value, b: Value): boolean {
  return isNumeric(a) && isNumeric(b) ? a == b : sameValue(a, b);
}

function found(row: Row, search: string, columns: readonly Column[]): boolean {
  const wanted = search.toLowerCase();
  const marked = columns.filter((column) => column.flags?.includes("searchable"));
  const names = marked.length > 0 ? marked.map((column) => column.name) : Object.keys(row);
  return names.some((name) => {
    const value = field(row, name);
    return typeof value === "string" && value.toLowerCase().includes(wanted);
  });
}

function compareRows(a: Row, b: Row, orderBy: readonly Order[]): number {
  for (const [column, direction] of orderBy) {
    const difference = compareValues(field(a, column), field(b, column));
    if (difference !== 0) return direction === "asc" ? difference : -difference;
  }
  return 0;
}

const KINDS = ["null", "boolean", "number", "date", "string", "bytes", "other"];

function kind(value: Value): string {
  if (value === null) return "null";
  if (isNumeric(value)) return "number";
  if (typeof value !== "object") return typeof value;
  if (value instanceof Date) return "date";
  return value instanceof Uint8Array ? "bytes" : "other";
}

function comparable(a: Value, b: Value): boolean {
  const kindOfA = kind(a);
  return kindOfA === kind(b) && kindOfA !== "null" && kindOfA !== "other";
}

function compareValues(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof Date && b instanceof Date) return a.getTime() - b.getTime();
  if (isNumeric(a) && isNumeric(b)) return a < b ? -1 : a > b ? 1 : 0;
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  return KINDS.indexOf(kind(a)) - KINDS.indexOf(kind(b));
}

/** By code point, as UTF-8 bytes would compare: databases do so, while `<` compares UTF-16 code units. */
function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index++;
  if (index === length) return a.length - b.length;
  const [unitOfA, unitOfB] = [a.charCodeAt(index), b.charCodeAt(index)];
  // A surrogate stands for a code point beyond all other code units.
  return (isSurrogate(unitOfA) ? unitOfA + 0x10000 : unitOfA) - (isSurrogate(unitOfB) ? unitOfB + 0x10000 : unitOfB);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff;
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}
