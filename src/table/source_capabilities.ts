import { checkFunction, checkOptions } from "../base/check_options.ts";
import { type Operator, OPERATORS, type Query } from "./query.ts";
import { describe } from "../base/describe.ts";
import type { Capabilities } from "./table_like.ts";
import type { TableSource } from "./table_source.ts";
import { type Verb, VERBS } from "./verbs.ts";

/**
 * What a source can do: the verbs it has and does not hide, and what it says of queries.
 *
 * @throws {TypeError} if it advertises a verb that it lacks, has one that is no function, or names a capability or an
 * operator that does not exist.
 */
export function capabilitiesOf(source: TableSource): Capabilities {
  const declared = source.capabilities ?? {};
  checkDeclared(source.name, declared);
  for (const verb of VERBS) checkFunction(`${verb} of the source ${describe(source.name)}`, source[verb]);
  // A source that does not page has all its rows at hand, among which one is found, and which can be counted.
  const derived = (verb: Verb): boolean => (verb === "get" || verb === "count") && declared.page !== true;
  for (const verb of VERBS) {
    if (declared[verb] === true && source[verb] === undefined && !derived(verb)) {
      throw new TypeError(`The source ${describe(source.name)} advertises ${verb}, but has no such function`);
    }
  }
  const can = (verb: Verb): boolean => (source[verb] !== undefined || derived(verb)) && declared[verb] !== false;
  return Object.freeze({
    get: can("get"),
    count: can("count"),
    page: declared.page ?? false,
    where: Object.freeze([...declared.where ?? []]),
    orderBy: declared.orderBy ?? false,
    search: declared.search ?? false,
    insert: can("insert"),
    replace: can("replace"),
    patch: can("patch"),
    delete: can("delete"),
    deleteAll: can("deleteAll"),
    insertReturnId: can("insertReturnId"),
  });
}

const CAPABILITIES: readonly string[] = [...VERBS, "page", "where", "orderBy", "search"];

function checkDeclared(name: string, declared: Partial<Capabilities>): void {
  checkOptions(`capabilities of ${describe(name)}`, declared, CAPABILITIES);
  const { where = [] } = declared;
  const unknown = where.find((operator) => !OPERATORS.includes(operator));
  if (unknown === undefined) return;
  throw new TypeError(
    `${describe(name)} names the operator ${describe(unknown)}; accepted are ${OPERATORS.join(", ")}`,
  );
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
