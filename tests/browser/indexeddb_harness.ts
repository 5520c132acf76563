import { IndexedDbCache } from "@vantage/live/indexeddb";
import type { CacheHarness } from "@vantage/live/testing";

const MAX_CHANGES = 20;

let made = 0;

/** A cache of a case of its own. */
export function newCacheHarness(): CacheHarness {
  const name = `cache ${++made}`;
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: MAX_CHANGES,
    open: async () => {
      const cache = await IndexedDbCache.open(name, { maxChanges: MAX_CHANGES });
      if (cache.storage !== "indexeddb") throw new Error("The database cannot be opened");
      return { cache, close: () => cache.close() };
    },
  };
}
