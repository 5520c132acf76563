import type { Clock, WaitOptions } from "./clock.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** Attempts that last this long can be repeated without a pause and still cause no load. */
const GOOD_MS = 10_000;

/**
 * Exponential backoff from 0.1 s to 30 s; each pause is drawn from the upper half of its range. Pauses start over once
 * an attempt has lasted: nothing else proves that it worked, since a server can answer, send something, and hang up at
 * once.
 */
export class Backoff {
  readonly #clock: Clock;
  #attempts = 0;
  #begunAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Marks the start of a working attempt. */
  begin(): void {
    this.#begunAt = this.#clock.monotonic();
  }

  /** The length of the pause after this attempt, in milliseconds. */
  nextMs(): number {
    if (this.#clock.monotonic() - this.#begunAt >= GOOD_MS) this.#attempts = 0;
    this.#begunAt = Infinity;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts, LONGEST_PAUSE_MS);
    this.#attempts++;
    return longest * (0.5 + this.#clock.random() / 2);
  }

  /** Waits for the next pause. Rejects with the signal's reason once it is aborted. */
  pause(options: WaitOptions): Promise<void> {
    return this.#clock.wait(this.nextMs(), options);
  }
}
