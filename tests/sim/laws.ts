/** The laws, by their numbers in DESIGN.md. */
export const LAWS = [
  "1 read your writes",
  "2 no old rows after an invalidation",
  "3 one flight",
  "4 no cross-talk",
  "5 nothing is lost in silence",
  "6 nothing is applied twice",
  "7 gaps heal",
  "8 a failure costs freshness, not data",
  "9 isolation",
  "10 bounds",
  "11 cleanup",
  "12 an unknown outcome is not a failure",
] as const;

/** One of the laws. */
export type Law = typeof LAWS[number];

/** The law with a number. */
export function lawOf(number: number): Law {
  const law = LAWS[number - 1];
  if (law === undefined) throw new RangeError(`There is no law ${number}`);
  return law;
}

/** A violation of a law. */
export interface Violation {
  readonly law: Law;
  readonly what: string;
}

/** Counts checks, and collects violations. */
export class Verdict {
  readonly checks: Map<Law, number> = new Map(LAWS.map((law) => [law, 0]));
  readonly violations: Violation[] = [];

  /** Records one check of a law. */
  check(number: number, holds: boolean, what: () => string): void {
    const law = lawOf(number);
    this.checks.set(law, (this.checks.get(law) ?? 0) + 1);
    if (!holds) this.violations.push({ law, what: what() });
  }
}
