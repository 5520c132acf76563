/** How a contestant did in a race; the worse the later. */
export const VERDICTS = ["correct", "lost", "stale", "hangs"] as const;

/** How a contestant did in a race that was run. */
export type Verdict = (typeof VERDICTS)[number];

/** Something that went wrong. */
export interface Finding {
  readonly verdict: Exclude<Verdict, "correct">;
  readonly what: string;
}

interface Asked {
  /** Who asked, as the findings name him. */
  readonly who: string;
  /** A reader must see nothing older; whoever does something must only come to an end. */
  readonly notOlderThan: number | undefined;
  outcome: { readonly value: unknown } | { readonly error: unknown } | undefined;
}

/** Watches everybody who waits for an answer, and says what was wrong with the answers. */
export class Referee {
  readonly #asked: Asked[] = [];

  /** Watches an answer; tells whether it is there. `notOlderThan` is for readers: the oldest value that it may be. */
  watch(who: string, answer: Promise<unknown>, notOlderThan?: number): () => boolean {
    const asked: Asked = { who, notOlderThan, outcome: undefined };
    this.#asked.push(asked);
    answer.then((value) => asked.outcome = { value }, (error: unknown) => asked.outcome = { error });
    return () => asked.outcome !== undefined;
  }

  /** What is wrong so far. Whoever has no answer when everything is at rest will never have one. */
  findings(): readonly Finding[] {
    return this.#asked.flatMap((asked) => findingOf(asked) ?? []);
  }
}

function findingOf({ who, notOlderThan, outcome }: Asked): Finding | undefined {
  if (outcome === undefined) return { verdict: "hangs", what: `${who} is never answered` };
  if ("error" in outcome) return { verdict: "lost", what: `${who} gets an error` };
  if (notOlderThan === undefined) return undefined;
  const { value } = outcome;
  if (typeof value !== "number" || Number.isNaN(value)) return { verdict: "lost", what: `${who} gets no row` };
  return value < notOlderThan ? { verdict: "stale", what: `${who} is shown an old row` } : undefined;
}

/** The worst of some findings. */
export function verdictOf(findings: readonly Finding[]): Verdict {
  const worst = Math.max(0, ...findings.map(({ verdict }) => VERDICTS.indexOf(verdict)));
  return VERDICTS[worst] ?? "correct";
}
