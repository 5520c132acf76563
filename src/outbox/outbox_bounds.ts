import { wholeNumber } from "../base/whole_number.ts";

/** Bounds that every outbox has. */
export interface OutboxBounds {
  /** The most writes to keep, over all queues; default 100 000. */
  readonly maxEntries?: number | undefined;
  /**
   * The most answers to keep in a queue for other holders, and the most ids of inserted rows; default 10 000. The oldest
   * are dropped.
   */
  readonly maxAnswers?: number | undefined;
  /** How long to keep them, in milliseconds; default 7 days. */
  readonly maxAnswerAgeMs?: number | undefined;
}

/** The bounds of an outbox, all given. */
export interface OutboxLimits {
  /** The most writes. */
  readonly maxEntries: number;
  /** The most answers of a queue. */
  readonly maxAnswers: number;
  /** How long answers are kept, in milliseconds. */
  readonly maxAnswerAgeMs: number;
}

const DAY_MS = 86_400_000;

/**
 * Checks bounds and fills in the defaults.
 *
 * @throws {RangeError} if one is not a whole number of at least 1.
 */
export function limitsOf({ maxEntries, maxAnswers, maxAnswerAgeMs }: OutboxBounds): OutboxLimits {
  return {
    maxEntries: wholeNumber("maxEntries", maxEntries ?? 100_000),
    maxAnswers: wholeNumber("maxAnswers", maxAnswers ?? 10_000),
    maxAnswerAgeMs: wholeNumber("maxAnswerAgeMs", maxAnswerAgeMs ?? 7 * DAY_MS),
  };
}
