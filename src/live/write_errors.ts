import { TableError } from "../table/errors.ts";
import { MistakeError } from "../table/mistake_error.ts";

/** Whether an error is a clear no. */
export function isWithoutEffect(error: unknown): boolean {
  return error instanceof TableError && error.effect === "none";
}

/** Whether a call got no answer: as tables say it, as `fetch` does without a network, or as a time-out. */
export function isUnreachable(error: unknown): boolean {
  if (error instanceof TableError) return error.code === "unavailable";
  if (error instanceof TypeError) return !(error instanceof MistakeError);
  return error instanceof DOMException && error.name === "TimeoutError";
}

/**
 * Whether a call of the master may succeed later that failed with this error. Where the master knows a write by its key, every
 * outcome that is unknown is worth another attempt: that cannot apply the write twice.
 */
export function mayPass(error: unknown, knowsKeys: () => boolean): boolean {
  if (isUnreachable(error)) return true;
  if (!(error instanceof TableError)) return !(error instanceof MistakeError) && knowsKeys();
  // What is a deadlock once is one each time.
  return error.retriable || (error.effect === "unknown" && error.code !== "deadlock" && knowsKeys());
}
