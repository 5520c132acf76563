import type { ServedSecond } from "./inspection.ts";

/** How many seconds are kept. */
const SECONDS = 60;

type Counted = { -readonly [name in keyof ServedSecond]: ServedSecond[name] };

/** Counts what was served, second by second, for a minute. */
export class ServedSeconds {
  /** One slot for each second of a minute, used again in the next one. */
  readonly #slots: Counted[] = Array.from({ length: SECONDS }, () => empty(-Infinity));

  /** Something was served, at a time, that was so old. */
  add(outcome: "hit" | "stale" | "miss", at: number, ageMs: number): void {
    const second = Math.floor(at / 1000);
    const slot = ((second % SECONDS) + SECONDS) % SECONDS;
    let counted = this.#slots[slot];
    if (counted?.at !== second * 1000) this.#slots[slot] = counted = empty(second * 1000);
    if (outcome === "hit") counted.hits++;
    else if (outcome === "stale") counted.stale++;
    else counted.misses++;
    counted.ageMs += ageMs;
    counted.maxAgeMs = Math.max(counted.maxAgeMs, ageMs);
  }

  /** The seconds of the minute before `now` in which anything was served. */
  list(now: number): readonly ServedSecond[] {
    const first = now - SECONDS * 1000;
    return this.#slots.filter(({ at }) => at > first && at <= now).sort((a, b) => a.at - b.at).map((one) => ({
      ...one,
    }));
  }
}

function empty(at: number): Counted {
  return { at, hits: 0, stale: 0, misses: 0, ageMs: 0, maxAgeMs: 0 };
}
