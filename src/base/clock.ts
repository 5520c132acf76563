/** Options of {@linkcode Clock.wait}. */
export interface WaitOptions {
  /** Ends the wait when aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the process may exit while only this wait is left, where the runtime supports that. Default `false`. For
   * waits that no caller awaits, such as before a background retry or a heartbeat.
   */
  readonly background?: boolean | undefined;
}

/** The source of time and randomness for this module: all reads of the time, waits and random numbers use a clock. */
export interface Clock {
  /** The time, in milliseconds since the epoch. It may be set forward or back, so do not measure durations with it. */
  now(): number;
  /** Milliseconds since a fixed moment in the past. Never goes back; meaningless in another process. */
  monotonic(): number;
  /** A random number from 0 up to but not including 1. */
  random(): number;
  /**
   * Resolves `ms` milliseconds of monotonic time from now. Once the signal is aborted, it rejects with the signal's
   * reason and releases its timer.
   */
  wait(ms: number, options?: WaitOptions): Promise<void>;
}

/** The longest delay of a timer; longer waits are split. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The system's clock, with cryptographic randomness. */
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

/**
 * Lets the process exit while the timer runs. In browsers and workers a timer is a number, and never blocks an exit.
 */
function release(timer: unknown): void {
  if (typeof timer === "object" && timer !== null && "unref" in timer && typeof timer.unref === "function") {
    timer.unref();
  }
}
