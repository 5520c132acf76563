/**
 * How the time of each operation grows with its input: measured at n, 4n and 16n, with the exponent between them. 1 is
 * linear. Sorting takes n log n: there, the exponent excludes the logarithm, and the table says so. An exponent above
 * 1.2 is measured again, up to four times, before it counts; if it stays above, this exits with 1.
 *
 * V8 gets a young generation so large that it rarely collects garbage within a run: it would do so only at the larger
 * sizes, which would make linear operations look worse.
 *
 * ```sh
 * deno task bench:growth [a part of a name]
 * ```
 */

import { cacheCases } from "./cache_cases.ts";
import { codecCases } from "./codec_cases.ts";
import { type Growth, measureGrowth } from "./exponent.ts";
import { liveCases } from "./live_cases.ts";
import { serverCases } from "./server_cases.ts";
import { sqliteTableCases } from "./sqlite_table_cases.ts";
import { streamCases } from "./stream_cases.ts";
import { tableCases } from "./table_cases.ts";
import { writeCases } from "./write_cases.ts";
import type { GrowthCase } from "./growth_case.ts";

const MOST = 1.2;
const SECOND_LOOKS = 4;

const families = [
  cacheCases,
  liveCases,
  writeCases,
  streamCases,
  tableCases,
  sqliteTableCases,
  codecCases,
  serverCases,
];
const part = Deno.args[0] ?? "";
const wanted = families.flat().filter(({ name }) => name.includes(part));
const results: Growth[] = [];
const tooFast: Growth[] = [];
console.log(line(["operation", "n", "at n", "at 4n", "at 16n", "exponent", "besides"]));
for (const growthCase of wanted) {
  const growth = await looked(growthCase);
  const { name, n, times, exponent } = growth;
  results.push(growth);
  if (isTooFast(growthCase, growth)) tooFast.push(growth);
  const cells = [
    name,
    n.toLocaleString("en"),
    ...times.map((time) => `${time.toPrecision(3)} ms`),
    exponent.toFixed(2),
  ];
  console.log(line([...cells, growthCase.besides ?? "", isTooFast(growthCase, growth) ? "grows too fast" : ""]));
  if (growthCase.because !== undefined) console.log(`  ${growthCase.because}`);
}
console.log(
  `\n${
    results.length - tooFast.length
  } of ${results.length} operations grow no faster than n^${MOST}, or than the line below them says.`,
);
Deno.exit(tooFast.length === 0 && results.length > 0 ? 0 : 1);

function line([name = "", ...cells]: readonly string[]): string {
  return `${name.padEnd(72)} ${cells.map((cell) => cell.padStart(10)).join(" ")}`;
}

async function looked(growthCase: GrowthCase): Promise<Growth> {
  let growth = await measureGrowth(growthCase);
  for (let look = 0; look < SECOND_LOOKS && isTooFast(growthCase, growth); look++) {
    growth = await measureGrowth(growthCase, growth);
  }
  return growth;
}

function isTooFast({ most = MOST }: GrowthCase, { exponent }: Growth): boolean {
  return exponent > most;
}
