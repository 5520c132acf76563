import KeyvRedis, { createKeyvNonBlocking } from "@keyv/redis";
import { RedisMessageProvider } from "@qified/redis";
import { Cacheable, type CacheableOptions, Keyv } from "cacheable";
import type { Contestant } from "../../contestant.ts";
import { cacheAside, type KeyedCache } from "../../contestants/cache_aside.ts";
import type { HostsWorld } from "../hosts_world.ts";

const KEY = "row";

export const CACHEABLE: Contestant<HostsWorld> = {
  name: "cacheable",
  lacks: {},
  usages: [
    cacheAside(
      "memory, and Redis as `secondary`: `getOrSet` and `delete`",
      (world) => open(world, (url) => ({ secondary: new KeyvRedis(url) })),
    ),
    cacheAside("memory, Redis as `secondary`, and `sync`", (world) =>
      open(world, (url) => ({
        secondary: new KeyvRedis(url),
        sync: { qified: providerOf(url) },
      }))),
    cacheAside(
      "memory, and Redis as `secondary` with `nonBlocking`",
      (world) => open(world, (url) => ({ secondary: createKeyvNonBlocking(url), nonBlocking: true })),
    ),
    cacheAside("Redis alone: `getOrSet` and `delete`", openRedis),
    cacheAside("Redis alone: `set` after a write", openRedis, { afterWrite: "keep" }),
  ],
};

function openRedis(world: HostsWorld): Promise<KeyedCache> {
  return open(world, (url) => ({ primary: new Keyv({ store: new KeyvRedis(url) }) }));
}

/** Its clients, which it does not show, have no listener of errors: a lost connection would end the process. */
function providerOf(uri: string): RedisMessageProvider {
  const provider = new RedisMessageProvider({ uri });
  for (const name of ["pub", "sub"]) Reflect.get(provider, name).on("error", () => {});
  return provider;
}

async function open(world: HostsWorld, optionsOf: (url: string) => CacheableOptions): Promise<KeyedCache> {
  const { port, cut, restore } = await world.line();
  const cache = new Cacheable(optionsOf(`redis://127.0.0.1:${port}`));
  cache.on("error", () => {});
  return {
    read: async () => await cache.getOrSet(KEY, () => world.master.read(), { throwErrors: "function" }) ?? NaN,
    drop: () => cache.delete(KEY),
    keep: (value) => cache.set(KEY, value),
    cut,
    restore,
    // It may wait for ever for a Redis that it has lost.
    close: () => void cache.disconnect().catch(() => {}),
  };
}
