/**
 * Runs all benchmarks, and prints a table for each group and one of the targets. Times differ from machine to machine;
 * the targets are ratios and differences within one run. A target that is not met is told, and fails nothing.
 */

import { bundleTable, measureBundles } from "./bundles.ts";
import { importWork } from "./import_work.ts";
import { runRounds } from "./rounds.ts";
import { groupTables, table } from "./tables.ts";
import { judge } from "./targets.ts";

const ROUNDS = 3;

const work = await importWork();
const bundles = await measureBundles();
const { results, runtime, cpu } = await runRounds(ROUNDS);

console.log(`## Benchmarks

${runtime}, ${cpu}, ${navigator.hardwareConcurrency} cores. Times are of one operation, in the fastest
run of ${ROUNDS} rounds, from which the ratios are; beside them, the time under which three in four runs of the best
round were. Master calls are statements that the master's database ran for one operation, or requests to its server.

${groupTables(results)}

${bundleTable(bundles)}

Importing the core took ${work.milliseconds.toFixed(0)} ms from its sources.

## Summary

${
  table(
    ["what", "measured", "target", "result"],
    judge({ results, bundles, work }).map(({ what, measured, wanted, met }) => [
      what,
      measured,
      wanted,
      met === undefined ? "" : met ? "met" : "not met",
    ]),
  )
}

\`deno task bench\` on ${runtime}, ${cpu}, ${navigator.hardwareConcurrency} cores.`);
