import type { Clock } from "../base/clock.ts";

/** How long something rests. */
export interface RestMs {
  /** Until it is woken, in milliseconds. */
  readonly pauseMs: number;
  /** The shortest rest, in milliseconds, also when it is woken. */
  readonly leastMs: number;
}

/** Why everything rests: the master cannot be reached, or does not know the user. */
export type PauseReason = "offline" | "unauthorized";

interface Rest<T> {
  readonly item: T;
  readonly pauseMs: number;
  readonly leastAt: number;
  readonly timer: AbortController;
}

/** What {@linkcode Resting} work with. */
export interface RestingOptions<T> {
  readonly clock: Clock;
  /** Whether the process may exit while something rests. */
  readonly isBackground: boolean;
  /** Called when the rest of an item is over. */
  readonly onWoken: (item: T) => void;
  /** Called before that if it is woken before its time. */
  readonly onWokenEarly: (item: T) => void;
  /** Called when the next attempt in an outage may be made. */
  readonly onNextInOutage: () => void;
}

/**
 * Items that rest until their next attempt, and whether all rest: until `resume()`, or in an outage until its next attempt. That
 * is made after the shortest of the pauses, whether the item with that pause makes it or one that was not tried yet.
 */
export class Resting<T> {
  readonly #options: RestingOptions<T>;
  readonly #rests = new Map<T, Rest<T>>();
  readonly #reasons = new Set<PauseReason>();
  /** How long it was paused until the last time, in milliseconds; and since when it is. */
  #pausedMs = 0;
  #pausedAt: number | undefined;
  /** The timer of the next attempt in an outage. */
  #outage: AbortController | undefined;
  #closed = false;

  constructor(options: RestingOptions<T>) {
    this.#options = options;
  }

  /** Whether nothing may be sent. */
  get isPaused(): boolean {
    return this.#reasons.size > 0 || this.#outage !== undefined;
  }

  /** The time, in milliseconds, that does not go on during a pause. */
  get activeMs(): number {
    return (this.#pausedAt ?? this.#options.clock.monotonic()) - this.#pausedMs;
  }

  /** From now on everything rests, until that is resumed. */
  pause(reason: PauseReason): void {
    if (this.#closed) return;
    this.#reasons.add(reason);
    this.#pausedAt ??= this.#options.clock.monotonic();
  }

  /** Lets an item rest; in an outage, everything rests until then. */
  add(item: T, { pauseMs, leastMs }: RestMs, isOutage: boolean): void {
    const ms = Math.max(pauseMs, leastMs);
    const leastAt = this.#options.clock.monotonic() + leastMs;
    const rest = { item, pauseMs: ms, leastAt, timer: new AbortController() };
    this.#rests.set(item, rest);
    if (isOutage) this.#restAll();
    void this.#wait(rest.timer, ms, () => this.#wake(rest));
  }

  /** Ends a pause, and wakes what may be woken if that was the last. */
  resume(reason: PauseReason): void {
    this.#reasons.delete(reason);
    if (this.#reasons.size > 0) return;
    this.#endOutage();
    const now = this.#options.clock.monotonic();
    this.#pausedMs += now - (this.#pausedAt ?? now);
    this.#pausedAt = undefined;
    for (const rest of [...this.#rests.values()]) {
      rest.timer.abort();
      if (rest.leastAt > now) {
        this.#rests.delete(rest.item);
        const leastMs = rest.leastAt - now;
        this.add(rest.item, { pauseMs: leastMs, leastMs }, false);
      } else {
        this.#options.onWokenEarly(rest.item);
        this.#wake(rest);
      }
    }
  }

  /** Whether an item rests. */
  has(item: T): boolean {
    return this.#rests.has(item);
  }

  /** Lets an item go: it is not woken any more. */
  forget(item: T): void {
    const rest = this.#rests.get(item);
    if (rest === undefined) return;
    rest.timer.abort();
    this.#rests.delete(item);
  }

  /** Ends all rests and pauses for good, and returns what was resting. */
  close(): readonly T[] {
    this.#closed = true;
    this.#reasons.clear();
    this.#endOutage();
    const items = [...this.#rests.keys()];
    for (const { timer } of this.#rests.values()) timer.abort();
    this.#rests.clear();
    return items;
  }

  #restAll(): void {
    let ms = Infinity;
    for (const { pauseMs } of this.#rests.values()) ms = Math.min(ms, pauseMs);
    this.#outage?.abort();
    this.#outage = new AbortController();
    void this.#wait(this.#outage, ms, () => {
      this.#endOutage();
      this.#options.onNextInOutage();
    });
  }

  #endOutage(): void {
    this.#outage?.abort();
    this.#outage = undefined;
  }

  async #wait({ signal }: AbortController, ms: number, done: () => void): Promise<void> {
    const { clock, isBackground } = this.#options;
    await clock.wait(ms, { signal, background: isBackground }).catch(() => {});
    if (!signal.aborted) done();
  }

  #wake(rest: Rest<T>): void {
    if (this.#rests.delete(rest.item)) this.#options.onWoken(rest.item);
  }
}
