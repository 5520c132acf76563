/** How long calls took, in milliseconds. */
export interface Durations {
  /** How many there were. */
  readonly count: number;
  /** All together. */
  readonly totalMs: number;
  /** How many took at most so long, those of the shorter times included. */
  readonly within: readonly { readonly ms: number; readonly count: number }[];
}

/** The same, to be counted up: it takes the same memory, however many there are. */
export interface DurationCounts {
  totalMs: number;
  /** By the first bound that is not exceeded; the last place is for those beyond all. */
  readonly counts: number[];
}

/** Those that dashboards of HTTP servers have. */
export const DURATION_BOUNDS_MS: readonly number[] = [
  ...[1, 2.5, 5, 10, 25, 50, 100, 250, 500],
  ...[1_000, 2_500, 5_000, 10_000],
];

/** No durations. */
export function newDurations(): DurationCounts {
  return { totalMs: 0, counts: [...DURATION_BOUNDS_MS.map(() => 0), 0] };
}

/** What has been counted. */
export function durationsOf({ totalMs, counts }: DurationCounts): Durations {
  let sum = 0;
  const within = DURATION_BOUNDS_MS.map((ms, index) => ({ ms, count: sum += counts[index] ?? 0 }));
  return { count: sum + (counts.at(-1) ?? 0), totalMs, within };
}
