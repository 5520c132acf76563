import { after, describe } from "node:test";
import { skippable } from "../skippable.ts";
import type { OurCache } from "./our_caches.ts";

/** Registers a case of a suite; one that cannot apply is skipped, and its name says why. */
export type Register = (name: string, run: () => Promise<void>) => void;

/**
 * Runs somebody else's suite over one of our caches: every case is a test. At the end it prints one line, which
 * `npm test` shows.
 */
export function runPublished(
  suite: string,
  { name, missing }: OurCache,
  cannotApply: Readonly<Record<string, string>>,
  registerAll: (register: Register) => void,
): void {
  const title = `${suite} over ${name}`;
  const counts = { passed: 0, failed: 0, skipped: 0 };
  describe(title, () => {
    if (missing !== undefined) return skippable("is tried with every case", missing, () => {});
    registerAll((caseName, run) => {
      const reason = cannotApply[caseName];
      if (reason !== undefined) counts.skipped++;
      skippable(caseName, reason, async () => {
        counts.failed++;
        await run();
        counts.failed--;
        counts.passed++;
      });
    });
    after(() => {
      const { passed, failed, skipped } = counts;
      console.log(`[suite] ${title}: ${passed} of ${passed + failed} passed, ${skipped} cannot apply`);
    });
  });
}
