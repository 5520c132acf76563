import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe } from "node:test";
import { FakeClock } from "@vantage/live/testing";
import { newPath } from "../conformance/temp_folder.ts";
import { startRedis, WITHOUT_REDIS } from "../databases/redis_server.ts";
import { newSeed } from "../hostile/hostile_text.ts";
import { skippable } from "../skippable.ts";
import { LONG, ONLY_ON_DENO, type Runtime } from "./children.ts";
import { Load, type LoadOptions } from "./load.ts";
import { SharedMaster } from "./shared_master.ts";
import { type Deed, Victim } from "./victim.ts";

/** How many processes load the cache at once; one of them is killed, the others go on. */
const VICTIMS = 2;
/** At which put or invalidation a process is killed at the latest. */
const MAX_TIMES = 20;

describe("A cache whose processes are killed in the middle of put and invalidatePrefix", () => {
  for (
    const { name, cache, runtimes, rowBytes, kills } of [
      // Several pages of the file, and several values of the database, for each list.
      {
        name: "SqliteCache",
        cache: "sqlite",
        runtimes: ["deno", "node", "bun"],
        rowBytes: 2_500,
        kills: LONG ? 200 : 14,
      },
      { name: "DenoKvCache", cache: "kv", runtimes: ["deno"], rowBytes: 12_000, kills: LONG ? 200 : 8 },
      { name: "RedisCache", cache: "redis", runtimes: ["deno", "node", "bun"], rowBytes: 2_500, kills: LONG ? 200 : 6 },
    ] as const
  ) {
    const seed = newSeed();
    const missing = cache === "redis" ? WITHOUT_REDIS : undefined;
    const title = `${name} opens, holds nothing that is half of two things, and nothing that was invalidated`;
    skippable(`${title}: killed ${kills} times (seed ${seed})`, ONLY_ON_DENO ?? missing, async () => {
      // Nobody outlives a test that fails.
      await using started = new AsyncDisposableStack();
      const redis = cache === "redis" ? started.adopt(await startRedis(), (server) => server.remove()) : undefined;
      const [cachePath, masterPath] = [
        redis === undefined ? newPath("cache.db") : `${redis.port}`,
        newPath("master.db"),
      ];
      SharedMaster.create(masterPath, rowBytes);
      const chance = new FakeClock({ seed });
      const next = (bound: number): number => Math.floor(chance.random() * bound);
      const options = (owned: number): LoadOptions => {
        return { cache, cachePath, masterPath, owned, invalidation: "surgical", maxLatencyMs: 0, seed: next(2 ** 31) };
      };
      const start = (at: number): Victim => {
        const runtime: Runtime = runtimes[next(runtimes.length)] ?? "deno";
        return started.use(new Victim(runtime, options(at + 1)));
      };
      const victims = Array.from({ length: VICTIMS }, (_, at) => start(at));
      const deeds = { put: 0, invalidate: 0, "something else": 0 };
      let held = 0;

      for (let kill = 0; kill < kills; kill++) {
        const at = next(VICTIMS);
        const deed: Deed = next(2) === 0 ? "put" : "invalidate";
        deeds[await victims[at]?.kill(deed, 1 + next(MAX_TIMES)) ?? "something else"]++;
        victims[at] = start(at);
        await using load = await Load.open(options(0));
        held += await load.inspect();
        await load.run(2);
        await load.inspect();
        assert.deepEqual(load.counts.violations, []);
        assert.equal(load.counts.cacheFailures, 0);
      }

      for (const victim of victims) assert.deepEqual(await victim.end(), []);
      await using load = await Load.open(options(0));
      await load.changeAndInvalidate();
      await load.readAtRest();
      assert.deepEqual(load.counts.violations, []);
      assert.equal(existsSync(`${cachePath}.damaged-1`), false, "no process may leave a damaged file");
      // Without these, nothing would have been tried.
      assert(held > 0 && deeds.put + deeds.invalidate > 0, JSON.stringify({ held, deeds }));
      console.log(`${name}: killed ${kills} times, in ${JSON.stringify(deeds)}; ${held} entries were held after it`);
    });
  }
});
