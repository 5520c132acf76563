import { isError } from "../../base/realm.ts";
import {
  ConflictError,
  NotFoundError,
  RejectedError,
  TableError,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "../../table/errors.ts";

/** Names of errors of the client for a connection that there was none of, so that nothing was sent. */
const NOT_CONNECTED: readonly unknown[] = [
  "ConnectionUnavailableError",
  "MissingNamespaceDatabaseError",
  "ReconnectExhaustionError",
  "UnsupportedEngineError",
];

/** Names of errors of the client for what a connection cannot do, such as live queries over HTTP. */
const NOT_POSSIBLE: readonly unknown[] = ["UnsupportedFeatureError", "UnavailableFeatureError"];

/** Details of an error of kind `Query` for a transaction that was not done, and may be later. */
const NOT_DONE: readonly unknown[] = ["NotExecuted", "TransactionConflict", "Cancelled"];

/**
 * The typed error for a failure of SurrealDB or of the client, by its kind and never by its message. What a message of the
 * client says of a connection is left out, since it may name credentials.
 *
 * @param what the operation, as "insert row "a" of "products""
 */
export function surrealError(error: unknown, what: string): unknown {
  if (error instanceof TableError || error instanceof TypeError || error instanceof RangeError) return error;
  const kind = fieldOf(error, "kind");
  if (typeof kind !== "string") return notAnswered(error, what);
  const options = { cause: error };
  const refused = `Cannot ${what}: ${isError(error) ? error.message : kind}`;
  switch (kind) {
    case "NotAllowed":
      return new UnauthorizedError(refused, options);
    case "NotFound":
      return new NotFoundError(refused, options);
    case "AlreadyExists":
      return new ConflictError(refused, options);
    case "Configuration":
      return new UnsupportedError(refused, options);
    case "Query":
      if (isNotDone(error)) return new RejectedError(refused, { ...options, retriable: true });
      return new UnavailableError(refused, { ...options, effect: "none" });
    case "Connection":
      return notAnswered(error, what);
    default:
      return new RejectedError(refused, options);
  }
}

/**
 * Whether SurrealDB did not do a transaction because another one changed the same rows, or for another reason that may be
 * gone. Before 3.1, it does not tell these apart.
 */
export function isNotDone(error: unknown): boolean {
  return fieldOf(error, "kind") === "Query" && NOT_DONE.includes(fieldOf(fieldOf(error, "details"), "kind"));
}

/**
 * Whether SurrealDB refused a write for a reason that it does not name, such as a value that is not unique. Within a block, such
 * a refusal looks like one that was thrown.
 */
export function isUnnamed(error: unknown): boolean {
  return ["Internal", "Thrown"].includes(String(fieldOf(error, "kind")));
}

function notAnswered(error: unknown, what: string): TableError {
  const name = isError(error) ? error.name : undefined;
  if (NOT_POSSIBLE.includes(name)) {
    return new UnsupportedError(`Cannot ${what}: the connection of the client does not support it`, { cause: error });
  }
  const shown = name === undefined || name === "Error" ? "" : ` (${name})`;
  return new UnavailableError(`Cannot ${what}: SurrealDB did not answer${shown}`, {
    cause: error,
    effect: NOT_CONNECTED.includes(name) ? "none" : "unknown",
  });
}

function fieldOf(object: unknown, name: string): unknown {
  return typeof object === "object" && object !== null && name in object ? Reflect.get(object, name) : undefined;
}
