import { areComparable, compareValues, equalValues } from "./compare_values.ts";
import { field, type Row, type Value } from "./row.ts";
import type { RowEntry } from "./rows.ts";
import type { Condition, Order, Query } from "./query.ts";
import type { Column } from "./table_like.ts";
import { ValueSet } from "./value_set.ts";

type Test<T> = (subject: T) => boolean;

/** The rows of a set that a query leaves, in its order and on its page; all done in memory. */
export function evaluateQuery(
  entries: readonly RowEntry[],
  query: Query,
  columns: readonly Column[],
): readonly RowEntry[] {
  let result = entries;
  if (query.where !== undefined || query.search !== undefined) {
    const matches = rowMatcher(query, columns);
    result = result.filter(([, row]) => matches(row));
  }
  const { orderBy, pagination } = query;
  if (orderBy !== undefined) result = result.toSorted(([, a], [, b]) => compareRows(a, b, orderBy));
  if (pagination !== undefined) result = result.slice(pagination.skip, pagination.skip + pagination.limit);
  return result;
}

/** Whether a row belongs to the set that a query narrows to. For many rows, {@linkcode rowMatcher} is cheaper. */
export function rowMatches(row: Row, query: Query, columns: readonly Column[]): boolean {
  return rowMatcher(query, columns)(row);
}

/** A function that says whether a row belongs to the set that a query narrows to. */
export function rowMatcher({ where = [], search }: Query, columns: readonly Column[]): Test<Row> {
  const tests = where.map(rowTest);
  if (search !== undefined) tests.push(searchTest(search, columns));
  return (row) => tests.every((test) => test(row));
}

function rowTest([column, operator, operand = null]: Condition): Test<Row> {
  const holds = valueTest(operator, operand);
  return (row) => holds(field(row, column));
}

function valueTest(operator: Condition[1], operand: Value): Test<Value> {
  switch (operator) {
    case "eq":
      return (value) => equalValues(value, operand);
    case "ne":
      return (value) => !equalValues(value, operand);
    case "in":
      return membership(operand);
    case "notIn": {
      const isMember = membership(operand);
      return (value) => !isMember(value);
    }
    case "isNull":
      return (value) => value === null;
    case "notNull":
      return (value) => value !== null;
    case "gt":
      return (value) => areComparable(value, operand) && compareValues(value, operand) > 0;
    case "gte":
      return (value) => areComparable(value, operand) && compareValues(value, operand) >= 0;
    case "lt":
      return (value) => areComparable(value, operand) && compareValues(value, operand) < 0;
    case "lte":
      return (value) => areComparable(value, operand) && compareValues(value, operand) <= 0;
    default:
      return operator satisfies never;
  }
}

function membership(operand: Value): Test<Value> {
  const members = new ValueSet(Array.isArray(operand) ? operand : []);
  return (value) => members.has(value);
}

function searchTest(search: string, columns: readonly Column[]): Test<Row> {
  const wanted = search.toLowerCase();
  const searchable = columns.filter((column) => column.flags?.includes("searchable")).map((column) => column.name);
  return (row) =>
    (searchable.length > 0 ? searchable : Object.keys(row)).some((name) => {
      const value = field(row, name);
      return typeof value === "string" && value.toLowerCase().includes(wanted);
    });
}

/** The order of two rows: below zero if `a` comes first. */
export function compareRows(a: Row, b: Row, orderBy: readonly Order[]): number {
  for (const [column, direction] of orderBy) {
    const difference = compareValues(field(a, column), field(b, column));
    if (difference !== 0) return direction === "asc" ? difference : -difference;
  }
  return 0;
}
