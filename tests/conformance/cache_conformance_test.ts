import { describe } from "node:test";
import { MemCache, NoCache } from "@vantage/live";
import { SqliteCache, type SqliteHandle } from "@vantage/live/sqlite";
import { cacheConformance, type CacheHarness } from "@vantage/live/testing";
import { skippable } from "../skippable.ts";
import { runSuite } from "./run_suite.ts";
import { drivers, type OpenMemory } from "./sqlite_handles.ts";
import { newPath } from "./temp_folder.ts";
import { CloneCache } from "./third_party_cache.ts";

runSuite("MemCache keeps the promises of Cache", cacheConformance, () => {
  const cache = new MemCache();
  return {
    keeps: true,
    persistent: false,
    copies: false,
    maxChanges: 1_000,
    open: () => Promise.resolve({ cache, close: () => {} }),
  };
});

runSuite("NoCache keeps the promises of Cache", cacheConformance, () => ({
  keeps: false,
  persistent: true,
  copies: true,
  open: () => Promise.resolve({ cache: new NoCache(), close: () => {} }),
}));

runSuite("SqliteCache in a file keeps the promises of Cache", cacheConformance, () => {
  const path = newPath("cache.db");
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: 1_000,
    open: async () => opened(await SqliteCache.open(path)),
  };
});

runSuite("SqliteCache that keeps few scopes keeps the promises of Cache", cacheConformance, () => {
  const path = newPath("cache.db");
  // As many as the cases that hold several at once need.
  const bounds = { maxScopes: 120, maxChanges: 20 };
  return {
    keeps: true,
    maxChanges: bounds.maxChanges,
    persistent: true,
    copies: true,
    open: async () => opened(await SqliteCache.open(path, bounds)),
  };
});

runSuite("MemCache that keeps few scopes keeps the promises of Cache", cacheConformance, () => {
  const cache = new MemCache({ maxScopes: 120, maxChanges: 21 });
  return {
    keeps: true,
    persistent: false,
    copies: false,
    maxChanges: 21,
    open: () => Promise.resolve({ cache, close: () => {} }),
  };
});

for (const { name, missing, open } of drivers) {
  const title = `SqliteCache in a handle of ${name} keeps the promises of Cache`;
  if (missing === undefined) runSuite(title, cacheConformance, () => inHandle(open));
  else describe(title, () => skippable("is tried with every case", missing, () => {}));
}

runSuite("A cache of somebody else's keeps the promises of Cache", cacheConformance, () => {
  const cache = new CloneCache();
  return { keeps: true, persistent: false, copies: true, open: () => Promise.resolve({ cache, close: () => {} }) };
});

/** The handle stays open when a cache on it is closed, so what it holds outlives every cache. */
function inHandle(open: OpenMemory): CacheHarness {
  let handle: Promise<SqliteHandle> | undefined;
  return {
    keeps: true,
    persistent: true,
    copies: true,
    maxChanges: 1_000,
    open: async () => opened(await SqliteCache.open(await (handle ??= open()))),
  };
}

function opened(cache: SqliteCache): { cache: SqliteCache; close: () => Promise<void> } {
  return { cache, close: () => cache.close() };
}
