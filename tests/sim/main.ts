/**
 * Searches for an order of steps that breaks a law: `deno task sim --seed 1 --runs 20000 --steps 100`. Prints the
 * number of runs, steps and checks of each law; for a failure also its seed, the law, and the shortest trace found by
 * shrinking.
 */
import process from "node:process";
import { planOf } from "./plan.ts";
import { search } from "./search.ts";
import { simulate } from "./simulation.ts";

process.exitCode = await search("sim", { planOf, simulate });
