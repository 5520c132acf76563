/** `deno task bench:paint`: with which frame a hit is painted, in each browser, with 100 000 rows held. */
import type { Painted } from "./painted.ts";
import { ENGINES, paintIn } from "./run.ts";

console.log("| browser | asked for | frames until painted, at most | median time | slowest |");
console.log("| --- | --- | --- | --- | --- |");
for (const engine of ENGINES) {
  if (engine.reason !== undefined) {
    console.log(`| ${engine.name} | ${engine.reason} | | | |`);
    continue;
  }
  const { held, masterReads, painted } = await paintIn(engine);
  for (const one of painted) console.log(`| ${engine.name} | ${line(one)} |`);
  console.log(`| ${engine.name} | ${held.toLocaleString("en")} rows held, ${masterReads} reads of the master | | | |`);
}

function line({ ask, frames, times }: Painted): string {
  const sorted = times.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  return [ask, Math.max(...frames), `${median.toFixed(1)} ms`, `${(sorted.at(-1) ?? NaN).toFixed(1)} ms`].join(" | ");
}
