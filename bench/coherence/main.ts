/**
 * The coherence races: what each library shows when reads, writes, invalidations and events overlap, in one process and, if
 * there is a Redis here, on several hosts. The first table is the same in every run; `--markdown` prints only the tables,
 * `--json` prints everything as JSON, and `--hosts` leaves out the races in one process. Exits with 1 if this module is not
 * correct in every race.
 */
import process from "node:process";
import { parseArgs } from "node:util";
import { WITHOUT_REDIS } from "../../tests/databases/redis_server.ts";
import { CONTESTANTS } from "./contestants/all.ts";
import { HOST_CONTESTANTS } from "./hosts/contestants/all.ts";
import { HOST_RACES } from "./hosts/host_races.ts";
import { HostsWorld } from "./hosts/hosts_world.ts";
import { openWorld, RACES } from "./races.ts";
import { fullReport, inColour, tableWithNotes } from "./report.ts";
import { runScoreboard, type Scoreboard } from "./scoreboard.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, markdown: { type: "boolean" }, hosts: { type: "boolean" } },
});
const boards: Scoreboard[] = [];
const reports: string[] = [];
if (!values.hosts) {
  const board = await runScoreboard(RACES, CONTESTANTS, openWorld);
  boards.push(board);
  const how = "No entry has a time to live: that would only bound how long an old row is shown.";
  reports.push(fullReport(board, CONTESTANTS, { title: "Stale rows", how }));
}
if (WITHOUT_REDIS === undefined) {
  const board = await runScoreboard(HOST_RACES, HOST_CONTESTANTS, () => HostsWorld.start());
  boards.push(board);
  const how =
    "Over one Redis, each host with its own connections, without a time to live, and with the defaults of the clients.";
  reports.push(fullReport(board, HOST_CONTESTANTS, { title: "Many hosts", how }));
} else console.error(`${WITHOUT_REDIS}: the races of many hosts are left out (apt-get install redis-server).`);

const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
if (values.json) console.log(JSON.stringify(boards, undefined, 2));
else if (values.markdown) console.log(boards.map(tableWithNotes).join("\n\n"));
else console.log(coloured ? inColour(reports.join("\n\n")) : reports.join("\n\n"));

const own = boards.flatMap(({ cells }) => cells).filter(({ contestant }) => contestant === "@vantage/live");
process.exit(own.every(({ verdict }) => verdict === "correct") ? 0 : 1);
