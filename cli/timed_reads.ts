import type { LiveTable, Row, Rows } from "@vantage/live";
import type { Json } from "./json_form.ts";
import type { LastMisses } from "./last_misses.ts";
import { type Output, paint, type Part } from "./output.ts";

/** A read: what came back, from where, and how long it took. */
export interface Reading<T> {
  readonly answer: T;
  readonly key: string;
  readonly outcome: "hit" | "miss";
  readonly ms: number;
  /** How long the last miss of the same key took, if this is a hit and that is known. */
  readonly lastMissMs?: number | undefined;
}

/** Reads of a live table with a watch in hand. Whether a read hit is what the table has counted. */
export class TimedReads {
  readonly #lastMisses: LastMisses;

  constructor(lastMisses: LastMisses) {
    this.#lastMisses = lastMisses;
  }

  /** The rows of a handle's page. The time ends when the last row has been looked at: some caches decode as one looks. */
  list(handle: LiveTable): Promise<Reading<Rows>> {
    return this.#read(handle, handle.pageCacheKey(handle.query.pagination?.page ?? 1), async () => {
      const rows = await handle.listValues();
      for (const row of rows.values()) void row;
      return rows;
    });
  }

  /** One row. */
  get(handle: LiveTable, id: string): Promise<Reading<Row | undefined>> {
    return this.#read(handle, handle.idCacheKey(id), () => handle.getValue(id));
  }

  async #read<T>(handle: LiveTable, key: string, read: () => Promise<T>): Promise<Reading<T>> {
    const hitsBefore = handle.stats().hits;
    const startedAt = performance.now();
    const answer = await read();
    const ms = performance.now() - startedAt;
    if (handle.stats().hits > hitsBefore) {
      return { answer, key, outcome: "hit", ms, lastMissMs: this.#lastMisses.get(key) };
    }
    this.#lastMisses.set(key, ms);
    return { answer, key, outcome: "miss", ms };
  }
}

/** The facts of a reading for programs. */
export function readingToJson({ key, outcome, ms, lastMissMs }: Reading<unknown>): { readonly [name: string]: Json } {
  const facts = { key, outcome, ms: round(ms) };
  if (lastMissMs === undefined) return facts;
  return { ...facts, lastMissMs: round(lastMissMs), timesFaster: round(lastMissMs / ms) };
}

/** Tells people hit or miss, the time, and how that compares. */
export function tellReading(out: Output, what: string, reading: Reading<unknown>): void {
  out.line(...readingParts(reading), `  ${what}`, paint("dim", comparison(reading)));
}

/** The word and the time. */
export function readingParts({ outcome, ms }: Reading<unknown>): readonly Part[] {
  return [outcome === "hit" ? paint("green", "HIT ") : paint("yellow", "MISS"), ` ${formatMs(ms).padStart(10)}`];
}

/** How a hit compares with the last miss of the same key. */
export function comparison({ ms, lastMissMs }: Reading<unknown>): string {
  if (lastMissMs === undefined) return "";
  const times = lastMissMs / ms;
  return times < 1.05
    ? `  no faster than the last miss (${formatMs(lastMissMs)})`
    : `  ${times.toFixed(1)}x faster than the last miss (${formatMs(lastMissMs)})`;
}

/** Milliseconds for people. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 0.01 ? 3 : 4)} ms`;
}

/** Milliseconds for programs, without digits that mean nothing. */
export function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000;
}
