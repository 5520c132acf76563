import type { WriteFailure } from "./outbox.ts";

/** The longest message of a failure that is kept; a longer one is cut. */
const MAX_FAILURE_MESSAGE = 1_000;

/** A frozen copy of a failure, as it is kept. */
export function toFailure({ code, message, effect, retriable, at }: WriteFailure): WriteFailure {
  const kept = message.length > MAX_FAILURE_MESSAGE ? `${message.slice(0, MAX_FAILURE_MESSAGE)}…` : message;
  return Object.freeze({ code, message: kept, effect, retriable, at });
}
