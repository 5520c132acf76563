import { abortable } from "./abortable.ts";
import type { Clock } from "./clock.ts";

/** How long to wait for work. */
export interface WaitLimits {
  /** Rejects with a `TimeoutError` after so many milliseconds. */
  readonly timeoutMs?: number | undefined;
  /** Rejects with the signal's reason once it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** Settles like `work`, or rejects if the time is up or the signal aborted first. The work itself continues. */
export async function withinTime<T>(work: Promise<T>, { timeoutMs, signal }: WaitLimits, clock: Clock): Promise<T> {
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
