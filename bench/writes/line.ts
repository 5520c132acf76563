import type { Figure } from "../changes/line.ts";

/** A line of the table: some work, what is to be reached, and how it is measured. */
export interface WriteLine {
  readonly work: string;
  readonly reach: string;
  readonly measure: () => Promise<Figure>;
}
