import { type Effect, type ErrorCode, TableError, UnsupportedError } from "../table/errors.ts";
import { describe } from "../base/describe.ts";
import type { WriteVerb } from "../table/verbs.ts";
import { badRequest, type Problem, type ProblemCode, problemOf } from "../wire/problem.ts";
import { Refusal } from "./answers.ts";

/** What a request asks of a table, in words, and which parts come from the client. */
export interface Asked {
  /** For example `patch row "a"`. */
  readonly what: string;
  /** Whether it may change rows. */
  readonly writes?: boolean | undefined;
  /** Whether the client sent values, which may be the reason for an error. */
  readonly hasValues?: boolean | undefined;
  /** A column in the request that the table does not have. */
  readonly unknownColumn?: string | undefined;
}

/** The longest detail: a client can put long texts into a message. */
const MAX_DETAIL = 1000;
/** When to retry with a table that is busy or closed, unless it says so itself. */
const RETRY_AFTER_S = 1;

/** The public reason of each error. Messages of a table may quote SQL, paths or addresses. */
const REASONS: Readonly<Record<ErrorCode, string>> = {
  not_found: "there is no such row",
  unsupported: "the table does not support this",
  conflict: "it conflicts with stored data",
  rejected: "the table refused it",
  unauthorized: "the table does not allow it",
  queue_full: "too many writes are waiting",
  closed: "the table is closed",
  deadlock: "it would wait for itself",
  outbox: "the table's outbox could not keep it",
  unavailable: "the table's backend did not answer",
  invalid_answer: "the table's backend returned an invalid answer",
};

/**
 * Runs a check that uses only the request, so that its error messages are our own.
 *
 * @throws {Refusal} in place of a `TypeError`, `RangeError` or `UnsupportedError`.
 */
export function checked<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof TypeError || error instanceof RangeError) throw refuse(error.message);
    if (error instanceof UnsupportedError) throw new Refusal(problemOf(error, cut(error.message)));
    throw error;
  }
}

/** The status for a body with more than the server takes. */
export const TOO_LONG = 413;

/** The refusal of a write that clients may not do here. */
export function refuseVerb(verb: WriteVerb): Refusal {
  const detail = `Clients may not ${verb} here`;
  return new Refusal({ ...badRequest(detail, 405), title: "Not supported", code: "unsupported" });
}

/** The refusal of an invalid request. */
export function refuse(detail: string, status = 400): Refusal {
  return new Refusal(badRequest(cut(detail), status));
}

/** The refusal of a write that contradicts an earlier one. */
export function conflictOf(detail: string, effect: Effect): Refusal {
  return new Refusal({ title: "Conflict", status: 409, detail, code: "conflict", retriable: false, effect });
}

/** The refusal of a request that may succeed later. */
export function refuseForNow(code: ProblemCode, detail: string, retryAfterS: number): Refusal {
  const problem: Problem = { title: "Not now", status: 503, detail, code, retriable: true, effect: "none" };
  return new Refusal(problem, { "retry-after": String(retryAfterS) });
}

/**
 * Calls a table, and returns its answer.
 *
 * @throws {Refusal} if it fails, with the request and the kind of failure, but nothing of the table's message.
 */
export async function answerOf<T>(asked: Asked, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Refusal ? error : refusalOf(error, asked);
  }
}

function refusalOf(error: unknown, asked: Asked): Refusal {
  const what = `Cannot ${asked.what}`;
  if (asked.hasValues === true && (error instanceof TypeError || error instanceof RangeError)) {
    return new Refusal(problemOfValues(what, asked), {}, error);
  }
  if (!(error instanceof TableError)) return new Refusal(problemOf(error, `${what}: the table failed`), {}, error);
  // A later version may have codes that this one does not know.
  const reason = Object.hasOwn(REASONS, error.code) ? REASONS[error.code] : REASONS.rejected;
  const problem = problemOf(error, `${what}: ${reason}`);
  const afterMs = error.retryAfterMs ?? (problem.status === 503 ? RETRY_AFTER_S * 1000 : undefined);
  const headers = afterMs === undefined ? undefined : { "retry-after": String(Math.ceil(afterMs / 1000)) };
  return new Refusal(problem, headers, error);
}

/** Most likely the table cannot store a value. But a failing `fetch` throws a `TypeError`, too. */
function problemOfValues(what: string, { unknownColumn, writes }: Asked): Problem {
  if (unknownColumn !== undefined) return badRequest(cut(`${what}: there is no column ${describe(unknownColumn)}`));
  return { ...badRequest(`${what}: the table does not accept what was sent`), effect: writes ? "unknown" : "none" };
}

/** An id for messages, shortened. */
export function named(id: string): string {
  return describe(id.length > 100 ? `${id.slice(0, 100)}…` : id);
}

function cut(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}
