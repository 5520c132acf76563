import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { Redis } from "ioredis";
import type { Contestant } from "../../contestant.ts";
import { cacheAside, type KeyedCache } from "../../contestants/cache_aside.ts";
import type { HostsWorld } from "../hosts_world.ts";

const KEY = "row";

/** A cache that can be asked past what it holds. */
interface FreshCache extends KeyedCache {
  fetch(forceFresh: boolean): Promise<number>;
}

export const BENTOCACHE: Contestant<HostsWorld> = {
  name: "bentocache",
  lacks: {},
  usages: [
    cacheAside("memory, Redis and bus: `getOrSet` and `delete`", openLayers),
    cacheAside("memory, Redis and bus: `set` after a write", openLayers, { afterWrite: "keep" }),
    cacheAside(
      "memory, Redis and bus: `forceFresh` in place of `delete`",
      async (world) => fresh(await openLayers(world)),
    ),
    cacheAside("Redis alone: `getOrSet` and `delete`", openRedis),
    cacheAside("Redis alone: `set` after a write", openRedis, { afterWrite: "keep" }),
    cacheAside("Redis alone: `forceFresh` in place of `delete`", async (world) => fresh(await openRedis(world))),
  ],
};

function openLayers(world: HostsWorld): Promise<FreshCache> {
  return open(world, true);
}

function openRedis(world: HostsWorld): Promise<FreshCache> {
  return open(world, false);
}

function fresh(cache: FreshCache): KeyedCache {
  return { ...cache, drop: () => cache.fetch(true) };
}

async function open(world: HostsWorld, isLayered: boolean): Promise<FreshCache> {
  const { port, cut, restore } = await world.line();
  const connections: Redis[] = [];
  const connect = (): Redis => {
    const connection = new Redis({ host: "127.0.0.1", port });
    connections.push(connection.on("error", () => {}));
    return connection;
  };
  const shared = redisDriver({ connection: connect() });
  const layers = isLayered
    ? bentostore().useL1Layer(memoryDriver()).useL2Layer(shared).useBus(redisBusDriver({ connection: connect() }))
    : bentostore().useL2Layer(shared);
  const cache = new BentoCache({ default: "row", ttl: null, stores: { row: layers } });
  const fetch = (forceFresh: boolean): Promise<number> =>
    cache.getOrSet({ key: KEY, forceFresh, factory: () => world.master.read() });
  return {
    fetch,
    read: () => fetch(false),
    drop: () => cache.delete({ key: KEY }),
    keep: (value) => cache.set({ key: KEY, value }),
    cut,
    restore,
    close: async () => {
      await cache.disconnectAll();
      for (const connection of connections) connection.disconnect();
    },
  };
}
