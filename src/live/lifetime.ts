import type { Clock } from "../base/clock.ts";

/** What a {@linkcode Lifetime} works with. */
export interface LifetimeOptions {
  readonly onBegin: () => void;
  readonly onEnd: () => void;
  /** Keeps the process alive until the returned function is called. */
  readonly hold: () => () => void;
  readonly clock: Clock;
}

/**
 * How long it goes on after the last user has left, in milliseconds: user interfaces unsubscribe and subscribe again within
 * one update.
 */
const ENDS_AFTER_MS = 50;

/** Something that begins with its first user, and ends a moment after the last has left, unless one comes before that. */
export class Lifetime {
  readonly #options: LifetimeOptions;
  #isOn = false;
  #users = 0;
  #release: (() => void) | undefined;
  #leaving = new AbortController();

  constructor(options: LifetimeOptions) {
    this.#options = options;
  }

  /** Whether it has begun, and not ended since. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Adds a user; the returned function removes it, and is to be called once. */
  enter(): () => void {
    this.#leaving.abort();
    this.#release ??= this.#options.hold();
    this.#users++;
    if (!this.#isOn) {
      this.#isOn = true;
      this.#options.onBegin();
    }
    return () => {
      if (--this.#users === 0 && this.#isOn) void this.#endLater();
    };
  }

  /** Ends now, even if it has users. */
  end(): void {
    this.#leaving.abort();
    this.#release?.();
    this.#release = undefined;
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#options.onEnd();
  }

  async #endLater(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    const { signal } = this.#leaving = new AbortController();
    await this.#options.clock.wait(ENDS_AFTER_MS, { signal, background: true }).catch(() => {});
    if (!signal.aborted) this.end();
  }
}
