import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { LayeredCache, MemCache } from "@vantage/live";
import { RedisCache } from "@vantage/live/redis";
import { cacheConformance, type CacheHarness, type OpenStream, streamConformance } from "@vantage/live/testing";
import { openNodeRedis, type OpenRedis, REDIS_CLIENTS, REDIS_CLUSTER_CLIENTS } from "../databases/redis_clients.ts";
import { startRedisCluster } from "../databases/redis_cluster.ts";
import { type RedisProcess, startRedis, WITHOUT_REDIS } from "../databases/redis_server.ts";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";

const MAX_CHANGES = 20;

let made = 0;

describe("RedisCache", () => {
  if (WITHOUT_REDIS !== undefined) return skippable("is tried with every case", WITHOUT_REDIS, () => {});
  for (const [where, kinds] of [["", REDIS_CLIENTS], [" in a cluster", REDIS_CLUSTER_CLIENTS]] as const) {
    const inCluster = kinds === REDIS_CLUSTER_CLIENTS;
    let server: RedisProcess | undefined;
    before(async () => {
      server = await (inCluster ? startRedisCluster() : startRedis());
    });
    after(() => server?.remove());

    for (const { name, open } of kinds) {
      describe(`through ${name}${where}`, () => {
        let opened: OpenRedis | undefined;
        before(async () => void (opened = await open(server?.port ?? 0)));
        after(() => opened?.close());

        runSuite("keeps the promises of Cache", cacheConformance, () => shared(() => opened));
      });
    }
    if (inCluster) continue;

    describe("behind a LayeredCache", () => {
      let opened: OpenRedis | undefined;
      before(async () => void (opened = await openNodeRedis(server?.port ?? 0)));
      after(() => opened?.close());

      runSuite("keeps the promises of Cache, as one host sees it", cacheConformance, () => layered(() => opened));
      runSuite("whose streams keep the promises of LiveStream", streamConformance, () => ({
        emitsRows: true,
        // What was just logged waits for Redis first, and not for the subscriber.
        bufferCapacity: undefined,
        ends: false,
        fails: false,
        countsSubscribers: true,
        open: () => openStream(opened),
      }));
    });
  }
});

function shared(opened: () => OpenRedis | undefined): CacheHarness {
  const namespace = newNamespace();
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const cache = await openCache(opened(), namespace);
      return { cache, close: () => cache.close() };
    },
  };
}

/** All caches of a host are one. */
function layered(opened: () => OpenRedis | undefined): CacheHarness {
  let far: Promise<RedisCache> | undefined;
  let cache: LayeredCache | undefined;
  let users = 0;
  return {
    keeps: true,
    persistent: false,
    copies: false,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const redis = await (far ??= openCache(opened(), newNamespace()));
      cache ??= new LayeredCache(new MemCache(), redis);
      users++;
      return { cache, close: () => --users === 0 ? redis.close() : undefined };
    },
  };
}

async function openStream(opened: OpenRedis | undefined): Promise<OpenStream> {
  const cache = await openCache(opened, newNamespace());
  const stream = cache.stream("bakery");
  return {
    stream,
    emit: async (event) => {
      await cache.log("bakery/", { kind: "change", change: { ...event, at: 1, cause: "event" } });
    },
    subscriberCount: () => stream.subscriberCount,
    close: () => cache.close(),
  };
}

async function openCache(opened: OpenRedis | undefined, namespace: string): Promise<RedisCache> {
  assert(opened !== undefined);
  return await RedisCache.open(opened.client, { namespace, maxChanges: MAX_CHANGES });
}

function newNamespace(): string {
  return `case_${++made}`;
}
