/**
 * What a change costs: hits, rows received and reads of the master while rows change, and the times of what is done
 * for each change. Prints each line with what is to be reached and what was, with `invalidation: "all"` (today) and
 * `"surgical"` (now), beside other libraries. Times differ from machine to machine; counts do not: they come from
 * simulated worlds, and are the same in each run. A missed target is reported, but does not fail the run.
 *
 * ```sh
 * deno task bench:changes [a part of a line]
 * ```
 */
import { table } from "../tables.ts";
import { cheapest, type Figure, type Line, verdict } from "./line.ts";
import { MASTER_MS } from "./distant_master.ts";
import { measureAlone } from "./line_process.ts";
import { LINES } from "./lines.ts";
import { type Mode, NOW, TODAY } from "./modes.ts";
import { receivedRows } from "./received_peers.ts";
import { ROWS_PER_PAGE } from "./traffic.ts";
import { windowTimes } from "./window_peers.ts";

const part = Deno.args[0];
const rows: (readonly string[])[] = [];
for (const line of LINES) {
  if (part === undefined || line.work.includes(part)) rows.push(await rowOf(line));
}
console.log(`Hits: ten pages of ${ROWS_PER_PAGE} rows, a master ${MASTER_MS} ms away, four readers, in simulated time.
In the open loop each of them asks for the next page every millisecond, whether or not earlier answers are there: a hit
is a page that is ready. In the closed loop they ask for any page, 7 ms after the last answer. The limit is what a cache
could reach that is told at once which page changed, and asks the master for it when it is next read.
`);
console.log(table(["work", "today", "now", "reach", "limit", "result"], rows));
if (part === undefined) console.log(await besideOthers());

async function rowOf(line: Line): Promise<readonly string[]> {
  const { work, reach, limit, noWorse } = line;
  console.error(`${work} …`);
  const today = await figureOf(line, TODAY);
  const now = await figureOf(line, NOW);
  return [work, today.text, now.text, reach, await limit?.() ?? "", verdict(now, today, noWorse)];
}

async function figureOf(line: Line, mode: Mode): Promise<Figure> {
  if (line.processes === undefined) return await line.measure(mode);
  const figures: Figure[] = [];
  for (let run = 0; run < line.processes; run++) figures.push(await measureAlone(line, mode));
  return cheapest(figures);
}

async function besideOthers(): Promise<string> {
  const windows = ["a one-row update reaches a 100-row window of 100 000 rows", "its stock", "its rank, the order"];
  const received = ["closed loop, 20 foreign updates/s, evenly spaced", "rows received per update", "hits"];
  return `
${table(windows, await windowTimes())}

${table(received, await receivedRows())}`;
}
