import type { Clock } from "../base/clock.ts";
import { checkOptions } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";

/** When a write that failed is sent again. */
export interface RetryOptions {
  /** How often a process tries a write at the most, the first time included; default 50. `retry(id)` counts from the start. */
  readonly attempts?: number | undefined;
  /**
   * For how long after its first attempt a process sends a write again, in milliseconds; default 7 days. The time that writes
   * wait for the network, or for the user to sign in, does not count.
   */
  readonly forMs?: number | undefined;
  /** The longest pause after the first attempt, in milliseconds; default 1000. It doubles with each attempt. */
  readonly firstPauseMs?: number | undefined;
  /** The longest pause, in milliseconds; default 60 000. */
  readonly longestPauseMs?: number | undefined;
}

/** A failed attempt, as a custom policy sees it. */
export interface FailedAttempt {
  /** What the master answered, or why it did not. */
  readonly error: unknown;
  /**
   * How often this process has tried the write since it accepted it, took it over from the outbox, or `retry(id)` was called.
   * Attempts right after coming back online or signing in do not count.
   */
  readonly attempts: number;
  /**
   * How long ago the first of these attempts began, in milliseconds, without the time that all writes waited for the network
   * (`setOnline(false)`) or for the user to sign in.
   */
  readonly sinceMs: number;
}

/**
 * Decides when a write is sent again, in milliseconds from now; `undefined` to stop. What is no finite number of at least 0, as a
 * promise, stops too, and is traced. It is asked only about failures after
 * which the same write may be sent again. The pause is never shorter than what the master asks for.
 */
export type RetryPolicy = (failed: FailedAttempt) => number | undefined;

const DEFAULTS: Readonly<Record<keyof RetryOptions, number>> = {
  attempts: 50,
  forMs: 7 * 24 * 60 * 60 * 1000,
  firstPauseMs: 1_000,
  longestPauseMs: 60_000,
};

/** After so many, a pause of a millisecond is longer than any process lives; infinitely many would make 0 no number. */
const MOST_DOUBLINGS = 50;

/** Exponential pauses with full jitter: a random part of the longest pause, so that many clients do not return at once. */
export function retryPolicy(options: RetryOptions, clock: Clock): RetryPolicy {
  const { attempts: most, forMs, firstPauseMs, longestPauseMs } = { ...DEFAULTS, ...defined(options) };
  return ({ attempts, sinceMs }) => {
    if (attempts >= most || sinceMs >= forMs) return undefined;
    return clock.random() * Math.min(firstPauseMs * 2 ** Math.min(attempts - 1, MOST_DOUBLINGS), longestPauseMs);
  };
}

/**
 * Refuses what is no retry policy.
 *
 * @throws {TypeError | RangeError} that names what was given.
 */
export function checkRetry(retry: RetryOptions | RetryPolicy | false): void {
  if (retry === false || typeof retry === "function") return;
  if (typeof retry !== "object" || retry === null) {
    throw new TypeError(`retry must be options, a function or false, got ${describe(retry)}`);
  }
  checkOptions("retry", retry, Object.keys(DEFAULTS));
  for (const [name, value] of Object.entries(defined(retry))) {
    const least = name === "attempts" ? 1 : 0;
    const isBounded = name !== "firstPauseMs" || value !== Infinity;
    if (typeof value === "number" && value >= least && isBounded) continue;
    throw new RangeError(
      `retry.${name} must be a ${isBounded ? "" : "finite "}number of at least ${least}, got ${describe(value)}`,
    );
  }
}

function defined(options: RetryOptions): Partial<Record<keyof RetryOptions, number>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
