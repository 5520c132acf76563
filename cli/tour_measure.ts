import { LiveTable, MemCache } from "@vantage/live";
import type { Json } from "./json_form.ts";
import type { Output } from "./output.ts";
import { formatMs, round } from "./timed_reads.ts";
import type { Wiring } from "./wiring.ts";

const REPEATS = 300;

/** The median cost of one kind of read. */
export interface Cost {
  readonly read: string;
  readonly cache: string;
  readonly missMs: number;
  readonly hitMs: number;
  readonly repeats: number;
}

/** Measures repeated reads, with an invalidation before each miss that is not part of its time. */
export async function measureReads({ live, master }: Wiring): Promise<readonly Cost[]> {
  await using inMemory = new LiveTable(master, live.cacheKey, new MemCache());
  const costs: Cost[] = [];
  for (const [cache, table] of [["SqliteCache", live], ["MemCache", inMemory]] as const) {
    const mostExpensive = table.orderBy("price", "desc").page(1);
    costs.push(
      await costOf({ read: "page of 50, most expensive first", cache }, table, async () => {
        for (const row of (await mostExpensive.listValues()).values()) void row;
      }),
    );
    costs.push(await costOf({ read: "one row", cache }, table, async () => void await table.getValue("a")));
  }
  return costs;
}

/** Prints the costs. */
export function printCosts(out: Output, costs: readonly Cost[]): void {
  out.table(
    ["read", "cache", "miss", "hit", "faster"],
    costs.map((cost) => [
      cost.read,
      cost.cache,
      formatMs(cost.missMs),
      formatMs(cost.hitMs),
      `${(cost.missMs / cost.hitMs).toFixed(1)}x`,
    ]),
  );
  out.line(`Medians of ${REPEATS} reads each, including the time to iterate all rows.`);
}

/** The costs as JSON. */
export function costsToJson(costs: readonly Cost[]): Json {
  return costs.map(({ missMs, hitMs, ...cost }) => ({
    ...cost,
    missMs: round(missMs),
    hitMs: round(hitMs),
    timesFaster: round(missMs / hitMs),
  }));
}

async function costOf(
  what: Pick<Cost, "read" | "cache">,
  table: LiveTable,
  read: () => Promise<void>,
): Promise<Cost> {
  const misses: number[] = [];
  const hits: number[] = [];
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    await table.invalidate();
    misses.push(await timeOf(read));
    hits.push(await timeOf(read));
  }
  return { ...what, missMs: median(misses), hitMs: median(hits), repeats: REPEATS };
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
}
