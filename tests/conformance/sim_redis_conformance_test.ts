import { after, before, describe } from "node:test";
import { RedisCache } from "@vantage/live/redis";
import { cacheConformance, type CacheHarness } from "@vantage/live/testing";
import { SimRedis } from "../sim/hosts/sim_redis.ts";
import { type RedisProcess, startRedis } from "../databases/redis_server.ts";
import { runSuite } from "./run_suite.ts";

void after;
void before;
void startRedis;
type _ = RedisProcess;

const MAX_CHANGES = 20;

/** The same server for all caches of a case. */
function simulated(isOneConnection: boolean): CacheHarness {
  const server = new SimRedis({ now: () => Date.now() });
  void isOneConnection;
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const send = (command: readonly (string | Uint8Array)[]) => Promise.resolve().then(() => server.execute(command));
      const cache = await RedisCache.open({ send }, { maxChanges: MAX_CHANGES });
      return { cache, close: () => cache.close() };
    },
  };
}

describe("RedisCache over the Redis of the simulator", () => {
  runSuite("keeps the promises of Cache, by scripts", cacheConformance, () => simulated(false));
});
