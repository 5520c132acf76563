/**
 * `deno task compare FILE…` compares every table and view of SQLite databases with plain SQL; `deno task compare --random N`
 * so many tables drawn by chance, from `--seed S` on.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { compareFile, compareTable, THOROUGH } from "./compare_database.ts";
import { chanceOf, randomDatabase } from "./random_database.ts";

const { positionals: files, values } = parseArgs({
  allowPositionals: true,
  options: { random: { type: "string", default: "0" }, seed: { type: "string" } },
});
const [drawn = 0] = crypto.getRandomValues(new Uint32Array(1));
const [runs, seed] = [Number(values.random), Number(values.seed ?? drawn)];
if (files.length === 0 && !(runs > 0)) {
  console.error(
    "Give one or more SQLite files, or how many tables to draw: deno task compare FILE… [--random N] [--seed S]",
  );
  process.exit(2);
}
let differences = 0;
for (const file of files) {
  console.log(file);
  const results = await compareFile(file, THOROUGH, (line) => console.log(`  ${line}`));
  const found = results.reduce((sum, result) => sum + result.differences.length, 0);
  const opened = results.filter(({ closed }) => closed === undefined);
  const asked = results.reduce((sum, result) => sum + result.asked, 0);
  console.log(`  ${opened.length} of ${results.length} open, ${asked} comparisons, ${found} differences`);
  differences += found;
}
let asked = 0;
for (let run = 0; run < runs; run++) {
  const { db, sql } = randomDatabase(chanceOf((seed + run) >>> 0));
  const result = await compareTable(db, "t", THOROUGH);
  asked += result.asked;
  for (const difference of [...result.differences, result.closed ?? []].flat()) {
    console.log(`seed ${seed + run}: ${difference}`);
  }
  if (result.differences.length > 0 || result.closed !== undefined) {
    console.log(sql);
    differences++;
  }
  db.close();
  if ((run + 1) % 100 === 0 && run + 1 < runs) console.log(`  ${run + 1} tables, ${asked} comparisons`);
}
if (runs > 0) {
  console.log(`${runs} tables from seed ${seed}: ${asked} comparisons, ${differences} tables with differences`);
}
process.exit(differences === 0 ? 0 : 1);
