import { type ErrorCode, TableError, UnsupportedError } from "../table/errors.ts";
import { describe } from "../base/describe.ts";
import { badRequest, type Problem, type ProblemCode, problemOf } from "../wire/problem.ts";
import { Refusal } from "./answers.ts";

/** What is asked of a table, in words, and what of it comes from the client. */
export interface Asked {
  /** As in `patch row "a"`. */
  readonly what: string;
  /** Whether it may change something. */
  readonly writes?: boolean | undefined;
  /** Whether the client sent values, which the table may find at fault. */
  readonly hasValues?: boolean | undefined;
  /** A column of what was sent that the table does not know of. */
  readonly unknownColumn?: string | undefined;
}

/** How much of a message is told: a client can put long texts into one. */
const MAX_DETAIL = 1000;
/** When to come back to a table that is busy or closed and does not say itself. */
const RETRY_AFTER_S = 1;

/** What is said of each kind of error. A table's own words may quote SQL, paths or addresses. */
const REASONS: Readonly<Record<ErrorCode, string>> = {
  not_found: "there is no such row",
  unsupported: "the table does not support this",
  conflict: "it collides with what is stored",
  rejected: "the table refused it",
  queue_full: "too many writes are waiting",
  closed: "the table is closed",
  deadlock: "it would wait for itself",
  unavailable: "what is behind the table did not answer",
  invalid_answer: "what is behind the table answered with something else",
};

/**
 * Runs what looks at nothing but the request, whose errors are in our own words.
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

/** The refusal of a request that makes no sense. */
export function refuse(detail: string, status = 400): Refusal {
  return new Refusal(badRequest(cut(detail), status));
}

/** The refusal of what cannot be done now, and may be later. */
export function refuseForNow(code: ProblemCode, detail: string, retryAfterS: number): Refusal {
  const problem: Problem = { title: "Not now", status: 503, detail, code, retriable: true, effect: "none" };
  return new Refusal(problem, { "retry-after": String(retryAfterS) });
}

/**
 * The answer of a table.
 *
 * @throws {Refusal} if it fails, telling what was asked and the kind of failure, but nothing of the table's own words.
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
  // A later version may have codes that this one has not.
  const reason = Object.hasOwn(REASONS, error.code) ? REASONS[error.code] : REASONS.rejected;
  const problem = problemOf(error, `${what}: ${reason}`);
  const afterMs = error.retryAfterMs ?? (problem.status === 503 ? RETRY_AFTER_S * 1000 : undefined);
  const headers = afterMs === undefined ? undefined : { "retry-after": String(Math.ceil(afterMs / 1000)) };
  return new Refusal(problem, headers, error);
}

/** Most likely the table cannot hold a value. But a `fetch` that fails half way throws a `TypeError`, too. */
function problemOfValues(what: string, { unknownColumn, writes }: Asked): Problem {
  if (unknownColumn !== undefined) return badRequest(cut(`${what}: there is no column ${describe(unknownColumn)}`));
  return { ...badRequest(`${what}: the table does not accept what was sent`), effect: writes ? "unknown" : "none" };
}

/** An id as it is named in an answer. */
export function named(id: string): string {
  return describe(id.length > 100 ? `${id.slice(0, 100)}…` : id);
}

function cut(text: string): string {
  return text.length > MAX_DETAIL ? `${text.slice(0, MAX_DETAIL)}…` : text;
}
