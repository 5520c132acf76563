/**
 * Prints through how many files and functions of src the calls go that matter: `deno task walk`. With `--all`, their names,
 * too.
 */
import process from "node:process";
import { measureWalks } from "./walks.ts";

for (const { name, walk, maxFiles } of await measureWalks()) {
  console.log(`${name.padEnd(26)} ${walk.files.size} files (at most ${maxFiles}), ${walk.functions} functions`);
  if (!process.argv.includes("--all")) continue;
  for (const [file, functions] of walk.files) console.log(`    ${file}: ${functions.join(", ")}`);
}
