/** The page's own code: runs the suites on the IndexedDB of the browser, and says what became of each case. */
import { cacheConformance, type ConformanceCase, outboxConformance } from "@vantage/live/testing";
import { newCacheHarness, newOutboxHarness } from "./indexeddb_harness.ts";

/** What became of a case; no error if it passed. */
export interface CaseResult {
  readonly name: string;
  readonly error?: string | undefined;
}

async function results<Harness>(
  suite: readonly ConformanceCase<Harness>[],
  newHarness: () => Harness,
): Promise<CaseResult[]> {
  const all: CaseResult[] = [];
  for (const { name, skip, run } of suite) {
    const harness = newHarness();
    if (skip?.(harness) !== undefined) continue;
    try {
      await run(harness);
      all.push({ name });
    } catch (error) {
      all.push({
        name,
        error: error instanceof Error ? `${error.name}: ${error.message}\n${error.stack}` : String(error),
      });
    }
  }
  return all;
}

const seen = (async () =>
  JSON.stringify([
    ...await results(cacheConformance, newCacheHarness),
    ...await results(outboxConformance, newOutboxHarness),
  ]))();
Object.assign(globalThis, { seen });
