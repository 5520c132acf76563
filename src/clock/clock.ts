/** Where time and chance come from. Everything in this module that reads the time, waits or draws lots asks a clock. */
export interface Clock {
  /** The time, in milliseconds since the epoch. */
  now(): number;
  /** A number from 0 up to but not including 1. */
  random(): number;
  /** Resolves `ms` milliseconds from now. Rejects with the signal's reason once it is aborted, and keeps no timer. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Timers take no more than this; longer waits are cut into several. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The clock of the system, with the randomness of its cryptography. */
export const systemClock: Clock = {
  now: () => Date.now(),
  random: () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32,
  wait: async (ms, signal) => {
    const end = Date.now() + ms;
    do await timer(Math.min(Math.max(0, end - Date.now()), LONGEST_TIMER_MS), signal); while (Date.now() < end);
  },
};

function timer(ms: number, signal?: AbortSignal): Promise<void> {
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
    signal?.addEventListener("abort", abort, { once: true });
  });
}
