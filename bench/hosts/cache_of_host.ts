import { type Cache, LayeredCache, type LiveStream, MemCache } from "@vantage/live";
import { type PostgresClient, PostgresNotifyLiveStream } from "@vantage/live/postgres";
import { RedisCache } from "@vantage/live/redis";
import { openRedis } from "./clients.ts";
import { type HostOptions, MAX_LAG_MS, PATIENCE_MS } from "./host_options.ts";

/** The cache of a host, and what its table hears of. */
export interface CacheOfHost {
  readonly cache: Cache;
  readonly liveStream: LiveStream | undefined;
  /** How late the host may show what others have changed. */
  readonly maxLagMs: number;
}

/** Opens what the mode says; `opened` closes it. */
export async function openCache(
  options: HostOptions,
  postgres: PostgresClient,
  opened: AsyncDisposableStack,
): Promise<CacheOfHost> {
  const { cache, at, listens, redisPort } = options;
  const database = at === 0 || listens === "each"
    ? await PostgresNotifyLiveStream.open(postgres, "products")
    : undefined;
  if (cache === "own") return { cache: new MemCache(), liveStream: database, maxLagMs: 0 };
  const redis = await openRedis(redisPort, at >> 1);
  opened.defer(async () => void await redis.close());
  const shared = opened.use(await RedisCache.open(redis.client, { timeoutMs: PATIENCE_MS }));
  const liveStream = database ?? (options.follows ? shared.stream("products") : undefined);
  if (cache === "redis") return { cache: shared, liveStream, maxLagMs: 0 };
  const layered = opened.use(new LayeredCache(new MemCache(), shared, { maxLagMs: MAX_LAG_MS }));
  return { cache: layered, liveStream, maxLagMs: MAX_LAG_MS };
}
