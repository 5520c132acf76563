/**
 * A cache in Redis or Valkey that many hosts share, and its changes as a stream, through the client that you have: `redis`
 * or `ioredis`.
 *
 * @example
 * ```ts ignore
 * import { LayeredCache, LiveTable, MemCache } from "@vantage/live";
 * import { RedisCache } from "@vantage/live/redis";
 * import { createClient } from "redis";
 *
 * const client = await createClient({ url: "redis://localhost" }).on("error", console.error).connect();
 * const shared = await RedisCache.open(client);
 * const cache = new LayeredCache(new MemCache(), shared);
 * const products = new LiveTable(master, "products", cache, { liveStream: shared.stream("products") });
 * ```
 *
 * @module
 */

export { RedisCache, type RedisCacheOptions } from "./redis_cache.ts";
export type { RedisLiveStream, RedisLiveStreamOptions } from "./redis_live_stream.ts";
export type {
  IoRedisClient,
  IoRedisCluster,
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisPool,
  RedisClient,
  RedisCommand,
  RedisHandle,
} from "./redis_client.ts";
