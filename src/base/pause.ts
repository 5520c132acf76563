import type { Clock } from "./clock.ts";

/** A wait that holds the process up only while somebody awaits what comes after it, which may change in the middle. */
export class Pause {
  readonly #clock: Clock;
  readonly #isAwaited: () => boolean;
  #review = new AbortController();

  constructor(clock: Clock, isAwaited: () => boolean) {
    this.#clock = clock;
    this.#isAwaited = isAwaited;
  }

  /** Waits `ms` milliseconds, or until a review finds that it is over. Never rejects. */
  async wait(ms: number, isOver: () => boolean): Promise<void> {
    const end = this.#clock.monotonic() + ms;
    for (let leftMs = ms; leftMs > 0 && !isOver(); leftMs = end - this.#clock.monotonic()) {
      this.#review = new AbortController();
      const options = { signal: this.#review.signal, background: !this.#isAwaited() };
      await this.#clock.wait(leftMs, options).catch(() => {});
    }
  }

  /** Looks again at whether it is awaited, or over. */
  review(): void {
    this.#review.abort();
  }
}
