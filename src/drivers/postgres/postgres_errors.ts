import { isError } from "../../base/realm.ts";
import {
  ConflictError,
  NotFoundError,
  RejectedError,
  TableError,
  UnauthorizedError,
  UnavailableError,
} from "../../table/errors.ts";

/** Codes of clients and systems for a connection that was never made, so that nothing was sent. */
const NOT_CONNECTED: readonly unknown[] = [
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "CONNECT_TIMEOUT",
];

/** A serialization failure, a deadlock, a lock that is not available: the same may succeed later. */
const RETRIABLE: readonly string[] = ["40001", "40P01", "55P03"];

/** The server cannot be connected to, or refuses before it does anything. */
const REFUSED: readonly string[] = ["08001", "08004", "57P03", "53300"];

/**
 * The typed error for a failure of PostgreSQL or of the client, by its SQLSTATE
 * (https://www.postgresql.org/docs/current/errcodes-appendix.html) and never by its message. What a message of the client
 * says of a connection is left out, since it may name credentials.
 *
 * @param what the operation, as "insert row "a" of "products""
 */
export function postgresError(error: unknown, what: string): unknown {
  if (error instanceof TableError || error instanceof TypeError || error instanceof RangeError) return error;
  const state = sqlStateOf(error);
  if (state === undefined) return notAnswered(error, what);
  const options = { cause: error };
  const refused = `Cannot ${what}: ${isError(error) ? error.message : `PostgreSQL refused with ${state}`}`;
  switch (state.slice(0, 2)) {
    case "08":
    case "53":
    case "57":
      return unavailable(error, state, what);
    case "28":
      return new UnauthorizedError(`Cannot ${what}: PostgreSQL refuses the user or its password (${state})`, options);
    default:
      if (state === "23505" || state === "23P01") {
        return new ConflictError(`Cannot ${what}: another row has one of its unique values`, options);
      }
      if (state === "42501") return new UnauthorizedError(`${refused} (${state})`, options);
      if (state === "42P01" || state === "3D000") return new NotFoundError(refused, options);
      if (state === "40003") return new UnavailableError(`Cannot ${what}: its outcome is unknown (${state})`, options);
      return new RejectedError(refused, { ...options, retriable: RETRIABLE.includes(state) });
  }
}

/** Does work, whose failures become typed errors. */
export async function answered<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw postgresError(error, what);
  }
}

/** The SQLSTATE of an error, as postgres.js, pg and PGlite have it in `code`, and Bun in `errno`. */
export function sqlStateOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  for (const name of ["code", "errno"]) {
    const code: unknown = name in error ? error[name as keyof typeof error] : undefined;
    // Codes of the system, such as EPIPE, may have five letters too; none of PostgreSQL begins like them.
    if (typeof code === "string" && /^(?!E)[0-9A-Z]{5}$/.test(code)) return code;
  }
  return undefined;
}

/** A statement that is cancelled, or lacks memory or disk, is undone; one whose connection is lost may have been done. */
function unavailable(error: unknown, state: string, what: string): UnavailableError {
  const isUndone = state === "57014" || state.startsWith("53") || REFUSED.includes(state);
  return new UnavailableError(`Cannot ${what}: PostgreSQL is not available (${state})`, {
    cause: error,
    effect: isUndone ? "none" : "unknown",
  });
}

function notAnswered(error: unknown, what: string): UnavailableError {
  const code: unknown = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  const shown = typeof code === "string" ? ` (${code})` : "";
  return new UnavailableError(`Cannot ${what}: PostgreSQL did not answer${shown}`, {
    cause: error,
    effect: NOT_CONNECTED.includes(code) ? "none" : "unknown",
  });
}
