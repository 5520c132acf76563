import type { Mode } from "./modes.ts";

/** What was reached in one mode. */
export interface Figure {
  readonly text: string;
  /** Whether that is what is to be reached; `undefined` if it is only shown. */
  readonly met?: boolean | undefined;
  /** What it cost, in any unit: of several measurements of a line the cheapest counts. */
  readonly cost?: number | undefined;
}

/** A line of the table: some work, what is to be reached, and how it is measured. */
export interface Line {
  readonly work: string;
  readonly reach: string;
  /** The best that can be reached, where that is known. */
  readonly limit?: (() => Promise<string>) | undefined;
  /**
   * In how many new processes it is measured, since what ran before changes times and the heap, and so does chance;
   * default none.
   */
  readonly processes?: number | undefined;
  /** How many times the cost of today is accepted; for lines that are to be no worse. */
  readonly noWorse?: number | undefined;
  readonly measure: (mode: Mode) => Promise<Figure>;
}

/** Whether all conditions hold, each with its text in the figure. */
export function figure(...parts: readonly (readonly [text: string, met?: boolean | undefined])[]): Figure {
  const judged = parts.map(([, met]) => met).filter((met) => met !== undefined);
  const text = parts.map(([part]) => part).join("; ");
  return judged.length === 0 ? { text } : { text, met: judged.every((met) => met) };
}

/** The figure of the lowest cost; the first one if none has a cost. */
export function cheapest(figures: readonly Figure[]): Figure {
  const sorted = [...figures].sort((a, b) => (a.cost ?? 0) - (b.cost ?? 0));
  if (sorted[0] === undefined) throw new RangeError("Nothing was measured");
  return sorted[0];
}

/** What the last column says of a figure, and of that of today for a line that is to be no worse. */
export function verdict(now: Figure, today: Figure, noWorse?: number): string {
  const met = noWorse === undefined ? now.met : (now.cost ?? NaN) <= (today.cost ?? NaN) * noWorse;
  return met === undefined ? "" : met ? "met" : "not met";
}

/** A share, such as `91.5 %`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** The value in the middle of some values. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("There is no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [below = NaN, above = NaN] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]];
  return (below + above) / 2;
}
