import { DEFAULT_ITEMS_PER_PAGE, Pagination } from "./pagination.ts";
import { UnsupportedError } from "./errors.ts";
import { canonicalValue } from "./canonical_value.ts";
import { describe, holdsMutable, toValue, type Value } from "./row.ts";

/** The operators a condition can use. */
export const OPERATORS = ["eq", "ne", "gt", "gte", "lt", "lte", "in", "notIn", "isNull", "notNull"] as const;

/**
 * How a condition compares. An absent column counts as `null`; `ne` and `notIn` are the exact opposites of `eq` and
 * `in`, so they hold for `null`; `gt`, `gte`, `lt` and `lte` never do. Text is compared by code point.
 */
export type Operator = typeof OPERATORS[number];

/** One condition on a column. `in` and `notIn` take an array; `isNull` and `notNull` take no value. */
export type Condition = readonly [column: string, operator: Operator, value?: Value | undefined];

/** One column to order by. `null` comes first when ascending. */
export type Order = readonly [column: string, direction: "asc" | "desc"];

/** How a table is narrowed, ordered and paged. */
export interface Query {
  /** All must hold. */
  readonly where?: readonly Condition[] | undefined;
  /** The first column decides, the next decides between equals, and so on. */
  readonly orderBy?: readonly Order[] | undefined;
  /** Text to look for in the searchable columns; the case of letters does not count. */
  readonly search?: string | undefined;
  /** The window to look through; without one, all rows. */
  readonly pagination?: Pagination | undefined;
}

/** Conditions as one object: column → value, meaning `eq` (or `isNull` for `null`). */
export type Conditions = { readonly [column: string]: Value | undefined };

/**
 * A checked, frozen copy of a query. Empty parts are left out, `eq null` becomes `isNull`, `ne null` `notNull`.
 *
 * @throws {TypeError} if a part has the wrong shape, an operator is unknown, or a column is not among `columns`
 * (when there are any); the message names it and what is accepted.
 */
export function toQuery(query: Query, tableName: string, columns: readonly string[]): Query {
  const where = list("where", query.where).map((condition) => toCondition(condition, tableName, columns));
  const orderBy = list("orderBy", query.orderBy).map((order) => toOrder(order, tableName, columns));
  const search = query.search ?? "";
  if (typeof search !== "string") throw new TypeError(`search must be a string, got ${describe(search)}`);
  const { pagination } = query;
  if (pagination !== undefined && !(pagination instanceof Pagination)) {
    throw new TypeError(`pagination must be a Pagination, got ${describe(pagination)}`);
  }
  return Object.freeze({
    ...(where.length > 0 && { where: Object.freeze(where) }),
    ...(orderBy.length > 0 && { orderBy: Object.freeze(orderBy) }),
    ...(search !== "" && { search }),
    ...(pagination !== undefined && { pagination }),
  });
}

/** Whether a query leaves rows out of the set. Order and page do not. */
export function isNarrowed(query: Query): boolean {
  return (query.where?.length ?? 0) > 0 || (query.search ?? "") !== "";
}

/** The part of a query that says which rows are in the set. */
export function narrowing(query: Query): Query {
  return {
    ...(query.where !== undefined && { where: query.where }),
    ...(query.search !== undefined && { search: query.search }),
  };
}

/** Whether a query stands for all rows, in whatever order. */
export function isUnlimited(query: Query): boolean {
  return !isNarrowed(query) && query.pagination === undefined;
}

/**
 * What is in the sets of both queries, on the page of the second.
 *
 * @throws {UnsupportedError} if both search, since a query has but one search.
 */
export function bothNarrowings(one: Query, other: Query): Query {
  if (one.search && other.search && one.search !== other.search) {
    throw new UnsupportedError(`Cannot search for ${describe(one.search)} and ${describe(other.search)} at once`);
  }
  return {
    where: [...one.where ?? [], ...other.where ?? []],
    search: one.search ?? other.search,
    pagination: other.pagination,
  };
}

/** The same query for one more reader: operands that cannot be frozen (dates, bytes) are copies of the reader's own. */
export function shareQuery(query: Query): Query {
  if (!query.where?.some(([, , operand]) => operand !== undefined && holdsMutable(operand))) return query;
  const where = query.where.map(([column, operator, operand]): Condition =>
    operand === undefined ? [column, operator] : [column, operator, toValue(operand, column)]
  );
  return Object.freeze({ ...query, where: Object.freeze(where.map((condition) => Object.freeze(condition))) });
}

/** The query with one more condition, or one more for each column of an object. */
export function andWhere(
  query: Query,
  columnOrConditions: string | Conditions,
  operator?: Operator,
  value?: Value,
): Query {
  const added: Condition[] = typeof columnOrConditions === "string"
    ? [[columnOrConditions, operator as Operator, value]]
    : Object.entries(columnOrConditions).flatMap(([column, expected]) =>
      expected === undefined ? [] : [[column, "eq", expected] satisfies Condition]
    );
  return { ...query, where: [...query.where ?? [], ...added] };
}

/** The query with one more column to order by, deciding between rows that are equal so far. */
export function thenOrderBy(query: Query, column: string, direction: "asc" | "desc"): Query {
  return { ...query, orderBy: [...query.orderBy ?? [], [column, direction]] };
}

/** The query at another page; the size of the page stays unless given. */
export function atPage(query: Query, page: number, itemsPerPage?: number): Query {
  const size = itemsPerPage ?? query.pagination?.itemsPerPage ?? DEFAULT_ITEMS_PER_PAGE;
  return { ...query, pagination: new Pagination(page, size) };
}

/**
 * A text that is the same for two queries exactly if they stand for the same rows in the same order, whatever the
 * page: conditions are sorted, values keep their kind apart (`1`, `1n`, `"1"` and `true` are four things).
 */
export function canonicalQuery(query: Query): string {
  const where = [...new Set((query.where ?? []).map(canonicalCondition))].sort();
  const orderBy = (query.orderBy ?? []).map(([column, direction]) => `${JSON.stringify(column)} ${direction}`);
  return [
    where.length > 0 ? `where=${where.join("&")}` : "",
    orderBy.length > 0 ? `order=${orderBy.join(",")}` : "",
    query.search ? `search=${JSON.stringify(query.search)}` : "",
  ].filter((part) => part !== "").join(";");
}

function canonicalCondition([column, operator, value]: Condition): string {
  const operand = Array.isArray(value) && (operator === "in" || operator === "notIn")
    ? `[${[...new Set(value.map(canonicalValue))].sort().join(",")}]`
    : canonicalValue(value ?? null);
  return `${JSON.stringify(column)} ${operator} ${operand}`;
}

function toCondition(condition: Condition, tableName: string, columns: readonly string[]): Condition {
  if (!Array.isArray(condition)) {
    throw new TypeError(`A condition must be [column, operator, value], got ${describe(condition)}`);
  }
  const [column, operator, operand] = condition as readonly unknown[];
  const name = knownColumn(column, "a condition", tableName, columns);
  if (!OPERATORS.includes(operator as Operator)) {
    throw new TypeError(
      `Unknown operator ${describe(operator)} in a condition on ${describe(name)}; accepted are ${
        OPERATORS.join(", ")
      }`,
    );
  }
  return Object.freeze(withOperand(name, operator as Operator, operand));
}

function withOperand(column: string, operator: Operator, operand: unknown): Condition {
  switch (operator) {
    case "isNull":
    case "notNull":
      return [column, operator];
    case "in":
    case "notIn":
      if (!Array.isArray(operand)) {
        throw new TypeError(
          `The operator "${operator}" on ${describe(column)} takes an array, got ${describe(operand)}`,
        );
      }
      return [column, operator, toValue(operand, column)];
    case "eq":
      return operand === null ? [column, "isNull"] : [column, operator, operandValue(column, operator, operand)];
    case "ne":
      return operand === null ? [column, "notNull"] : [column, operator, operandValue(column, operator, operand)];
    default:
      return [column, operator, operandValue(column, operator, operand)];
  }
}

function operandValue(column: string, operator: Operator, operand: unknown): Value {
  if (operand === undefined) throw new TypeError(`The operator "${operator}" on ${describe(column)} needs a value`);
  return toValue(operand, column);
}

function toOrder(order: Order, tableName: string, columns: readonly string[]): Order {
  if (!Array.isArray(order)) throw new TypeError(`An order must be [column, "asc" | "desc"], got ${describe(order)}`);
  const [column, direction] = order as readonly unknown[];
  const name = knownColumn(column, "an order", tableName, columns);
  if (direction !== "asc" && direction !== "desc") {
    throw new TypeError(
      `Unknown direction ${describe(direction)} in an order by ${describe(name)}; accepted are asc, desc`,
    );
  }
  return Object.freeze([name, direction] satisfies Order);
}

function knownColumn(column: unknown, place: string, tableName: string, columns: readonly string[]): string {
  if (typeof column !== "string" || column === "") {
    throw new TypeError(`A column in ${place} must be a name, got ${describe(column)}`);
  }
  if (columns.length > 0 && !columns.includes(column)) {
    throw new TypeError(
      `Unknown column ${describe(column)} in ${place} on ${describe(tableName)}; accepted are ${columns.join(", ")}`,
    );
  }
  return column;
}

function list<T>(name: string, items: readonly T[] | undefined): readonly T[] {
  if (items !== undefined && !Array.isArray(items)) {
    throw new TypeError(`${name} must be an array, got ${describe(items)}`);
  }
  return items ?? [];
}
