import KeyvRedis from "@keyv/redis";
import { createCache } from "cache-manager";
import { Keyv } from "cacheable";
import type { Contestant } from "../../contestant.ts";
import { cacheAside, type KeyedCache } from "../../contestants/cache_aside.ts";
import type { HostsWorld } from "../hosts_world.ts";

const KEY = "row";

export const CACHE_MANAGER: Contestant<HostsWorld> = {
  name: "cache-manager",
  lacks: {},
  usages: [
    cacheAside("memory and Redis as stores: `wrap` and `del`", (world) => open(world, true)),
    cacheAside("Redis alone: `wrap` and `del`", (world) => open(world, false)),
    cacheAside("Redis alone: `set` after a write", (world) => open(world, false), { afterWrite: "keep" }),
  ],
};

async function open(world: HostsWorld, hasMemory: boolean): Promise<KeyedCache> {
  const { port, cut, restore } = await world.line();
  const redis = new Keyv({ store: new KeyvRedis(`redis://127.0.0.1:${port}`) });
  redis.on("error", () => {});
  const cache = createCache({ stores: hasMemory ? [new Keyv(), redis] : [redis] });
  return {
    read: () => cache.wrap(KEY, () => world.master.read()),
    drop: () => cache.del(KEY),
    keep: (value) => cache.set(KEY, value),
    cut,
    restore,
    // It may wait for ever for a Redis that it has lost.
    close: () => void cache.disconnect().catch(() => {}),
  };
}
