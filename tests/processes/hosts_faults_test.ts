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

/** What has become of all faults of a kind. */
function summaryOf(kind: string, rounds: readonly Round[]): string {
  const sum = (of: (round: Round) => number): number => rounds.reduce((total, round) => total + of(round), 0);
  const most = (of: (round: Round) => number): number => Math.max(...rounds.map(of));
  const { length } = rounds;
  const parts = [
    `${length} times`,
    `${sum(({ reads }) => reads)} reads (${sum(({ hits }) => hits)} hits)`,
    `${sum(({ writes }) => writes)} writes`,
    `${sum(({ failures }) => failures)} failed`,
    `slowest read ${most(({ slowestReadMs }) => slowestReadMs)} ms`,
    `current on all hosts after ${Math.round(sum(({ healedMs }) => healedMs) / length)} ms, at most ${
      most(({ healedMs }) => healedMs)
    }`,
    `${sum(({ violations }) => violations.length)} violations`,
  ];
  return `${kind}: ${parts.join(", ")}`;
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
      for (const { name } of FAULTS) console.log(summaryOf(name, rounds.filter(({ kind }) => kind === name)));
      assert.deepEqual(rounds.flatMap(({ kind, violations }) => violations.map((what) => `${kind}: ${what}`)), []);
    },
  );
});
