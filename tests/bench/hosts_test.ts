import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Floors } from "../../bench/hosts/floors.ts";
import { type Mode, MODES } from "../../bench/hosts/host_options.ts";
import { Ledger } from "../../bench/hosts/ledger.ts";
import { ROWS } from "../../bench/hosts/products.ts";
import { type Measured, WITHOUT_SERVERS, World } from "../../bench/hosts/world.ts";
import { newPath } from "../conformance/temp_folder.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { ONLY_ON_DENO } from "../processes/children.ts";
import { skippable } from "../skippable.ts";

const SHARED = MODES.filter(({ name }) => !name.includes("each") && !name.includes("maxLagMs"));
const HOSTS = 3;
const NOTHING_SHARED: Mode = { name: "a MemCache in each host", cache: "own", listens: "one", follows: false };

describe("The hosts of bench:hosts", () => {
  const seed = newSeed();
  const run = async (world: World, mode: Mode): Promise<Measured> =>
    await world.run({ mode, hosts: HOSTS, phaseMs: 300, outsidePerSecond: 50, seed });

  skippable(
    `serve no old row from what they share, and the check finds those that are served otherwise (seed ${seed})`,
    ONLY_ON_DENO ?? WITHOUT_SERVERS,
    async () => {
      await using world = await World.start();
      for (const mode of SHARED) {
        const { atRest, whileChanging, examples } = await run(world, mode);
        assert.deepEqual(examples, [], mode.name);
        assert.equal(atRest.masterReads, 0, mode.name);
        assert(atRest.hits > 0 && whileChanging.writes > 0 && whileChanging.changes > whileChanging.writes, mode.name);
        assert(atRest.redis.commands > 0, mode.name);
      }
      assert((await run(world, NOTHING_SHARED)).violations > 0);
    },
  );
});

describe("The floors of a host", () => {
  it("are what any process has settled, at once or after the lag, and what the host itself knows", () => {
    const path = newPath("ledger");
    Ledger.create(path, ROWS);
    using mine = new Ledger(path, ROWS);
    using others = new Ledger(path, ROWS);
    const [exact, late] = [new Floors(mine, 0), new Floors(mine, 60_000)];
    others.settle(7, 3);
    others.announce(8, 2);
    late.know(8, 1);
    assert.deepEqual([...exact.of(6, 3)], [0, 3, 0]);
    assert.deepEqual([...late.of(6, 3)], [0, 0, 1]);
    assert.equal(mine.announced(8), 2);
  });
});
