import { UnsupportedError } from "../table/errors.ts";
import { Pagination } from "../table/pagination.ts";
import type { Condition, Order, Query } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import { fromWire, isList, type Json, toWire } from "./wire_value.ts";

/** The names of the parameters of a query. */
export const QUERY_PARAMS: readonly string[] = ["where", "orderBy", "search", "page", "limit"];

/**
 * A query as parameters of a URL:
 *
 * ```text
 * where=[["city","eq","Riga"]]   orderBy=[["name","asc"]]   search=ann   page=2   limit=50
 * ```
 *
 * Operands are encoded by {@linkcode toWire}.
 *
 * @throws {UnsupportedError} if the search text has half of a surrogate pair, which no URL can hold.
 */
export function queryToParams({ where, orderBy, search, pagination }: Query): URLSearchParams {
  const params = new URLSearchParams();
  if (where !== undefined) params.set("where", JSON.stringify(conditionsToWire(where)));
  if (orderBy !== undefined) params.set("orderBy", JSON.stringify(orderBy));
  if (search !== undefined) params.set("search", inUrl("search", search));
  if (pagination !== undefined) {
    params.set("page", String(pagination.page));
    params.set("limit", String(pagination.limit));
  }
  return params;
}

/**
 * Reads a query from parameters. Columns and operators are left for the table to check.
 *
 * @throws {TypeError} if a parameter is unknown, repeated, or malformed.
 * @throws {RangeError} if a page or limit is not a whole number of at least 1.
 */
export function queryFromParams(params: URLSearchParams): Query {
  for (const name of params.keys()) {
    if (!QUERY_PARAMS.includes(name)) {
      throw new TypeError(`Unknown parameter ${describe(name)}; accepted are ${QUERY_PARAMS.join(", ")}`);
    }
    if (params.getAll(name).length > 1) throw new TypeError(`The parameter ${name} is given twice`);
  }
  const [where, orderBy] = [params.get("where"), params.get("orderBy")];
  const [search, page, limit] = [params.get("search"), params.get("page"), params.get("limit")];
  return {
    ...(where !== null && { where: conditionsFromWire(parse("where", where)) }),
    ...(orderBy !== null && { orderBy: listIn("orderBy", parse("orderBy", orderBy)).map(orderFromWire) }),
    ...(search !== null && { search }),
    ...((page !== null || limit !== null) && { pagination: paginationIn(page, limit) }),
  };
}

/**
 * Checks that a URL can hold a text.
 *
 * @throws {UnsupportedError} if it has half of a surrogate pair, which a URL would change.
 */
export function inUrl(name: string, text: string): string {
  if (text.isWellFormed()) return text;
  throw new UnsupportedError(`A URL cannot hold the ${name} ${describe(text)}: it has half of a surrogate pair`);
}

/** Conditions as JSON. */
export function conditionsToWire(where: readonly Condition[]): Json {
  return where.map(conditionToWire);
}

/**
 * Reads conditions written by {@linkcode conditionsToWire}. Columns and operators are left for the table to check.
 *
 * @throws {TypeError} if they are malformed.
 */
export function conditionsFromWire(where: Json): readonly Condition[] {
  return listIn("where", where).map(conditionFromWire);
}

function conditionToWire([column, operator, operand]: Condition): Json {
  return operand === undefined ? [column, operator] : [column, operator, toWire(operand)];
}

function conditionFromWire(condition: Json): Condition {
  if (!isList(condition) || condition.length > 3) {
    throw new TypeError("Each condition in where must be [column, operator, value]");
  }
  const [column, operator, operand] = condition;
  // The table checks them against its columns and operators.
  const named = [column, operator] as unknown as Condition;
  return condition.length < 3 ? named : [named[0], named[1], fromWire(operand ?? null)];
}

function orderFromWire(order: Json): Order {
  if (!isList(order) || order.length !== 2) throw new TypeError("Each order in orderBy must be [column, direction]");
  return order as unknown as Order;
}

function listIn(name: string, list: Json): readonly Json[] {
  if (!isList(list)) throw new TypeError(`${name} must be an array in JSON`);
  return list;
}

function paginationIn(page: string | null, limit: string | null): Pagination {
  return new Pagination(countingNumber("page", page), countingNumber("limit", limit));
}

function countingNumber(name: string, text: string | null): number | undefined {
  if (text === null) return undefined;
  if (/^[1-9]\d{0,15}$/.test(text)) return Number(text);
  throw new RangeError(`${name} must be a whole number of at least 1, got ${describe(text)}`);
}

function parse(name: string, text: string): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError(`${name} must be JSON, got ${describe(text.slice(0, 80))}`, { cause });
  }
}
