import assert from "node:assert/strict";
import { describe, it } from "node:test";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { NODE_24, run } from "../../package/runtimes.ts";
import { skippable } from "../../skippable.ts";
import { simulateHosts } from "./hosts_simulation.ts";
import { hostsPlanOf } from "./plan_of_hosts.ts";

const FIRST_SEED = 1;
const RUNS = 40;
const STEPS = 100;
const TRACED = [fileURLToPath(new URL("./main.ts", import.meta.url)), "--seed", "1", "--runs", "8", "--trace"];

describe("The law, with many hosts on one cache, in simulation", () => {
  it(`holds in ${RUNS} runs from seed ${FIRST_SEED} on`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
      const { violation } = await simulateHosts(hostsPlanOf(seed, STEPS));
      assert.equal(violation, undefined, `again: deno task sim:hosts --seed ${seed} --runs 1 --steps ${STEPS}`);
    }
  });

  it("holds with 100 hosts", async () => {
    assert.equal((await simulateHosts(hostsPlanOf(FIRST_SEED, STEPS, 100))).violation, undefined);
  });

  it("gives the same trace for the same seed", async () => {
    const [one, other] = [await simulateHosts(hostsPlanOf(7, STEPS)), await simulateHosts(hostsPlanOf(7, STEPS))];
    assert.deepEqual(one.trace, other.trace);
    assert(one.trace.length > 100);
  });

  skippable(
    "gives the same trace on Deno and Node, byte for byte",
    "Deno" in globalThis ? undefined : "the runtimes are compared once, on Deno",
    async () => {
      const folder = process.cwd();
      const [deno, node] = await Promise.all([
        run([process.execPath, "run", "-A", "--no-check", ...TRACED], folder),
        run([...NODE_24, ...TRACED], folder),
      ]);
      assert(deno.length > 100_000);
      assert.equal(node, deno);
    },
  );
});
