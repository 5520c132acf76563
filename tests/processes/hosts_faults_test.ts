import assert from "node:assert/strict";
import process from "node:process";
import { describe } from "node:test";
import { WITHOUT_POSTGRES } from "../databases/postgres_server.ts";
import { WITHOUT_REDIS } from "../databases/redis_server.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { skippable } from "../skippable.ts";
import { LONG, ONLY_ON_DENO } from "./children.ts";
import { FAULTS } from "./hosts/faults.ts";
import { FaultyWorld, type Round } from "./hosts/faulty_world.ts";

/** How often something fails: each kind as often as the others. */
const FAULT_COUNT = (LONG ? 16 : 1) * FAULTS.length;

const HEADER = "| what failed | times | reads (hits) | writes | failed | slowest read | all hosts current after |";

/** What has become of all faults of a kind, as a row of a table. */
function rowOf(name: string, all: readonly Round[]): string {
  const rounds = all.filter(({ kind }) => kind === name);
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const most = (of: (round: Round) => number): number => Math.max(...rounds.map(of));
  const cells = [
    name,
    rounds.length,
    `${sum(({ reads }) => reads)} (${sum(({ hits }) => hits)})`,
    sum(({ writes }) => writes),
    sum(({ failures }) => failures),
    `${most(({ slowestReadMs }) => slowestReadMs)} ms`,
    `${Math.round(sum(({ healedMs }) => healedMs) / rounds.length)} ms, at most ${most(({ healedMs }) => healedMs)} ms`,
  ];
  return `| ${cells.join(" | ")} |`;
}

describe("Many hosts with one Redis and one PostgreSQL", () => {
  const seed = Number(process.env["SEED"] ?? newSeed());
  skippable(
    `show nothing old after a fault has healed, and lose no write: ${FAULT_COUNT} faults (seed ${seed})`,
    WITHOUT_REDIS ?? WITHOUT_POSTGRES ?? ONLY_ON_DENO,
    async () => {
      await using world = await FaultyWorld.open(seed);
      const rounds: Round[] = [];
      for (let at = 0; at < FAULT_COUNT; at++) {
        const kind = FAULTS[at % FAULTS.length];
        if (kind !== undefined) rounds.push(await world.round(kind));
      }
      console.log(`seed ${seed}: ${rounds.length} faults, ${world.acknowledged} writes acknowledged`);
      console.log([HEADER, ...FAULTS.map(({ name }) => rowOf(name, rounds))].join("\n"));
      assert.deepEqual(rounds.flatMap(({ kind, violations }) => violations.map((what) => `${kind}: ${what}`)), []);
    },
  );
});
