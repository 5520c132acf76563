/**
 * The coherence races: what each library shows when reads, writes, invalidations and events overlap. The output is the
 * same in every run; `--markdown` prints only the table, `--json` prints everything as JSON. Exits with 1 if this
 * module is not correct in every race.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { CONTESTANTS } from "./contestants/all.ts";
import { openWorld, RACES } from "./races.ts";
import { fullReport, inColour, tableWithNotes } from "./report.ts";
import { runScoreboard } from "./scoreboard.ts";

const { values } = parseArgs({ options: { json: { type: "boolean" }, markdown: { type: "boolean" } } });
const board = await runScoreboard(RACES, CONTESTANTS, openWorld);
const coloured = process.stdout.isTTY && !process.env.NO_COLOR;

if (values.json) console.log(JSON.stringify(board, undefined, 2));
else if (values.markdown) console.log(tableWithNotes(board));
else {
  const report = fullReport(board, CONTESTANTS);
  console.log(coloured ? inColour(report) : report);
}

const own = board.cells.filter(({ contestant }) => contestant === "@vantage/live");
if (own.some(({ verdict }) => verdict !== "correct")) process.exitCode = 1;
