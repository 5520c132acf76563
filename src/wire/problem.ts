import {
  ClosedError,
  ConflictError,
  DeadlockError,
  type Effect,
  type ErrorCode,
  InvalidAnswerError,
  NotFoundError,
  QueueFullError,
  RejectedError,
  TableError,
  type TableErrorOptions,
  UnavailableError,
  UnsupportedError,
} from "../table/errors.ts";
import { isList, type Json } from "./wire_value.ts";

/** The media type that a {@linkcode Problem} travels under. */
export const PROBLEM_TYPE = "application/problem+json";

/** What went wrong, as RFC 9457 has it, with what a table's error says besides. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string | undefined;
  /** The code of the table's error, or what is wrong with the request. */
  readonly code: ProblemCode;
  readonly retriable: boolean;
  readonly effect: Effect;
}

/** Besides a table's own: mistakes of the caller's, what is not served, and errors that are no table's. */
export type ProblemCode =
  | ErrorCode
  | "bad_request"
  | "forbidden"
  | "no_such_path"
  | "too_many_streams"
  | "fault";

interface Kind {
  readonly status: number;
  readonly title: string;
  readonly make: (message: string, options: TableErrorOptions) => TableError;
}

/** Which status each error travels under, and what it is made of at the other end. */
const KINDS: Readonly<Record<ErrorCode | "no_such_path", Kind>> = {
  not_found: { status: 404, title: "Not found", make: (message, given) => new NotFoundError(message, given) },
  unsupported: { status: 422, title: "Not supported", make: (message, given) => new UnsupportedError(message, given) },
  // A wrong address is no missing row.
  no_such_path: { status: 404, title: "Not found", make: (message, given) => new RejectedError(message, given) },
  conflict: { status: 409, title: "Conflict", make: (message, given) => new ConflictError(message, given) },
  rejected: { status: 422, title: "Rejected", make: (message, given) => new RejectedError(message, given) },
  queue_full: { status: 503, title: "Queue full", make: (message, given) => new QueueFullError(message, given) },
  closed: { status: 503, title: "Closed", make: (message, given) => new ClosedError(message, given) },
  deadlock: { status: 500, title: "Deadlock", make: (message, given) => new DeadlockError(message, given) },
  unavailable: { status: 502, title: "Unavailable", make: (message, given) => new UnavailableError(message, given) },
  invalid_answer: {
    status: 502,
    title: "Invalid answer",
    make: (message, given) => new InvalidAnswerError(message, given),
  },
};

/** The problem that an error of a table travels as. Anything else may have been applied all the same. */
export function problemOf(error: unknown, detail: string): Problem {
  if (!(error instanceof TableError)) {
    return { title: "Fault", status: 500, detail, code: "fault", retriable: true, effect: "unknown" };
  }
  const { code, retriable, effect } = error;
  // A later version, whose errors are known by their brand, may have codes that this one has not.
  const { status, title } = kindOf(code) ?? KINDS.rejected;
  return { title, status, detail, code, retriable, effect };
}

/** The problem of a request that makes no sense: a mistake of the caller's, which changed nothing. */
export function badRequest(detail: string, status = 400): Problem {
  return { title: "Bad request", status, detail, code: "bad_request", retriable: false, effect: "none" };
}

/**
 * The error that an answer with a status from 400 on stands for: the one that a problem names, if it travels under this
 * status, else the one that fits the status. A status from 500 on does not say that nothing was done.
 */
export function errorOf(
  status: number,
  body: Json | undefined,
  message: string,
  retryAfterMs: number | undefined,
): TableError {
  const { code, retriable, effect, detail } = fieldsOf(body);
  const text = typeof detail === "string" ? `${message}: ${detail.slice(0, MAX_DETAIL)}` : message;
  const options: TableErrorOptions = {
    retriable: retriable === true,
    effect: effect === "none" || effect === "unknown" ? effect : undefined,
    retryAfterMs,
  };
  const kind = typeof code === "string" ? kindOf(code) : undefined;
  // Others use such words, too, and may mean something else.
  return kind?.status === status ? kind.make(text, options) : errorOfStatus(status, text, options);
}

/** How much of another's words goes into a message. */
const MAX_DETAIL = 500;

function errorOfStatus(status: number, message: string, options: TableErrorOptions): TableError {
  switch (status) {
    case 404:
    case 410:
      return new NotFoundError(message, options);
    case 409:
    case 412:
      return new ConflictError(message, options);
    case 405:
    case 501:
      return new UnsupportedError(message, options);
    case 408:
    case 425:
    case 429:
      return new RejectedError(message, { ...options, retriable: true });
  }
  return status < 500 ? new RejectedError(message, options) : new UnavailableError(message, options);
}

function kindOf(code: string): Kind | undefined {
  return Object.hasOwn(KINDS, code) ? KINDS[code as keyof typeof KINDS] : undefined; // It is one of them.
}

function fieldsOf(body: Json | undefined): { readonly [name: string]: Json } {
  return typeof body === "object" && body !== null && !isList(body) ? body : {};
}
