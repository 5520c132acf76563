import type { Clock, WaitOptions } from "./clock.ts";

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 30_000;
/** One attempt in this time is no storm, even without a pause. */
const GOOD_MS = 10_000;

/**
 * Pauses that grow from a tenth of a second to half a minute, each drawn from its upper half. They are short again once an
 * attempt has lasted: nothing else proves it good, since a server can answer, say something, and hang up at once.
 */
export class Backoff {
  readonly #clock: Clock;
  #attempts = 0;
  #begunAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The attempt works from now on. */
  begin(): void {
    this.#begunAt = this.#clock.monotonic();
  }

  /** How long the pause after this attempt is, in milliseconds. */
  nextMs(): number {
    if (this.#clock.monotonic() - this.#begunAt >= GOOD_MS) this.#attempts = 0;
    this.#begunAt = Infinity;
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** this.#attempts, LONGEST_PAUSE_MS);
    this.#attempts++;
    return longest * (0.5 + this.#clock.random() / 2);
  }

  /** Waits out the next pause. Rejects once the signal is aborted. */
  pause(options: WaitOptions): Promise<void> {
    return this.#clock.wait(this.nextMs(), options);
  }
}
