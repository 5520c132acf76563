/**
 * Writes: how fast they are accepted and brought to a master, what a durable one costs, how long the event loop is held
 * up, and what survives a process that is killed; beside `@tanstack/offline-transactions`, used as its documentation says.
 * Times differ from machine to machine: those of the processor less than others. A missed target is reported, but does not
 * fail the run.
 *
 * ```sh
 * deno task bench:writes [a part of a line]
 * ```
 */
import { table } from "../tables.ts";
import { verdict } from "../changes/line.ts";
import { KILL_COLUMNS, killRows } from "./kill_table.ts";
import { LINES } from "./lines.ts";
import { RATE_COLUMNS, rateRows } from "./rate_table.ts";

const part = Deno.args[0];
const rows: string[][] = [];
for (const { work, reach, measure } of LINES) {
  if (part !== undefined && !work.includes(part)) continue;
  console.error(`${work} …`);
  const figure = await measure();
  rows.push([work, figure.text, reach, verdict(figure, figure)]);
}
console.log(table(["work", "measured", "reach", "result"], rows));
if (part === undefined) {
  console.log(`\n${table(RATE_COLUMNS, await rateRows())}`);
  console.log(`\n${table(KILL_COLUMNS, await killRows())}`);
}
