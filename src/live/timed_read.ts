import type { Clock } from "../base/clock.ts";
import type { Counters } from "./live_stats.ts";

/** A read of the master, which is counted when it begins, and timed unless its readers have given it up. */
export class TimedRead {
  readonly #counters: Counters;
  readonly #clock: Clock;
  readonly #beganAt: number;
  #isAnswered = false;

  constructor(counters: Counters, clock: Clock) {
    this.#counters = counters;
    this.#clock = clock;
    this.#beganAt = clock.monotonic();
    counters.masterReads++;
  }

  /** The master has answered. */
  answered(): void {
    this.#isAnswered = true;
  }

  /** It is over: without an answer it has failed, if it was not given up. */
  end(signal: AbortSignal | undefined): void {
    if (!this.#isAnswered && signal?.aborted === true) return;
    if (!this.#isAnswered) this.#counters.failedReads++;
    this.#counters.masterReadTimes.add(this.#clock.monotonic() - this.#beganAt);
  }
}
