import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";
import { Redis, type RedisOptions } from "ioredis";
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

/** A connection whose copies, of which the bus makes two, end with it, and do not print that Redis is away. */
class BentoRedis extends Redis {
  readonly #copies: Redis[] = [];

  override duplicate(override?: Partial<RedisOptions>): Redis {
    const copy = super.duplicate(override).on("error", () => {});
    this.#copies.push(copy);
    return copy;
  }

  override disconnect(reconnect?: boolean): void {
    super.disconnect(reconnect);
    if (reconnect !== true) { for (const copy of this.#copies) copy.disconnect(); }
  }
}

async function open(world: HostsWorld, isLayered: boolean): Promise<FreshCache> {
  const { port, cut, restore } = await world.line();
  const connection = new BentoRedis({ host: "127.0.0.1", port });
  connection.on("error", () => {});
  const shared = redisDriver({ connection });
  const layers = isLayered
    ? bentostore().useL1Layer(memoryDriver()).useL2Layer(shared).useBus(redisBusDriver({ connection }))
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
    close: () => connection.disconnect(),
  };
}
