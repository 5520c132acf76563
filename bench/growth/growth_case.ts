import type { MaybePromise } from "@vantage/live";

/** An operation whose time must grow no faster than linearly with its input. */
export interface GrowthCase {
  readonly name: string;
  /** The smallest size; default 256. */
  readonly from?: number | undefined;
  /** An accepted factor besides n; default 1. Sorting takes n log n. */
  readonly besides?: "log n" | undefined;
  /** The accepted exponent, if another program takes the time and its input is bounded; default 1.2. */
  readonly most?: number | undefined;
  /** Why it starts at another size, or may grow faster: printed below it. */
  readonly because?: string | undefined;
  /** Prepares the input of size n, and returns the measured function: one operation, or n small ones. */
  readonly prepare: (n: number) => MaybePromise<() => MaybePromise<unknown>>;
}

/** The start size of cases about objects, and why. */
export const beyondShapes = {
  from: 2_048,
  because:
    "From 2,048, since V8 keeps objects of up to about 1,000 keys, and up to about 1,500 sets of keys, in a faster form.",
} as const;

/** Cases with common properties. */
export function alike(common: Partial<GrowthCase>, cases: readonly GrowthCase[]): readonly GrowthCase[] {
  return cases.map((growthCase) => ({ ...common, ...growthCase }));
}

/** The numbers below n. */
export function upTo(n: number): readonly number[] {
  return Array.from({ length: n }, (_, number) => number);
}

/** Runs `work` for the numbers below n in sequence, and waits for each promise before the next call. */
export async function each(n: number, work: (number: number) => MaybePromise<unknown>): Promise<void> {
  for (let number = 0; number < n; number++) {
    const answer = work(number);
    if (answer instanceof Promise) await answer;
  }
}
