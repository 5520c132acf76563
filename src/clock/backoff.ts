import type { Clock, WaitOptions } from "./clock.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;

/** Pauses that grow from a tenth of a second to half a minute, each drawn from its upper half. */
export class Backoff {
  readonly #clock: Clock;
  #attempts = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Waits out the next pause. Rejects once the signal is aborted. */
  pause(options: WaitOptions): Promise<void> {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts, LONGEST_PAUSE_MS);
    this.#attempts = Math.min(this.#attempts + 1, 32);
    return this.#clock.wait(longest * (0.5 + this.#clock.random() / 2), options);
  }

  /** Begins with short pauses again: for a success that lasted longer than any pause. */
  reset(): void {
    this.#attempts = 0;
  }
}
