import { type Chain, chained, itemsAfter } from "./chain.ts";
import type { Pagination } from "./pagination.ts";
import type { Condition, Order, Query } from "./query.ts";
import { describe } from "../base/describe.ts";
import { holdsMutable, toValue } from "./row.ts";

/** What a query is made of, in a form that grows cheaply: narrowing a handle n times costs n steps, not n². */
export interface QueryParts {
  readonly where: Chain<Condition> | undefined;
  readonly orderBy: Chain<Order> | undefined;
  readonly search: string | undefined;
  readonly pagination: Pagination | undefined;
  /** What of it has been checked; the conditions and orders after that have not been. */
  readonly checked: CheckedParts | undefined;
}

/** The conditions and orders that have been checked, and against which columns. */
export interface CheckedParts {
  readonly where: Chain<Condition> | undefined;
  readonly orderBy: Chain<Order> | undefined;
  readonly columns: readonly string[];
  /** Whether an operand holds a date or bytes, which freezing does not protect. */
  readonly mutable: boolean;
}

const PARTS: unique symbol = Symbol("parts of a query");

interface WithParts {
  /** The parts; `undefined` once a reader holds operands that can be changed. */
  readonly [PARTS]?: () => QueryParts | undefined;
}

/**
 * The parts of any query.
 *
 * @throws {TypeError} if its conditions or orders are no array.
 */
export function partsOf(query: Query & WithParts): QueryParts {
  const parts = query[PARTS]?.();
  if (parts !== undefined) return parts;
  return {
    where: chained(undefined, arrayOf("where", query.where)),
    orderBy: chained(undefined, arrayOf("orderBy", query.orderBy)),
    search: query.search,
    pagination: query.pagination,
    checked: undefined,
  };
}

/** A frozen query of these parts. Its arrays are made when they are first looked at. */
export function queryOf(parts: QueryParts): Query {
  return lazyQuery(parts, () => itemsAfter(undefined, parts.where), () => parts);
}

/** The same query for one more reader: operands that cannot be frozen (dates, bytes) are copies of the reader's own. */
export function shareQuery(query: Query): Query {
  const parts = partsOf(query);
  if (!isMutable(parts)) return query;
  let isHandedOut = false;
  const copies = (): Condition[] => {
    isHandedOut = true;
    return itemsAfter(undefined, parts.where).map(copyCondition);
  };
  return lazyQuery(parts, copies, () => isHandedOut ? undefined : parts);
}

function lazyQuery(parts: QueryParts, where: () => Condition[], tell: () => QueryParts | undefined): Query {
  const { orderBy, search, pagination } = parts;
  const query: { -readonly [part in keyof Query]: Query[part] } = {};
  if (parts.where !== undefined) defineLazily(query, "where", where);
  if (orderBy !== undefined) defineLazily(query, "orderBy", () => itemsAfter(undefined, orderBy));
  if (search !== undefined) query.search = search;
  if (pagination !== undefined) query.pagination = pagination;
  return Object.freeze(Object.defineProperty(query, PARTS, { value: tell }));
}

function defineLazily<T>(target: object, name: string, make: () => T[]): void {
  let made: readonly T[] | undefined;
  Object.defineProperty(target, name, { enumerable: true, get: () => made ??= Object.freeze(make()) });
}

function isMutable({ where, checked }: QueryParts): boolean {
  return checked?.mutable === true ||
    itemsAfter(checked?.where, where).some(([, , operand]) => isMutableOperand(operand));
}

function isMutableOperand(operand: Condition[2]): boolean {
  return operand !== undefined && holdsMutable(operand);
}

function copyCondition(condition: Condition): Condition {
  const [column, operator, operand] = condition;
  if (operand === undefined || !holdsMutable(operand)) return condition;
  return Object.freeze([column, operator, toValue(operand, column)] satisfies Condition);
}

function arrayOf<T>(name: string, items: readonly T[] | undefined): readonly T[] {
  if (items !== undefined && !Array.isArray(items)) {
    throw new TypeError(`${name} must be an array, got ${describe(items)}`);
  }
  return items ?? [];
}
