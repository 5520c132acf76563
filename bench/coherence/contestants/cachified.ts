import { type Cache, cachified, createCacheEntry } from "@epic-web/cachified";
import type { Contestant } from "../contestant.ts";
import type { SharedStore, World } from "../world.ts";
import { cacheAside, type KeyedCache } from "./cache_aside.ts";

const KEY = "row";

/** `softPurge` is not among the usages: it serves the old row once more by design. */
export const CACHIFIED: Contestant = {
  name: "@epic-web/cachified",
  lacks: { signal: "reads take no signal", stream: "has no subscriptions" },
  usages: [
    cacheAside("`delete`", open),
    cacheAside("`set` after a write", open, { afterWrite: "keep" }),
    cacheAside("`forceFresh` in place of `delete`", (world) => {
      const cached = open(world);
      return { ...cached, drop: () => cached.fetch(true) };
    }),
  ],
};

function open({ master, store }: World): KeyedCache & { fetch(forceFresh: boolean): Promise<number> } {
  const cache: Cache = store === undefined ? new Map() : adapterOf(store);
  const fetch = (forceFresh: boolean): Promise<number> =>
    cachified({ cache, key: KEY, forceFresh, getFreshValue: () => master.read() });
  return {
    fetch,
    read: () => fetch(false),
    drop: () => cache.delete(KEY),
    keep: (value) => cache.set(KEY, createCacheEntry(value)),
  };
}

/** One for each process, since fetches are shared by all users of this object. */
function adapterOf(store: SharedStore): Cache {
  return {
    // Only cachified writes to the store, and only entries.
    get: (key) => store.get(key) as ReturnType<Cache["get"]>,
    set: (key, entry) => store.set(key, entry),
    delete: (key) => store.delete(key),
  };
}
