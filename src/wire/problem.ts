import {
  ConflictError,
  type Effect,
  type ErrorCode,
  NotFoundError,
  RejectedError,
  TableError,
  type TableErrorOptions,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "../table/errors.ts";
import { errorOfCode } from "../table/error_of_code.ts";
import { isList, type Json } from "./wire_value.ts";

/** The media type of a {@linkcode Problem}. */
export const PROBLEM_TYPE = "application/problem+json";

/** A problem as in RFC 9457, with the fields of a table's error. */
export interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail?: string | undefined;
  /** The code of the table's error, or what is wrong with the request. */
  readonly code: ProblemCode;
  readonly retriable: boolean;
  readonly effect: Effect;
}

/** The codes of a table, and those for invalid requests, unknown paths and errors from elsewhere. */
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
  /** The code of the error that the client creates. */
  readonly code: ErrorCode;
}

/** The status of each error, and what the client creates from a problem. */
const KINDS: Readonly<Record<ErrorCode | "no_such_path", Kind>> = {
  not_found: { status: 404, title: "Not found", code: "not_found" },
  unsupported: { status: 422, title: "Not supported", code: "unsupported" },
  // A wrong address is not a missing row.
  no_such_path: { status: 404, title: "Not found", code: "rejected" },
  conflict: { status: 409, title: "Conflict", code: "conflict" },
  rejected: { status: 422, title: "Rejected", code: "rejected" },
  unauthorized: { status: 401, title: "Unauthorized", code: "unauthorized" },
  queue_full: { status: 503, title: "Queue full", code: "queue_full" },
  closed: { status: 503, title: "Closed", code: "closed" },
  deadlock: { status: 500, title: "Deadlock", code: "deadlock" },
  outbox: { status: 503, title: "Outbox failed", code: "outbox" },
  unavailable: { status: 502, title: "Unavailable", code: "unavailable" },
  invalid_answer: { status: 502, title: "Invalid answer", code: "invalid_answer" },
};

/** The problem for an error of a table. After any other error, a write may have been applied all the same. */
export function problemOf(error: unknown, detail: string): Problem {
  if (!(error instanceof TableError)) {
    return { title: "Fault", status: 500, detail, code: "fault", retriable: true, effect: "unknown" };
  }
  const { code, retriable, effect } = error;
  // Errors of a later version, which are recognised by their brand, may have unknown codes.
  const { status, title } = kindOf(code) ?? KINDS.rejected;
  return { title, status, detail, code, retriable, effect };
}

/** The problem for an invalid request, which changed nothing. */
export function badRequest(detail: string, status = 400): Problem {
  return { title: "Bad request", status, detail, code: "bad_request", retriable: false, effect: "none" };
}

/**
 * The error for an answer with a status from 400 on: the one named by the problem if its status agrees, otherwise the
 * one for the status. A status from 500 on does not mean that nothing was done.
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
  // Other servers use such codes, too, and may mean something else.
  return kind?.status === status ? errorOfCode(kind.code, text, options) : errorOfStatus(status, text, options);
}

/** How much of a remote detail goes into a message. */
const MAX_DETAIL = 500;

function errorOfStatus(status: number, message: string, options: TableErrorOptions): TableError {
  switch (status) {
    case 401:
      return new UnauthorizedError(message, options);
    case 403:
      // With a time to wait it is a limit, as at GitHub.
      if (options.retryAfterMs !== undefined) return new RejectedError(message, { ...options, retriable: true });
      return new UnauthorizedError(message, options);
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
