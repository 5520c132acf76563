/** How long calls took, in milliseconds. */
export interface Durations {
  /** How many there were. */
  readonly count: number;
  /** All together. */
  readonly totalMs: number;
  /** How many took at most so long, those of the shorter times included. */
  readonly within: readonly { readonly ms: number; readonly count: number }[];
}

/** Those that dashboards of HTTP servers have. */
const BOUNDS_MS: readonly number[] = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

/** Counts durations. Takes the same memory, however many there are. */
export class DurationCounter {
  /** By the first bound that is not exceeded. */
  readonly #counts: number[] = BOUNDS_MS.map(() => 0);
  #count = 0;
  #totalMs = 0;

  /** Counts one. */
  add(ms: number): void {
    const index = BOUNDS_MS.findIndex((bound) => ms <= bound);
    if (index !== -1) this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#count++;
    this.#totalMs += ms;
  }

  /** What has been counted. */
  snapshot(): Durations {
    let sum = 0;
    const within = BOUNDS_MS.map((ms, index) => ({ ms, count: sum += this.#counts[index] ?? 0 }));
    return { count: this.#count, totalMs: this.#totalMs, within };
  }
}
