import type { Operator, Query } from "./query.ts";
import type { Capabilities } from "./table_like.ts";
import type { TableSource } from "./table_source.ts";
import { type Verb, VERBS } from "./verbs.ts";

/** What a source can do: the verbs it has and does not hide, and what it says of queries. */
export function capabilitiesOf(source: TableSource<object>): Capabilities {
  const { page = false, where = [], orderBy = false, search = false, ...declared } = source.capabilities ?? {};
  const { exact = where.length === 0 && !orderBy && !search, sameRows = source.get === undefined } = declared;
  const { idempotencyKeys = false, writeMany = true } = declared;
  const can = (verb: Verb): boolean => hasVerb(source, verb) && declared[verb] !== false;
  const verbs = Object.fromEntries(VERBS.map((verb) => [verb, can(verb)])) as Record<Verb, boolean>; // Each of them.
  const operators = Object.freeze([...where]);
  const more = { idempotencyKeys, writeMany: writeMany && source.writeMany !== undefined };
  return Object.freeze({ ...verbs, page, where: operators, orderBy, search, exact, sameRows, ...more });
}

/**
 * Whether a source has a verb, or what stands in for it: one that does not page has all its rows at hand, among which one
 * is found, and which can be counted.
 */
export function hasVerb(source: TableSource<object>, verb: Verb): boolean {
  return source[verb] !== undefined || ((verb === "get" || verb === "count") && source.capabilities?.page !== true);
}

/** What the source does of a query, and what is left to do in memory. A page comes after all else. */
export function splitQuery(query: Query, can: Capabilities): { readonly pushed: Query; readonly rest: Query } {
  const knows = (operator: Operator): boolean => can.where.includes(operator);
  const mine = query.where?.filter(([, operator]) => knows(operator)) ?? [];
  const left = query.where?.filter(([, operator]) => !knows(operator)) ?? [];
  const searchLeft = query.search !== undefined && !can.search;
  const orderLeft = query.orderBy !== undefined && !can.orderBy;
  const pageLeft = query.pagination !== undefined && (!can.page || left.length > 0 || searchLeft || orderLeft);
  return {
    pushed: {
      ...(mine.length > 0 && { where: mine }),
      ...(query.search !== undefined && !searchLeft && { search: query.search }),
      ...(query.orderBy !== undefined && !orderLeft && { orderBy: query.orderBy }),
      ...(query.pagination !== undefined && !pageLeft && { pagination: query.pagination }),
    },
    rest: {
      ...(left.length > 0 && { where: left }),
      ...(searchLeft && { search: query.search }),
      ...(orderLeft && { orderBy: query.orderBy }),
      ...(pageLeft && { pagination: query.pagination }),
    },
  };
}
