import { createCache } from "cache-manager";
import { Keyv } from "cacheable";
import type { Contestant } from "../contestant.ts";
import type { World } from "../world.ts";
import { cacheAside, type KeyedCache } from "./cache_aside.ts";

const KEY = "row";

export const CACHE_MANAGER: Contestant = {
  name: "cache-manager",
  lacks: { signal: "reads take no signal", stream: "has no subscriptions" },
  usages: [
    cacheAside("`wrap` and `del`", open),
    cacheAside("`set` after a write", open, { afterWrite: "keep" }),
  ],
};

function open({ master, store }: World): KeyedCache {
  const cache = store === undefined
    ? createCache()
    : createCache({ stores: [new Keyv({ store, throwOnErrors: true })] });
  return {
    read: () => cache.wrap(KEY, () => master.read()),
    drop: () => cache.del(KEY),
    keep: (value) => cache.set(KEY, value),
  };
}
