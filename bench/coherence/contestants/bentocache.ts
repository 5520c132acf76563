import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import type { CreateDriverResult, L2CacheDriver } from "bentocache/types";
import type { Contestant } from "../contestant.ts";
import type { SharedStore, World } from "../world.ts";
import { cacheAside, type KeyedCache } from "./cache_aside.ts";

const KEY = "row";

/** Tags are not among the usages: they compare the time at which an entry was stored, not at which it was fetched. */
export const BENTOCACHE: Contestant = {
  name: "bentocache",
  lacks: { signal: "reads take no signal", stream: "has no subscriptions" },
  usages: [
    cacheAside("`getOrSet` and `delete`", open),
    cacheAside("`set` after a write", open, { afterWrite: "keep" }),
    cacheAside("`forceFresh` in place of `delete`", (world) => {
      const cached = open(world);
      return { ...cached, drop: () => cached.fetch(true) };
    }),
  ],
};

function open({ master, store }: World): KeyedCache & { fetch(forceFresh: boolean): Promise<number> } {
  const layers = store === undefined
    ? bentostore().useL1Layer(memoryDriver())
    : bentostore().useL2Layer(driverOf(store));
  const cache = new BentoCache({ default: "row", ttl: null, stores: { row: layers } });
  const fetch = (forceFresh: boolean): Promise<number> =>
    cache.getOrSet({ key: KEY, forceFresh, factory: () => master.read() });
  return {
    fetch,
    read: () => fetch(false),
    drop: () => cache.delete({ key: KEY }),
    keep: (value) => cache.set({ key: KEY, value }),
  };
}

/** A custom driver, as in the documentation. */
function driverOf(store: SharedStore): CreateDriverResult<L2CacheDriver> {
  const driver: L2CacheDriver = {
    type: "l2",
    namespace: () => driver,
    // Only bentocache writes to the store, and only strings.
    get: async (key) => await store.get(key) as string | undefined,
    set: (key, value) => store.set(key, value),
    delete: (key) => store.delete(key),
    deleteMany: async (keys) => (await Promise.all(keys.map((key) => store.delete(key)))).some((deleted) => deleted),
    pull: async (key) => {
      const value = await store.get(key) as string | undefined;
      await store.delete(key);
      return value;
    },
    clear: () => store.clear(),
    disconnect: () => Promise.resolve(),
  };
  return { options: {}, factory: () => driver };
}
