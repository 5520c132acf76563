import { InvalidAnswerError } from "../../table/errors.ts";
import type { Value } from "../../table/row.ts";
import { checkedCount } from "./rest_answer.ts";
import type { RestAnswer } from "./rest_client.ts";
import type { Pick } from "./rest_options.ts";
import { pick } from "./rest_pick.ts";

/** What a `Content-Range` says, as in `items 0-9/250`: where its rows begin, and how many there are in all; `*` is unknown. */
const CONTENT_RANGE = /^[\w-]*\s*(?:(\d+)-\d+|\*)?\/(?:(\d+)|\*)$/;

/**
 * How many rows there are in the set, if the answer says so.
 *
 * @throws {InvalidAnswerError} if what stands there is no count.
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

/** A number of rows that an answer tells in a header of this meaning, though no option says that it counts. */
export function untoldTotal({ headers }: RestAnswer<Value>): number | undefined {
  const text = headers.get("x-total-count") ?? CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[2];
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * Refuses rows that begin elsewhere than where they were asked for, by their own `Content-Range`.
 *
 * @throws {InvalidAnswerError} that says so.
 */
export function checkStart({ what, headers }: RestAnswer<Value>, skip: number): void {
  const start = CONTENT_RANGE.exec(headers.get("content-range") ?? "")?.[1];
  if (start === undefined || Number(start) === skip) return;
  throw new InvalidAnswerError(`${what} was asked for rows from ${skip} on and answered with rows from ${start} on`);
}
