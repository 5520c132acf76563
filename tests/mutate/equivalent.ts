/** A mutant that no test can tell from the original, and why. */
export interface Equivalent {
  readonly file: string;
  /** The function, method or variable that it is in, with its class. */
  readonly within: string;
  /** The original text of the changed expression or statement, and what it becomes. */
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

/** All that are known. */
export const EQUIVALENT: readonly Equivalent[] = [];
