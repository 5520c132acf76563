import type { LiveHandle, LiveTable, Row, Rows } from "@vantage/live";
import type { Json } from "./json_form.ts";
import type { KeptMap } from "./kept_map.ts";
import { type Output, paint, type Part } from "./output.ts";

/** A read: its result, whether it was a hit, and how long it took. */
export interface Reading<T> {
  readonly answer: T;
  readonly key: string;
  readonly outcome: "hit" | "miss";
  readonly ms: number;
  /** How many rows the master sent for it. */
  readonly rowsReceived: number;
  /** When the master was read for a hit, in milliseconds since the epoch. */
  readonly cachedAt?: number | undefined;
  /** How long the last miss of the same key took, for a hit if known. */
  readonly lastMissMs?: number | undefined;
}

/** Times reads of a live table and its handles. The counters of the table show whether a read was a hit. */
export class TimedReads {
  readonly #live: LiveTable;
  readonly #lastMisses: KeptMap<number>;

  /** `lastMisses` has the duration of the last miss of each key, in milliseconds. */
  constructor(live: LiveTable, lastMisses: KeptMap<number>) {
    this.#live = live;
    this.#lastMisses = lastMisses;
  }

  /** Lists a handle's page. The time includes iterating all rows, since some caches decode lazily. */
  list(handle: LiveHandle): Promise<Reading<Rows>> {
    return this.#read(handle.listCacheKey, async () => {
      const rows = await handle.listValues();
      for (const row of rows.values()) void row;
      return rows;
    });
  }

  /** Gets one row. */
  get(handle: LiveHandle, id: string): Promise<Reading<Row | undefined>> {
    return this.#read(handle.idCacheKey(id), () => handle.getValue(id));
  }

  async #read<T>(key: string, read: () => Promise<T>): Promise<Reading<T>> {
    const before = this.#live.stats();
    const startedAt = performance.now();
    const answer = await read();
    const ms = performance.now() - startedAt;
    const { hits, rowsReceived: received } = this.#live.stats();
    const rowsReceived = received - before.rowsReceived;
    if (hits > before.hits) {
      const { fetchedAt } = await this.#live.explain(key);
      const lastMissMs = this.#lastMisses.get(key);
      return { answer, key, outcome: "hit", ms, rowsReceived, cachedAt: fetchedAt, lastMissMs };
    }
    this.#lastMisses.set(key, ms);
    return { answer, key, outcome: "miss", ms, rowsReceived };
  }
}

/** A reading as JSON. */
export function readingToJson(reading: Reading<unknown>): { readonly [name: string]: Json } {
  const { key, outcome, ms, rowsReceived, cachedAt, lastMissMs } = reading;
  return {
    key,
    outcome,
    ms: round(ms),
    rowsReceived,
    ...(cachedAt !== undefined && { cachedAt: new Date(cachedAt).toISOString() }),
    ...(lastMissMs !== undefined && { lastMissMs: round(lastMissMs), timesFaster: round(lastMissMs / ms) }),
  };
}

/** Prints hit or miss, the time, the age, and what it cost or saved. */
export function printReading(out: Output, what: string, reading: Reading<unknown>): void {
  const { cachedAt } = reading;
  const age = cachedAt === undefined ? "" : `  cached ${formatAge(Date.now() - cachedAt)} ago`;
  out.line(...readingParts(reading), `  ${what}`, age, paint("dim", costOf(reading)));
}

/** Hit or miss, and the time. */
export function readingParts({ outcome, ms }: Reading<unknown>): readonly Part[] {
  return [outcome === "hit" ? paint("green", "HIT ") : paint("yellow", "MISS"), ` ${formatMs(ms).padStart(10)}`];
}

/** What a miss received, or how a hit compares with the last miss of the same key. */
export function costOf({ outcome, ms, rowsReceived, lastMissMs }: Reading<unknown>): string {
  if (outcome === "miss") return `  received ${rowsReceived} ${rowsReceived === 1 ? "row" : "rows"}`;
  if (lastMissMs === undefined) return "";
  const times = lastMissMs / ms;
  return times < 1.05
    ? `  no faster than the last miss (${formatMs(lastMissMs)})`
    : `  ${times.toFixed(1)}x faster than the last miss (${formatMs(lastMissMs)})`;
}

/** Formats milliseconds for people. */
export function formatMs(ms: number): string {
  return `${ms.toFixed(ms >= 100 ? 0 : ms >= 10 ? 1 : ms >= 0.01 ? 3 : 4)} ms`;
}

/** Formats an age for people. */
function formatAge(ms: number): string {
  const [unit, size] = AGES.find(([, size]) => ms >= 2 * size) ?? ["s", 1_000];
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

const AGES = [["days", 86_400_000], ["h", 3_600_000], ["min", 60_000]] as const;

/** Rounds milliseconds for programs to four decimals. */
export function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000;
}
