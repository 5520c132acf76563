import type { MaybePromise } from "@vantage/live";

/** An operation whose time must grow no faster than what it is done to. */
export interface GrowthCase {
  readonly name: string;
  /** The smallest size; default 256. */
  readonly from?: number | undefined;
  /** What the time may grow with besides n; default 1. What is put in order takes n log n. */
  readonly besides?: "log n" | undefined;
  /** The exponent that is accepted, where another program is what grows and what it is given is bounded; default 1.2. */
  readonly most?: number | undefined;
  /** Why it begins at another size, or may grow faster: printed below it. */
  readonly because?: string | undefined;
  /** Makes everything that the operation needs at a size, and gives what is measured: all of it, or `n` small ones. */
  readonly prepare: (n: number) => MaybePromise<() => MaybePromise<unknown>>;
}

/** Of objects: how they begin, and why. */
export const beyondShapes = {
  from: 2_048,
  because:
    "From 2,048, since V8 keeps objects of up to about 1,000 keys, and up to about 1,500 sets of keys, in a faster form.",
} as const;

/** Cases that have something in common. */
export function alike(common: Partial<GrowthCase>, cases: readonly GrowthCase[]): readonly GrowthCase[] {
  return cases.map((growthCase) => ({ ...common, ...growthCase }));
}

/** The numbers below n. */
export function upTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, number) => number);
}

/** Some n values one after the other, so that an operation that answers with a promise is done before the next. */
export async function each(n: number, work: (number: number) => MaybePromise<unknown>): Promise<void> {
  for (let number = 0; number < n; number++) {
    const answer = work(number);
    if (answer instanceof Promise) await answer;
  }
}
