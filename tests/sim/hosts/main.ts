/**
 * The same as `tests/sim/main.ts` in worlds of many hosts that share one Redis: `deno task sim:hosts --seed 1 --runs 10000`.
 */
import process from "node:process";
import { search } from "../search.ts";
import { simulateHosts } from "./hosts_simulation.ts";
import { hostsPlanOf } from "./plan_of_hosts.ts";

process.exitCode = await search("sim:hosts", { planOf: hostsPlanOf, simulate: simulateHosts });
