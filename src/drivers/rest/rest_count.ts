import { InvalidAnswerError } from "../../table/errors.ts";
import type { Value } from "../../table/row.ts";
import { checkedCount } from "./rest_answer.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { Pick } from "./rest_options.ts";
import { pick } from "./rest_pick.ts";

/** A `Content-Range`, as in `items 0-9/250`: where the rows begin and how many there are in total; `*` if unknown. */
const CONTENT_RANGE = /^[\w-]*\s*(?:(\d+)-\d+|\*)?\/(?:(\d+)|\*)$/;

/**
 * How many rows the set has, if the answer says so.
 *
 * @throws {InvalidAnswerError} if the value found is not a count.
 */
export function totalIn(answer: RestAnswer<Value>, where: Pick | undefined): number | undefined {
  if (where === undefined) return undefined;
  const found = pick(where, answer);
  if (found === null || found === undefined) return undefined;
  if (typeof found !== "string") return checkedCount(found, answer);
  const range = CONTENT_RANGE.exec(found);
  if (range !== null) return range[2] === undefined ? undefined : checkedCount(Number(range[2]), answer);
  return checkedCount(/^\d+$/.test(found) ? Number(found) : found, answer);
}

/** The total in one of the usual headers, where no option says where to find it. */
export function totalInHeaders({ headers }: RestAnswer<Value>): number | undefined {
  const text = headers.get("x-total-count") ?? CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[2];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Refuses rows whose `Content-Range` starts elsewhere than requested.
 *
 * @throws {InvalidAnswerError} if it does.
 */
export function checkStart({ what, headers }: RestAnswer<Value>, skip: number): void {
  const start = CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[1];
  if (start === undefined || Number(start) === skip) return;
  throw new InvalidAnswerError(`${what} was asked for rows from ${skip} on and answered with rows from ${start} on`);
}
