import type { Clock } from "./clock.ts";

/** A wait that keeps the process alive only while a caller awaits what follows, which may change during the wait. */
export class Pause {
  readonly #clock: Clock;
  readonly #isAwaited: () => boolean;
  #review = new AbortController();

  constructor(clock: Clock, isAwaited: () => boolean) {
    this.#clock = clock;
    this.#isAwaited = isAwaited;
  }

  /** Waits `ms` milliseconds, or until a review finds that `isOver()`. Never rejects. */
  async wait(ms: number, isOver: () => boolean): Promise<void> {
    const end = this.#clock.monotonic() + ms;
    for (let leftMs = ms; leftMs > 0 && !isOver(); leftMs = end - this.#clock.monotonic()) {
      this.#review = new AbortController();
      const options = { signal: this.#review.signal, background: !this.#isAwaited() };
      await this.#clock.wait(leftMs, options).catch(() => {});
    }
  }

  /** Checks again whether the wait is awaited, or over. */
  review(): void {
    this.#review.abort();
  }
}
