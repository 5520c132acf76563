import { InvalidAnswerError, TableError, UnavailableError } from "../../table/errors.ts";
import { settled, type SourceWrite, type WriteResult } from "../../table/many_writes.ts";
import { errorOf } from "../../wire/problem.ts";
import { isList, type Json, memberOf, rowFromWire } from "../../wire/wire_value.ts";
import { checkedRow } from "./rest_answer.ts";
import type { RestAnswer } from "./rest_client.ts";

/** How many writes one request has at the most, and about how many characters; a server may want fewer. */
const [MAX_WRITES, MAX_LENGTH] = [1_000, 256 * 2 ** 10];

/** A write as it goes into a request. */
export interface EncodedWrite {
  readonly write: SourceWrite;
  readonly wire: Json;
}

/**
 * Sends writes in as few requests as their bounds allow; `undefined` from `send` says that these were too many for the
 * server. After a request that failed and may succeed later, or may have been done, the writes after it are not sent: they
 * may be to the same rows.
 *
 * @throws {unknown} what `send` rejects with, if that is not a `TableError`.
 */
export async function sendInParts(
  writes: readonly EncodedWrite[],
  send: (part: readonly EncodedWrite[]) => Promise<readonly WriteResult[] | undefined>,
): Promise<readonly WriteResult[]> {
  const results: WriteResult[] = [];
  const parts = partsOf(writes);
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    try {
      const answered = await send(part);
      if (answered !== undefined) results.push(...answered);
      else parts.unshift(part.slice(0, part.length >> 1), part.slice(part.length >> 1));
    } catch (error) {
      if (!(error instanceof TableError)) throw error;
      results.push(...part.map(() => ({ error })));
      if (!error.retriable && error.effect === "none") continue;
      const notSent = notSentAfter(error);
      return [...results, ...parts.flat().map(() => ({ error: notSent }))];
    }
  }
  return results;
}

function notSentAfter(cause: TableError): UnavailableError {
  const { retryAfterMs } = cause;
  return new UnavailableError("Not sent, since the writes before it failed", { cause, effect: "none", retryAfterMs });
}

function partsOf(writes: readonly EncodedWrite[]): EncodedWrite[][] {
  const parts: EncodedWrite[][] = [];
  let length = Infinity;
  for (const write of writes) {
    length += JSON.stringify(write.wire).length;
    if (length > MAX_LENGTH || (parts.at(-1)?.length ?? 0) >= MAX_WRITES) {
      parts.push([]);
      length = JSON.stringify(write.wire).length;
    }
    parts.at(-1)?.push(write);
  }
  return parts;
}

/**
 * The result of each write in an answer.
 *
 * @throws {InvalidAnswerError} if it does not have one for each. Each may have been done.
 */
export function resultsIn(answer: RestAnswer, writes: readonly EncodedWrite[]): readonly WriteResult[] {
  const results = memberOf(answer.body, "results");
  if (results === undefined || !isList(results) || results.length !== writes.length) {
    throw new InvalidAnswerError(`${answer.what} was answered without a result for each of ${writes.length} writes`);
  }
  return writes.map(({ write }, at) => resultOf(write, results[at] ?? null, answer));
}

/** A 200 with a refusal in it is not a success of that write. */
function resultOf({ op }: SourceWrite, result: Json, answer: RestAnswer): WriteResult {
  const problem = memberOf(result, "problem");
  if (problem !== undefined) return { error: errorIn(problem, result, `${answer.what}, ${op.kind},`) };
  const found = settled(() => {
    if (op.kind === "delete" || op.kind === "deleteAll") return undefined;
    if (op.kind !== "insertReturnId") return checkedRow(() => rowFromWire(memberOf(result, "row")), answer);
    const id = memberOf(result, "id");
    if (typeof id === "string") return id;
    throw new InvalidAnswerError(`${answer.what} was answered without the id of a new row`);
  });
  return memberOf(result, "unsettled") === true ? { ...found, unsettled: true } : found;
}

function errorIn(problem: Json, result: Json, what: string): TableError {
  const [status, after] = [memberOf(problem, "status"), memberOf(result, "retryAfterMs")];
  if (typeof status !== "number" || !(status >= 400 && status < 600)) {
    return new InvalidAnswerError(`${what} was answered with a problem without a status`);
  }
  const retryAfterMs = typeof after === "number" && after >= 0 ? after : undefined;
  return errorOf(status, problem, `${what} was answered with status ${status}`, retryAfterMs);
}
