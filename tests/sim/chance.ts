import { FakeClock } from "@vantage/live/testing";

/** Random choices from a seed. */
export class Chance {
  readonly #source: FakeClock;

  constructor(seed: number) {
    this.#source = new FakeClock({ seed });
  }

  /** A number from 0 up to but not including 1. */
  next(): number {
    return this.#source.random();
  }

  /** A whole number from 0 up to but not including `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end);
  }

  /** `true` with this probability. */
  happens(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of a list, which must not be empty. */
  pick<T>(list: readonly T[]): T {
    const picked = list[this.below(list.length)];
    if (picked === undefined) throw new RangeError("There is nothing to pick from");
    return picked;
  }
}
