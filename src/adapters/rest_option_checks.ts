import { OPERATORS } from "../table/query.ts";
import { describe } from "../table/row.ts";
import { wholeNumber } from "../table/whole_number.ts";
import type { RestTableOptions, RestWrite } from "./rest_options.ts";
import { checkPick } from "./rest_pick.ts";

/** The writes that a resource may take. */
export const WRITES: readonly RestWrite[] = ["insertReturnId", "replace", "patch", "delete"];

/** All options there are: a mistyped one would be one that is missing. */
const OPTIONS: { readonly [name in keyof RestTableOptions]-?: true } = {
  address: true,
  clock: true,
  columns: true,
  count: true,
  fetch: true,
  headers: true,
  idField: true,
  idempotencyHeader: true,
  maxAnswerBytes: true,
  maxLimit: true,
  maxPages: true,
  maxRetries: true,
  maxRetryWaitMs: true,
  name: true,
  next: true,
  orderBy: true,
  paging: true,
  parse: true,
  prepare: true,
  row: true,
  rows: true,
  search: true,
  stringify: true,
  timeoutMs: true,
  toRow: true,
  where: true,
  writes: true,
};

/**
 * Refuses options that mean nothing.
 *
 * @throws {TypeError} that names what is unknown, or no place in an answer.
 * @throws {RangeError} that names a bound that is none.
 */
export function checkOptions(options: RestTableOptions): void {
  const { writes = [], where = {}, rows, row, count, next, maxLimit = Infinity, maxPages = 1 } = options;
  refuseUnknown("option", Object.keys(options), Object.keys(OPTIONS));
  refuseUnknown("write", writes, WRITES);
  refuseUnknown("operator in where", Object.keys(where), OPERATORS);
  for (const [name, place] of Object.entries({ rows, row, count, next })) checkPick(name, place);
  if (maxLimit !== Infinity) wholeNumber("maxLimit", maxLimit);
  wholeNumber("maxPages", maxPages);
}

function refuseUnknown(what: string, given: readonly string[], accepted: readonly string[]): void {
  const unknown = given.find((name) => !accepted.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(`Unknown ${what} ${describe(unknown)}; accepted are ${accepted.join(", ")}`);
}
