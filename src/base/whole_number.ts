import { describe } from "./describe.ts";

/**
 * The number itself, if it can be a bound.
 *
 * @throws {RangeError} if it is not a whole number of at least `least`; the message names it.
 */
export function wholeNumber(name: string, value: number, least = 1): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${describe(value)}`);
}
