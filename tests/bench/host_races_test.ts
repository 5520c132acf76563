import assert from "node:assert/strict";
import { describe } from "node:test";
import { HOST_CONTESTANTS } from "../../bench/coherence/hosts/contestants/all.ts";
import { HOST_RACES } from "../../bench/coherence/hosts/host_races.ts";
import { HostsWorld } from "../../bench/coherence/hosts/hosts_world.ts";
import { type Cell, judge } from "../../bench/coherence/scoreboard.ts";
import { WITHOUT_REDIS } from "../databases/redis_server.ts";
import { ONLY_ON_DENO } from "../processes/children.ts";
import { skippable } from "../skippable.ts";

/** In the others, Redis is away for seconds. */
const QUICK = 4;

describe("The races of many hosts", () => {
  const missing = ONLY_ON_DENO ?? WITHOUT_REDIS;

  skippable("each library is right where nothing overlaps, so it is used correctly", missing, async () => {
    const [control] = HOST_RACES;
    assert(control);
    const cells = await Promise.all(
      HOST_CONTESTANTS.map((contestant) => judge(control, contestant, () => HostsWorld.start())),
    );
    for (const { contestant, verdict, note } of cells) assert.equal(verdict, "correct", `${contestant}: ${note}`);
  });

  skippable("this module is right in those in which Redis is there", missing, async () => {
    const own = HOST_CONTESTANTS.find(({ name }) => name === "@vantage/live");
    assert(own);
    for (const race of HOST_RACES.slice(0, QUICK)) {
      const cell: Cell = await judge(race, own, () => HostsWorld.start());
      assert.equal(cell.verdict, "correct", `${race.name}: ${cell.note}`);
    }
  });
});
