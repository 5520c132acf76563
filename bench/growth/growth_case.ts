import type { MaybePromise } from "@vantage/live";

/** An operation whose time must grow no faster than what it is done to. */
export interface GrowthCase {
  readonly name: string;
  /** The smallest size; default 256. */
  readonly from?: number | undefined;
  /** Makes everything that the operation needs at a size, and gives what is measured: all of it, or `n` small ones. */
  readonly prepare: (n: number) => MaybePromise<() => MaybePromise<unknown>>;
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
