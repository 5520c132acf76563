import { OPERATORS } from "../../table/query.ts";
import { checkFunction, checkOptions as checkNames, checkTools } from "../../base/check_options.ts";
import { describe } from "../../base/describe.ts";
import type { CallOptions } from "../../table/table_like.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { RestClientOptions } from "./rest_client.ts";
import type { RestTableOptions, RestWrite } from "./rest_options.ts";
import { checkPick } from "./rest_pick.ts";

/** The writes that a resource may accept. */
export const WRITES: readonly RestWrite[] = ["insertReturnId", "replace", "patch", "delete"];

/** The options of the client. */
const CLIENT: { readonly [name in keyof RestClientOptions]-?: true } = {
  clock: true,
  fetch: true,
  headers: true,
  idempotencyHeader: true,
  maxAnswerBytes: true,
  maxRetries: true,
  maxRetryWaitMs: true,
  timeoutMs: true,
};

/** All options: an unknown name is refused, since a mistyped option would be silently missing. */
const OPTIONS: { readonly [name in keyof RestTableOptions]-?: true } = {
  ...CLIENT,
  address: true,
  columns: true,
  count: true,
  exact: true,
  idempotencyKeys: true,
  idField: true,
  maxLimit: true,
  maxPages: true,
  name: true,
  next: true,
  orderBy: true,
  paging: true,
  parse: true,
  prepare: true,
  row: true,
  rows: true,
  sameRows: true,
  search: true,
  stringify: true,
  toRow: true,
  where: true,
  writes: true,
};

/**
 * Refuses unknown options of a served table, whose capabilities are set by its server.
 *
 * @throws {TypeError} that names the option.
 */
export function checkServedOptions(options: RestClientOptions & CallOptions): void {
  checkNames("a served table", options, [...Object.keys(CLIENT), "signal"]);
  checkFunction("fetch", options.fetch);
  checkTools({ clock: options.clock });
}

const FUNCTIONS = ["fetch", "toRow", "address", "orderBy", "prepare", "parse", "stringify"] as const;

/** The object forms of `paging`, each by its keys. */
const PAGINGS: readonly (readonly string[])[] = [["page", "limit"], ["skip", "limit"], ["limit"]];

/**
 * Refuses invalid options.
 *
 * @throws {TypeError} that names an option that is unknown, of the wrong type, or not a place in an answer.
 * @throws {RangeError} that names an invalid bound.
 */
export function checkOptions(options: RestTableOptions): void {
  checkNames("a RestTable", options, Object.keys(OPTIONS));
  const { writes = [], where = {}, search, paging, idField, maxLimit = Infinity, maxPages = 1 } = options;
  if (!Array.isArray(writes)) throw wrong("writes", `a list of ${WRITES.join(", ")}`, writes);
  refuseUnknown("write", writes, WRITES);
  if (typeof where !== "object" || where === null) throw wrong("where", "an object of functions", where);
  refuseUnknown("operator in where", Object.keys(where), OPERATORS);
  for (const name of FUNCTIONS) checkFunction(name, options[name]);
  checkTools({ clock: options.clock });
  for (const [operator, put] of Object.entries(where)) checkFunction(`where.${operator}`, put);
  if (search !== undefined && typeof search !== "string" && typeof search !== "function") {
    throw wrong("search", "the name of a parameter or a function", search);
  }
  if (idField !== undefined && (typeof idField !== "string" || idField === "")) {
    throw wrong("idField", "the name of a column", idField);
  }
  if (paging !== undefined && !isPaging(paging)) {
    throw wrong(
      "paging",
      "{ page, limit }, { skip, limit }, { limit }, each the name of a parameter, or a function",
      paging,
    );
  }
  for (const name of ["rows", "row", "count", "next"] as const) checkPick(name, options[name]);
  if (maxLimit !== Infinity) wholeNumber("maxLimit", maxLimit);
  wholeNumber("maxPages", maxPages);
}

function isPaging(paging: unknown): boolean {
  if (typeof paging === "function") return true;
  if (typeof paging !== "object" || paging === null) return false;
  const names = Object.entries(paging);
  return names.every(([, name]) => typeof name === "string" && name !== "") &&
    PAGINGS.some((keys) => keys.length === names.length && keys.every((key) => Object.hasOwn(paging, key)));
}

function wrong(name: string, accepted: string, option: unknown): TypeError {
  return new TypeError(`${name} must be ${accepted}, got ${describe(option)}`);
}

function refuseUnknown(what: string, given: readonly string[], accepted: readonly string[]): void {
  const unknown = given.find((name) => !accepted.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`Unknown ${what} ${describe(unknown)}; accepted are ${accepted.join(", ")}`);
}
