import { describe } from "node:test";
import type { ConformanceCase } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";

/** Makes one test of each case, with a harness of its own. */
export function runSuite<Harness>(
  title: string,
  suite: readonly ConformanceCase<Harness>[],
  newHarness: () => Harness,
): void {
  describe(title, () => {
    for (const { name, skip, run } of suite) {
      const harness = newHarness();
      skippable(name, skip?.(harness), () => run(harness));
    }
  });
}
