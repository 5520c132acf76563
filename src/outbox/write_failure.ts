import { errorOfCode } from "../table/error_of_code.ts";
import { RejectedError, TableError } from "../table/errors.ts";
import type { WriteFailure } from "./outbox.ts";

/** How much of a message is kept, in UTF-16 code units. */
const MAX_MESSAGE = 1_000;

/** An error as it is stored. Its cause and its stack are not. */
export function failureOf(error: unknown, at: number): WriteFailure {
  const message = (error instanceof Error ? error.message : String(error)).slice(0, MAX_MESSAGE);
  if (!(error instanceof TableError)) return { code: "unknown", message, effect: "unknown", retriable: false, at };
  const { code, effect, retriable } = error;
  return { code, message, effect, retriable, at };
}

/** The error that was stored. */
export function errorOf({ code, message, effect, retriable }: WriteFailure): TableError {
  const options = { effect, retriable };
  return code === "unknown" ? new RejectedError(message, options) : errorOfCode(code, message, options);
}
