import { Cacheable, Keyv } from "cacheable";
import type { Contestant } from "../contestant.ts";
import type { World } from "../world.ts";
import { cacheAside, type KeyedCache } from "./cache_aside.ts";

const KEY = "row";

/** Tags are not among the usages: `getOrSet` stores entries without tags, and tag versions are read when it stores. */
export const CACHEABLE: Contestant = {
  name: "cacheable",
  lacks: { signal: "reads take no signal", stream: "has no subscriptions" },
  usages: [
    cacheAside("`getOrSet` and `delete`", open),
    cacheAside("`set` after a write", open, { afterWrite: "keep" }),
  ],
};

function open({ master, store }: World): KeyedCache {
  const cache = store === undefined
    ? new Cacheable()
    : new Cacheable({ primary: new Keyv({ store, throwOnErrors: true }) });
  return {
    read: async () => await cache.getOrSet(KEY, () => master.read(), { throwErrors: "function" }) ?? NaN,
    drop: () => cache.delete(KEY),
    keep: (value) => cache.set(KEY, value),
  };
}
