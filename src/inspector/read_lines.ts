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

/** Something that was done under a key. */
export interface DonePart extends Stretch {
  readonly key: string;
  readonly name: string;
  /** When it began, in milliseconds since the epoch. */
  readonly at: number;
  readonly outcome: string;
}

/** A read that has ended. */
export type EndedRead = Pick<ReadLine, "key" | "at" | "why" | "outcome"> & Stretch;

/** The reads that asked the master, each with what was done under its key while it lasted. */
export class ReadLines {
  readonly #parts: DonePart[] = [];
  readonly #reads: ReadLine[] = [];
  /** The parts that are in the line of a read. */
  readonly #drawn = new WeakSet<DonePart>();
  /** How many reads there are of each key now. */
  readonly #open = new Map<string, number>();

  /** A read of a key begins. */
  begin(key: string): void {
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1);
  }

  /** It has ended, whether or not it asked the master. */
  close(key: string): void {
    const left = (this.#open.get(key) ?? 0) - 1;
    if (left > 0) this.#open.set(key, left);
    else this.#open.delete(key);
  }

  /** Something was done under a key. */
  part(part: DonePart): void {
    addTo(this.#parts, part, MAX_PARTS);
  }

  /** A window has ended. It is not an entry: each entry that the master was asked for meanwhile has a line. */
  endWindow(): void {
    const left = this.#parts.filter((part) => !this.#drawn.has(part) && !this.#open.has(part.key));
    for (const key of new Set(left.map((part) => part.key))) {
      const parts = left.filter((part) => part.key === key);
      const load = parts.findLast(({ name }) => name === "load");
      if (load === undefined) continue;
      const from = Math.min(...parts.map((part) => part.from));
      const to = Math.max(...parts.map((part) => part.to));
      const at = Math.min(...parts.map((part) => part.at));
      this.end({ key, at, from, to, outcome: load.outcome === "failed" ? "failed" : "miss", why: undefined });
    }
  }

  /** A read has ended. What was going on when it began is of an earlier read, which it shares. */
  end({ key, at, why, outcome, from, to }: EndedRead): void {
    const own = this.#parts.filter((part) => part.key === key && part.to >= from && part.from <= to);
    for (const part of own) this.#drawn.add(part);
    const parts = own
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
