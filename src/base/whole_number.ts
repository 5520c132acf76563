import { describe } from "./describe.ts";

/**
 * Returns the number if it is a whole number of at least `least`.
 *
 * @throws {RangeError} that names it, if it is not.
 */
export function wholeNumber(name: string, value: number, least = 1): number {
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new RangeError(`${name} must be a whole number of at least ${least}, got ${describe(value)}`);
}
