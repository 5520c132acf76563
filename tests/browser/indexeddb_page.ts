/** The page's own code: runs the suites on the IndexedDB of the browser, and says what became of each case. */
import { cacheConformance, type ConformanceCase, outboxConformance } from "@vantage/live/testing";
import { newCacheHarness, newOutboxHarness } from "./indexeddb_harness.ts";

/** What became of a case; no error if it passed. */
export interface CaseResult {
  readonly name: string;
  readonly error?: string | undefined;
}

/** So many cases are run at a time: each waits for the disk most of the time. */
const AT_ONCE = 8;

/** Runs the cases, and gives what became of each. */
async function results<Harness>(
  suite: readonly ConformanceCase<Harness>[],
  newHarness: () => Harness,
): Promise<CaseResult[]> {
  const all: CaseResult[] = [];
  const cases = suite.values();
  const runRest = async (): Promise<void> => {
    for (const each of cases) {
      const harness = newHarness();
      if (each.skip?.(harness) === undefined) all.push(await resultOf(each, harness));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runRest));
  return all;
}

async function resultOf<Harness>({ name, run }: ConformanceCase<Harness>, harness: Harness): Promise<CaseResult> {
  try {
    await run(harness);
    return { name };
  } catch (error) {
    return { name, error: `${error} ${error instanceof Error ? error.stack : ""}` };
  }
}

async function look(): Promise<string> {
  const caches = await results(cacheConformance, newCacheHarness);
  return JSON.stringify([...caches, ...await results(outboxConformance, newOutboxHarness)]);
}

Object.assign(globalThis, { seen: look() });
