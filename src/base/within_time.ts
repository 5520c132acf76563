import { abortable } from "./abortable.ts";
import type { Clock } from "./clock.ts";
import { describe } from "./describe.ts";

/** How long to wait for work. */
export interface WaitLimits {
  /** Rejects with a `TimeoutError` after so many milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Rejects with the signal's reason once it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Settles like `work`, or rejects if the time is up or the signal aborted first. The work itself continues.
 *
 * @throws {TypeError | RangeError} if the time is no number of at least 0.
 */
export async function withinTime<T>(work: Promise<T>, { timeoutMs, signal }: WaitLimits, clock: Clock): Promise<T> {
  if (timeoutMs !== undefined) checkTime(timeoutMs);
  if (signal !== undefined) return await withinTime(abortable(work, signal), { timeoutMs }, clock);
  if (timeoutMs === undefined || timeoutMs === Infinity) return await work;
  const done = new AbortController();
  const late = clock.wait(timeoutMs, { signal: done.signal }).then(() => {
    throw new DOMException(`Not within ${timeoutMs} ms`, "TimeoutError");
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
    late.catch(() => {});
  }
}

function checkTime(timeoutMs: number): void {
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return;
  const message = `timeoutMs must be a number of at least 0, got ${describe(timeoutMs)}`;
  throw typeof timeoutMs === "number" ? new RangeError(message) : new TypeError(message);
}
