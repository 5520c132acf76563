/**
 * Many hosts, shown: processes of Deno, Node and Bun with one Redis and one PostgreSQL, which all read and write, while
 * another client changes rows by SQL. Each answer is compared with what was settled before it was asked for; with a
 * `LayeredCache` the host's own writes and events at once, and those of others after `maxLagMs`. Prints what was read, from
 * where, and what it cost, for 1, 2, 4 and 8 hosts, and then the times of `deno task bench:redis`. Exits with 1 if an old row
 * was served, and with 2 if a server is missing.
 *
 * ```sh
 * deno task bench:hosts --hosts 8 --seconds 5 --changes 20
 * ```
 */
import { availableParallelism } from "node:os";
import process from "node:process";
import { startRedis } from "../../tests/databases/redis_server.ts";
import { numberFlags } from "../number_flags.ts";
import { redisTimes } from "../redis/redis_times.ts";
import { MODES } from "./host_options.ts";
import { tableOfRuns } from "./report.ts";
import { type Measured, WITHOUT_SERVERS, World } from "./world.ts";

const { hosts: most, seconds, changes, seed } = numberFlags({
  hosts: 8,
  seconds: 5,
  changes: 20,
  seed: 1 + Math.floor(Math.random() * 999_999),
});
if (WITHOUT_SERVERS !== undefined) {
  console.error(
    `${WITHOUT_SERVERS}: this needs redis-server and PostgreSQL (apt-get install redis-server postgresql).`,
  );
  process.exit(2);
}
const sizes = [...[1, 2, 4].filter((size) => size < most), most];
console.log(`Seed ${seed}, ${availableParallelism()} processors, ${changes} changes a second by SQL, 5 by each host.`);
let violations = 0;
for (const mode of MODES) {
  await using world = await World.start();
  const runs: Measured[] = [];
  for (const hosts of sizes) {
    console.error(`${mode.name}, ${hosts} hosts …`);
    runs.push(await world.run({ mode, hosts, phaseMs: seconds * 1_000, outsidePerSecond: changes, seed }));
  }
  console.log(`\n### ${mode.name}\n\n${tableOfRuns(runs)}`);
  for (const { examples } of runs) for (const example of examples) console.log(`OLD: ${example}`);
  violations += runs.reduce((sum, run) => sum + run.violations, 0);
}
await using started = new AsyncDisposableStack();
const redis = started.adopt(await startRedis(), (server) => server.remove());
console.log(`\n${await redisTimes(redis.port)}`);
console.log(`\n${violations === 0 ? "No old row was served." : `${violations} old rows were served.`}`);
if (violations > 0) process.exitCode = 1;
