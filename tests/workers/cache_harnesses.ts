import { MemCache } from "@vantage/live";
import { DurableObjectCache, type DurableObjectSql } from "@vantage/live/durable-object";
import type { CacheHarness } from "@vantage/live/testing";

/** The caches that are tried inside workerd, by name. Those in memory have no use for the storage. */
export const HARNESSES: Readonly<Record<string, (sql: DurableObjectSql) => CacheHarness>> = {
  MemCache: () => {
    const cache = new MemCache();
    return {
      keeps: true,
      persistent: false,
      copies: false,
      maxChanges: 1_000,
      open: () => Promise.resolve({ cache, close: () => {} }),
    };
  },
  DurableObjectCache: (sql) => ({
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: 1_000,
    open: () => Promise.resolve({ cache: new DurableObjectCache(sql), close: () => {} }),
  }),
};
