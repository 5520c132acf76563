import { errorOfCode } from "../table/error_of_code.ts";
import { TableError } from "../table/errors.ts";

/** The error of the last attempt for a write that an earlier one may have applied: its effect is unknown. */
export function inDoubt(error: unknown): unknown {
  if (!(error instanceof TableError) || error.effect === "unknown") return error;
  const { code, message, retriable, retryAfterMs } = error;
  return errorOfCode(code, message, { retriable, retryAfterMs, effect: "unknown", cause: error });
}
