/**
 * `deno task compare FILE…` compares every table and view of SQLite databases with plain SQL.
 *
 * @module
 */

import { compareFile, THOROUGH } from "./compare_database.ts";

const files = process.argv.slice(2);
if (files.length === 0) {
  console.error("Give one or more SQLite files: deno task compare FILE…");
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
process.exit(differences === 0 ? 0 : 1);
