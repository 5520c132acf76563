import type { Clock, WaitOptions } from "@vantage/live";
import { FakeClock } from "@vantage/live/testing";
import { setImmediate } from "node:timers";

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

/**
 * A clock for worlds that run for simulated minutes. It jumps from one wait to the next. `FakeClock` does the same with
 * a timer of the system for each step, which takes a millisecond and more; this one takes microseconds.
 */
export class SimulatedClock implements Clock {
  readonly #chance: FakeClock;
  readonly #sleepers = new Set<Sleeper>();
  #nowMs = 0;

  /** A clock at 0, with random numbers from a seed. */
  constructor(seed: number) {
    this.#chance = new FakeClock({ seed });
  }

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  random(): number {
    return this.#chance.random();
  }

  wait(ms: number, { signal }: WaitOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const sleeper: Sleeper = {
        dueAt: this.#nowMs + Math.max(0, ms),
        wake: () => {
          this.#sleepers.delete(sleeper);
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", abort, { once: true });
    });
  }

  /** Ends all waits that are due within `ms` milliseconds; what follows from those of one time settles before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#nowMs + ms;
    await settled();
    for (let dueAt = this.#nextAt(); dueAt <= end; dueAt = this.#nextAt()) {
      this.#nowMs = dueAt;
      for (const sleeper of [...this.#sleepers]) if (sleeper.dueAt === dueAt) sleeper.wake();
      await settled();
    }
    this.#nowMs = end;
  }

  #nextAt(): number {
    let nextAt = Infinity;
    for (const { dueAt } of this.#sleepers) nextAt = Math.min(nextAt, dueAt);
    return nextAt;
  }
}

/** Resolves when all promises that wait for nothing from outside have settled. */
function settled(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
