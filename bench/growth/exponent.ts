import process from "node:process";
import type { GrowthCase } from "./growth_case.ts";

/** The factors of n that are measured. */
const STEPS = [1, 4, 16] as const;
/** Small enough that 16n fits the processor's caches, whose misses would look like growth. */
const SIZE = 256;
/** A shorter run is repeated, newly prepared, until all runs together take this long, up to the most repeats. */
const SHORTEST_MS = 5;
const MOST_REPEATS = 100;
/** The best round counts, of as many as fit in this time including preparation, within these limits. */
const ROUND_MS = 250;
const [LEAST_ROUNDS, MOST_ROUNDS] = [3, 9];

/** The result of a case. */
export interface Growth {
  readonly name: string;
  readonly n: number;
  /** The best time at each size, in milliseconds. */
  readonly times: readonly number[];
  /** 1 if twice the size takes twice as long, 2 if it takes four times as long; without the factor in `besides`. */
  readonly exponent: number;
}

/** Measures a case; if an earlier result is given, the better time of both counts. */
export async function measureGrowth(growthCase: GrowthCase, earlier?: Growth): Promise<Growth> {
  const n = growthCase.from ?? SIZE;
  await bestTime(growthCase, n); // warm-up
  const times: number[] = [];
  for (const [at, step] of STEPS.entries()) {
    times.push(Math.min(await bestTime(growthCase, n * step), earlier?.times[at] ?? Infinity));
  }
  const expected = STEPS.map((step) => growthCase.besides === undefined ? 1 : Math.log(n * step));
  const perUnit = times.map((time, at) => time / (expected[at] ?? NaN));
  return { name: growthCase.name, n, times, exponent: exponentOf(perUnit) };
}

/** The least-squares slope of the times over the sizes, both as logarithms. */
export function exponentOf(times: readonly number[]): number {
  const xs = STEPS.map((step) => Math.log(step));
  const ys = times.map((time) => Math.log(time));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [x0, y0] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, at) => sum + (x - x0) * ((ys[at] ?? NaN) - y0), 0);
  return covariance / xs.reduce((sum, x) => sum + (x - x0) ** 2, 0);
}

async function bestTime(growthCase: GrowthCase, n: number): Promise<number> {
  let best = Infinity;
  const startedAt = performance.now();
  for (let round = 0; round < LEAST_ROUNDS || (round < MOST_ROUNDS && since(startedAt) < ROUND_MS); round++) {
    best = Math.min(best, await timeOf(growthCase, n));
  }
  return best;
}

async function timeOf({ prepare }: GrowthCase, n: number): Promise<number> {
  let [total, runs] = [0, 0];
  while (runs === 0 || (total < SHORTEST_MS && runs < MOST_REPEATS)) {
    const run = await prepare(n);
    const [startedAt, usedBefore] = [performance.now(), usedMs()];
    await run();
    // Elapsed time includes other processes, and CPU time includes the threads that collect garbage.
    total += Math.min(since(startedAt), usedMs() - usedBefore);
    runs++;
  }
  return total / runs;
}

function since(startedAt: number): number {
  return performance.now() - startedAt;
}

/** The CPU time of this process, in milliseconds. */
function usedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
