/**
 * Runs all benchmarks, and prints a table for each group and one of the targets. Times differ from machine to machine,
 * so the targets are ratios and differences within one run. A missed target is reported, but does not fail the run.
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

${runtime}, ${cpu}, ${navigator.hardwareConcurrency} cores. Times are for one operation, in the fastest
run of ${ROUNDS} rounds; ratios compare these times. "3 in 4 under" is the 75th percentile of the best round. Master
calls are the statements of the master's database, or the requests to its server, for one operation.

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
