/** Options of {@linkcode Clock.wait}. */
export interface WaitOptions {
  /** Ends the wait when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the process may exit while this wait is all that is left, where the runtime can do that. Default `false`. For
   * waits that no caller awaits: before a retry in the background, or for a heartbeat.
   */
  readonly background?: boolean | undefined;
}

/** Where time and chance come from. Everything in this module that reads the time, waits or draws lots asks a clock. */
export interface Clock {
  /** The time, in milliseconds since the epoch. It may be set, forward or back: not for measuring a distance. */
  now(): number;
  /** Milliseconds since a fixed moment in the past. Never goes back; means nothing in another process. */
  monotonic(): number;
  /** A number from 0 up to but not including 1. */
  random(): number;
  /** Resolves `ms` milliseconds of monotonic time from now. Rejects with the signal's reason once it is aborted, and keeps no timer. */
  wait(ms: number, options?: WaitOptions): Promise<void>;
}

/** Timers take no more than this; longer waits are cut into several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the system, with the randomness of its cryptography. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  wait: async (ms, options) => {
    const end = performance.now() + ms;
    let leftMs = ms;
    do {
      await timer(Math.min(Math.max(0, leftMs), LONGEST_TIMER_MS), options);
      leftMs = end - performance.now();
    } while (leftMs > 0);
  },
};

function timer(ms: number, { signal, background = false }: WaitOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      clearTimeout(id);
      reject(signal?.reason);
    };
    const id = setTimeout(() => {
      signal?.removeEventListener("abort", abort);
      resolve();
    }, ms);
    if (background) release(id);
    signal?.addEventListener("abort", abort, { once: true });
  });
}

/** Node, Deno and Bun have timers that can be released; in browsers and workers a timer is a number, and holds nothing up. */
function release(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
  }
}
