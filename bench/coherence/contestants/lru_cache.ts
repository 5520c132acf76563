import { LRUCache } from "lru-cache";
import type { Contestant } from "../contestant.ts";
import type { World } from "../world.ts";
import { cacheAside, type KeyedCache } from "./cache_aside.ts";

const KEY = "row";

/** Deleting a key aborts its fetch; with `ignoreFetchAbort`, readers that wait for it still get an answer. */
export const LRU_CACHE: Contestant = {
  name: "lru-cache",
  lacks: { stream: "has no subscriptions", store: "keeps entries in the memory of one process" },
  usages: [
    cacheAside("`fetch` and `delete`", (world) => open(world, false)),
    cacheAside("`ignoreFetchAbort`", (world) => open(world, true)),
    cacheAside("`ignoreFetchAbort`, and `set` after a write", (world) => open(world, true), { afterWrite: "keep" }),
  ],
};

function open({ master }: World, ignoreFetchAbort: boolean): KeyedCache {
  const cache = new LRUCache<string, number>({ max: 100, ignoreFetchAbort, fetchMethod: () => master.read() });
  return {
    read: async (signal) => await cache.fetch(KEY, signal && { signal }) ?? NaN,
    drop: () => cache.delete(KEY),
    keep: (value) => cache.set(KEY, value),
  };
}
