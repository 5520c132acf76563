import { chained } from "./chain.ts";
import { UnsupportedError } from "./errors.ts";
import { DEFAULT_ITEMS_PER_PAGE, Pagination } from "./pagination.ts";
import { partsOf, queryOf } from "./query_parts.ts";
import { describe } from "../base/describe.ts";
import type { Row, Value } from "./row.ts";
import type { ColumnName, RowOf } from "./row_of.ts";

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
export type Conditions<R extends object = Row> = { readonly [C in ColumnName<R>]?: Comparand<RowOf<R>[C]> | undefined };

/**
 * The arguments of `where` for one condition on a column of `R`. The value has the type of the column; for `in` and
 * `notIn` it is a list of such values. A column of type `unknown` takes any operator and value, like a {@linkcode
 * Condition}.
 */
export type ConditionOf<R extends object> = {
  [C in ColumnName<R>]: [Value] extends [RowOf<R>[C]] ? [column: C, operator: Operator, value?: Value]
    :
      | [column: C, operator: "eq" | "ne", value: Comparand<RowOf<R>[C]>]
      | [column: C, operator: "in" | "notIn", value: readonly Comparand<RowOf<R>[C]>[]]
      | [column: C, operator: "gt" | "gte" | "lt" | "lte", value: Exclude<RowOf<R>[C], null | undefined>]
      | [column: C, operator: "isNull" | "notNull"];
}[ColumnName<R>];

/** What `eq` compares a column of type `V` with: a value of that type, or `null` if the column may be absent. */
export type Comparand<V> = undefined extends V ? Exclude<V, undefined> | null : V;

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

/** The query with one more condition, or one more for each column of an object. */
export function andWhere(
  query: Query,
  columnOrConditions: string | Conditions,
  operator?: Operator,
  value?: Value,
): Query {
  if (typeof columnOrConditions !== "object" || columnOrConditions === null) {
    return plusConditions(query, [[columnOrConditions, operator as Operator, value]]);
  }
  return plusConditions(
    query,
    Object.entries(columnOrConditions).flatMap(([column, expected]) =>
      expected === undefined ? [] : [[column, "eq", expected] satisfies Condition]
    ),
  );
}

function plusConditions(query: Query, added: readonly Condition[]): Query {
  const parts = partsOf(query);
  return queryOf({ ...parts, where: chained(parts.where, added) });
}

/** The query with one more column to order by, deciding between rows that are equal so far. */
export function thenOrderBy(query: Query, column: string, direction: "asc" | "desc"): Query {
  const parts = partsOf(query);
  return queryOf({ ...parts, orderBy: chained(parts.orderBy, [[column, direction]]) });
}

/** The query with this search in place of the one it had. */
export function withSearch(query: Query, search: string): Query {
  return queryOf({ ...partsOf(query), search });
}

/** The query at another page; the size of the page stays unless given. */
export function atPage(query: Query, page: number, itemsPerPage?: number): Query {
  const size = itemsPerPage ?? query.pagination?.itemsPerPage ?? DEFAULT_ITEMS_PER_PAGE;
  return queryOf({ ...partsOf(query), pagination: new Pagination(page, size) });
}
