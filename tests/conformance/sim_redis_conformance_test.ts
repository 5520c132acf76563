import { describe } from "node:test";
import { RedisCache, type RedisClient } from "@vantage/live/redis";
import { cacheConformance, type CacheHarness } from "@vantage/live/testing";
import { directClient, directHandle } from "../sim/hosts/direct_client.ts";
import { SimRedis } from "../sim/hosts/sim_redis.ts";
import { runSuite } from "./run_suite.ts";

const MAX_CHANGES = 20;

describe("RedisCache over the Redis of the simulator", () => {
  runSuite("keeps the promises of Cache over one connection", cacheConformance, () => over(directClient));
  runSuite("keeps the promises of Cache over several", cacheConformance, () => over(directHandle));
});

function over(clientOf: (redis: SimRedis) => RedisClient): CacheHarness {
  const redis = new SimRedis({ now: () => Date.now() });
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const cache = await RedisCache.open(clientOf(redis), { maxChanges: MAX_CHANGES });
      return { cache, close: () => cache.close() };
    },
  };
}
