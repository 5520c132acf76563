import type { LiveHandle, LiveTable, Row, Rows } from "@vantage/live";
import type { Json } from "./json_form.ts";
import type { KeptMap } from "./kept_map.ts";
import { type Output, paint, type Part } from "./output.ts";

/** A read: what came back, from where, and how long it took. */
export interface Reading<T> {
  readonly answer: T;
  readonly key: string;
  readonly outcome: "hit" | "miss";
  readonly ms: number;
  /** When the master was asked for what was served, in milliseconds since the epoch, if this is a hit. */
  readonly cachedAt?: number | undefined;
  /** How long the last miss of the same key took, if this is a hit and that is known. */
  readonly lastMissMs?: number | undefined;
}

/** Reads of a live table and its handles with a watch in hand. Whether a read hit is what the table has counted. */
export class TimedReads {
  readonly #live: LiveTable;
  readonly #lastMisses: KeptMap<number>;

  /** `lastMisses` has the milliseconds that the last miss of each key took. */
  constructor(live: LiveTable, lastMisses: KeptMap<number>) {
    this.#live = live;
    this.#lastMisses = lastMisses;
  }

  /** The rows of a handle's page. The time ends when the last row has been looked at: some caches decode as one looks. */
  list(handle: LiveHandle): Promise<Reading<Rows>> {
    return this.#read(handle.pageCacheKey(handle.query.pagination?.page ?? 1), async () => {
      const rows = await handle.listValues();
      for (const row of rows.values()) void row;
      return rows;
    });
  }

  /** One row. */
  get(handle: LiveHandle, id: string): Promise<Reading<Row | undefined>> {
    return this.#read(handle.idCacheKey(id), () => handle.getValue(id));
  }

  async #read<T>(key: string, read: () => Promise<T>): Promise<Reading<T>> {
    const hitsBefore = this.#live.stats().hits;
    const startedAt = performance.now();
    const answer = await read();
    const ms = performance.now() - startedAt;
    if (this.#live.stats().hits > hitsBefore) {
      const { fetchedAt } = await this.#live.explain(key);
      return { answer, key, outcome: "hit", ms, cachedAt: fetchedAt, lastMissMs: this.#lastMisses.get(key) };
    }
    this.#lastMisses.set(key, ms);
    return { answer, key, outcome: "miss", ms };
  }
}

/** The facts of a reading for programs. */
export function readingToJson(reading: Reading<unknown>): { readonly [name: string]: Json } {
  const { key, outcome, ms, cachedAt, lastMissMs } = reading;
  return {
    key,
    outcome,
    ms: round(ms),
    ...(cachedAt !== undefined && { cachedAt: new Date(cachedAt).toISOString() }),
    ...(lastMissMs !== undefined && { lastMissMs: round(lastMissMs), timesFaster: round(lastMissMs / ms) }),
  };
}

/** Tells people hit or miss, the time, how old it is, and how that compares. */
export function tellReading(out: Output, what: string, reading: Reading<unknown>): void {
  const { cachedAt } = reading;
  const age = cachedAt === undefined ? "" : `  cached ${formatAge(Date.now() - cachedAt)} ago`;
  out.line(...readingParts(reading), `  ${what}`, age, paint("dim", comparison(reading)));
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

/** How long ago something was, for people. */
function formatAge(ms: number): string {
  const [unit, size] = AGES.find(([, size]) => ms >= 2 * size) ?? ["s", 1_000];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

const AGES = [["days", 86_400_000], ["h", 3_600_000], ["min", 60_000]] as const;

/** Milliseconds for programs, without digits that mean nothing. */
export function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000;
}
