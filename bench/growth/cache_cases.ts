import { type Cache, type CachedRows, MemCache, Rows } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { DurableObjectCache } from "@vantage/live/durable-object";
import { SqliteCache } from "@vantage/live/sqlite";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { temporaryPath } from "../fixture.ts";
import { alike, each, type GrowthCase, upTo } from "./growth_case.ts";

const BOUNDS = { maxEntries: 10_000_000, maxScopes: 10_000_000 };
const ONE: CachedRows = { rows: Rows.from([["a", { name: "Bun" }]]), fetchedAt: 1 };

/** Opens a cache, after closing the previous one of its kind. */
type Open = (bounds: typeof BOUNDS) => Promise<Cache>;

const CACHES: Readonly<Record<string, Open>> = {
  MemCache: (bounds) => Promise.resolve(new MemCache({ ...bounds, maxRows: 10_000_000 })),
  SqliteCache: oneAtATime((bounds) => SqliteCache.open(temporaryPath("growth.db"), bounds)),
  DurableObjectCache: (bounds) => Promise.resolve(new DurableObjectCache(storage(), bounds)),
  DenoKvCache: oneAtATime((bounds) => DenoKvCache.open(":memory:", bounds)),
};

/**
 * A smaller n where each step is a commit, or where all entries are in memory, so that 16n fits the processor's cache.
 */
const FROM: Readonly<Record<string, number>> = { MemCache: 64, SqliteCache: 64, DenoKvCache: 64 };

export const cacheCases: readonly GrowthCase[] = Object.entries(CACHES).flatMap(([name, open]) =>
  alike({ from: FROM[name] }, [
    {
      name: `${name}: n puts of entries`,
      prepare: async (n) => {
        const cache = await open(BOUNDS);
        return () => each(n, (number) => cache.put(`s/${number}`, ONE));
      },
    },
    {
      name: `${name}: n puts in n scopes`,
      prepare: async (n) => {
        const cache = await open(BOUNDS);
        return () => each(n, (number) => cache.put(`s${number}/all`, ONE));
      },
    },
    {
      name: `${name}: n puts beyond the bounds of entries and scopes`,
      prepare: async (n) => {
        const cache = await open({ maxEntries: Math.ceil(n / 2), maxScopes: Math.ceil(n / 2) });
        return () => each(n, (number) => cache.put(`s${number}/all`, ONE));
      },
    },
    {
      name: `${name}: a put of n rows`,
      prepare: async (n) => {
        const cache = await open(BOUNDS);
        const cached = { rows: Rows.from(upTo(n).map((at) => [`${at}`, { at }])), fetchedAt: 1 };
        return () => each(name === "MemCache" ? n : 1, () => cache.put("s/all", cached));
      },
    },
    overFull(`${name}: n gets of n entries`, open, (cache, number) => cache.get(`s/${number}`)),
    overFull(`${name}: n fences`, open, (cache, number) => cache.fence(`s/${number}`)),
    overFull(`${name}: n fences of scopes`, open, (cache, number) => cache.fence(`t${number}/all`)),
    overFull(`${name}: n invalidations of a scope`, open, (cache, number) => cache.invalidatePrefix(`t${number}/`)),
    {
      name: `${name}: one invalidation of a scope with n entries, n times over`,
      prepare: async (n) => {
        const cache = await full(open, n);
        return () => each(n, () => cache.invalidatePrefix("s/"));
      },
    },
    {
      name: `${name}: an invalidation of n entries with a common prefix`,
      prepare: async (n) => {
        const cache = await full(open, n);
        return () => cache.invalidatePrefix("s/1");
      },
    },
    {
      name: `${name}: an invalidation of n scopes with a common prefix`,
      prepare: async (n) => {
        const cache = await full(open, n);
        return () => cache.invalidatePrefix("t");
      },
    },
    {
      name: `${name}: puts that clear n invalidated entries away`,
      prepare: async (n) => {
        const cache = await full(open, n);
        await cache.invalidatePrefix("");
        return () => each(n, (number) => cache.put(`t${number}/all`, ONE));
      },
    },
    {
      name: `${name}: n invalidations beyond the bound of scopes`,
      prepare: async (n) => {
        const cache = await open({ ...BOUNDS, maxScopes: Math.ceil(n / 2) });
        return () => each(n, (number) => cache.invalidatePrefix(`s${number}/`));
      },
    },
  ])
);

function overFull(name: string, open: Open, work: (cache: Cache, number: number) => unknown): GrowthCase {
  return {
    name,
    prepare: async (n) => {
      const cache = await full(open, n);
      return () => each(n, (number) => work(cache, number));
    },
  };
}

/** A cache with n entries in one scope, and n scopes with one entry each. */
async function full(open: Open, n: number): Promise<Cache> {
  const cache = await open(BOUNDS);
  await each(n, (number) => cache.put(`s/${number}`, ONE));
  await each(n, (number) => cache.put(`t${number}/all`, ONE));
  return cache;
}

function oneAtATime<Opened extends Cache & AsyncDisposable>(open: (bounds: typeof BOUNDS) => Promise<Opened>): Open {
  let last: Opened | undefined;
  return async (bounds) => {
    await last?.[Symbol.asyncDispose]();
    return last = await open(bounds);
  };
}

/** The storage of a Durable Object, in memory. As there, each statement is prepared once. */
function storage(): ConstructorParameters<typeof DurableObjectCache>[0] {
  const db = new DatabaseSync(":memory:");
  const prepared = new Map<string, ReturnType<typeof db.prepare>>();
  return {
    exec: (query, ...bindings: SQLInputValue[]) => {
      const statement = prepared.get(query) ?? db.prepare(query);
      prepared.set(query, statement);
      return { toArray: () => statement.all(...bindings) };
    },
  };
}
