import { addTo, cut } from "./bounded.ts";
import type { ReadLine } from "./inspection.ts";

/** How many reads are remembered. */
const MAX_READS = 24;
/** How many parts are remembered, until the reads end that they are of. */
const MAX_PARTS = 128;

/** A stretch of time, in monotonic milliseconds. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

interface Part extends Stretch {
  readonly key: string;
  readonly name: string;
  readonly outcome: string;
}

/** A read that has ended. */
export type EndedRead = Pick<ReadLine, "key" | "at" | "why" | "outcome"> & Stretch;

/** The reads that asked the master, each with what was done under its key while it lasted. */
export class ReadLines {
  readonly #parts: Part[] = [];
  readonly #reads: ReadLine[] = [];

  /** Something was done under a key. */
  part(part: Part): void {
    addTo(this.#parts, part, MAX_PARTS);
  }

  /** A read has ended. What was going on when it began is of an earlier read, which it shares. */
  end({ key, at, why, outcome, from, to }: EndedRead): void {
    const parts = this.#parts.filter((part) => part.key === key && part.to >= from && part.from <= to)
      .map((part) => ({
        name: part.name,
        fromMs: part.from - from,
        ms: part.to - part.from,
        outcome: part.outcome,
      }))
      .sort((a, b) => a.fromMs - b.fromMs);
    addTo(this.#reads, { key: cut(key), at, ms: to - from, why, outcome, parts }, MAX_READS);
  }

  /** The last read first. */
  list(): readonly ReadLine[] {
    return [...this.#reads].reverse();
  }
}
