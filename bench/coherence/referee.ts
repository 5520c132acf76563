/** The possible results of a race, from best to worst. */
export const VERDICTS = ["correct", "lost", "stale", "hangs"] as const;

/** The result of a contestant in a race. */
export type Verdict = (typeof VERDICTS)[number];

/** Something that went wrong. */
export interface Finding {
  readonly verdict: Exclude<Verdict, "correct">;
  readonly what: string;
}

interface Call {
  /** The caller, as findings name it. */
  readonly caller: string;
  /** The oldest value that a reader may see; `undefined` for other calls, which must only settle. */
  readonly notOlderThan: number | undefined;
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

/** Watches all calls, and reports what is wrong with their answers. */
export class Referee {
  readonly #calls: Call[] = [];

  /**
   * Watches an answer; the returned function says whether it has settled. `notOlderThan` is the oldest value for a
   * read.
   */
  watch(caller: string, answer: Promise<unknown>, notOlderThan?: number): () => boolean {
    const call: Call = { caller, notOlderThan, outcome: undefined };
    this.#calls.push(call);
    answer.then((value) => call.outcome = { value }, (error: unknown) => call.outcome = { error });
    return () => call.outcome !== undefined;
  }

  /** What is wrong so far. A call without an answer when everything has settled will never get one. */
  findings(): readonly Finding[] {
    return this.#calls.flatMap((call) => findingOf(call) ?? []);
  }
}

function findingOf({ caller, notOlderThan, outcome }: Call): Finding | undefined {
  if (outcome === undefined) return { verdict: "hangs", what: `${caller} never gets an answer` };
  if ("error" in outcome) return { verdict: "lost", what: `${caller} gets an error` };
  if (notOlderThan === undefined) return undefined;
  const { value } = outcome;
  if (typeof value !== "number" || Number.isNaN(value)) return { verdict: "lost", what: `${caller} gets no row` };
  return value < notOlderThan ? { verdict: "stale", what: `${caller} gets an old row` } : undefined;
}

/** The worst verdict among some findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const worst = Math.max(0, ...findings.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return VERDICTS[worst] ?? "correct";
}
