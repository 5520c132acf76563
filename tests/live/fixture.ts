import {
  type Cache,
  type LiveObserver,
  LiveTable,
  type LiveTableOptions,
  MemCache,
  MemTable,
  type Row,
} from "@vantage/live";
import { FakeClock, FaultyCache, FaultyTable, settle } from "@vantage/live/testing";

/** The rows that most tests begin with. */
export const BAKERY: readonly (readonly [id: string, row: Row])[] = [
  ["a", { name: "Bun", price: 2 }],
  ["b", { name: "Roll", price: 1 }],
  ["c", { name: "Tart", price: 5 }],
];

/** A live table whose every part outside can be counted, stopped and failed. */
export interface Fixture {
  readonly table: LiveTable;
  readonly master: FaultyTable;
  readonly cache: FaultyCache;
  readonly clock: FakeClock;
  /** Another table on the same cache and cacheKey, over the same master, as another process would have it. */
  another(options?: LiveTableOptions): LiveTable;
}

/** A kind of cache, over which the same is promised as over the others. */
export interface CacheKind {
  readonly kind: string;
  readonly cache: () => Cache;
}

/** Caches that keep a log. */
export const LOGGING_CACHES: readonly CacheKind[] = [
  { kind: "a cache that answers at once", cache: () => new MemCache() },
  { kind: "a cache that answers later", cache: () => slowly(new MemCache()) },
];

/** Caches of all kinds. */
export const CACHES: readonly CacheKind[] = [
  ...LOGGING_CACHES,
  { kind: "a cache without a log", cache: () => withoutLog(new MemCache()) },
];

/** A live table over three products. `slowly` makes every call of the cache asynchronous. */
export function fixture(options: LiveTableOptions = {}, inner: Cache = new MemCache()): Fixture {
  const clock = options.clock instanceof FakeClock ? options.clock : new FakeClock();
  const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
  const cache = new FaultyCache(inner);
  const another = (more: LiveTableOptions = {}): LiveTable =>
    new LiveTable(master, "products", cache, { clock, ...options, ...more });
  return { table: another(), master, cache, clock, another };
}

/** A cache that does as another does, but always later. */
export function slowly(inner: Cache): Cache {
  const log = inner.log?.bind(inner);
  return {
    log: log && (async (scope, record) => (await Promise.resolve(), await log(scope, record))),
    get: async (key) => (await Promise.resolve(), await inner.get(key)),
    fence: async (key) => (await Promise.resolve(), await inner.fence(key)),
    put: async (key, rows, fence) => (await Promise.resolve(), await inner.put(key, rows, fence)),
    invalidatePrefix: async (prefix) => (await Promise.resolve(), await inner.invalidatePrefix(prefix)),
  };
}

/** A cache that does as another does, but keeps no log. */
export function withoutLog(inner: Cache): Cache {
  return {
    get: (key) => inner.get(key),
    fence: (key) => inner.fence(key),
    put: (key, rows, fence) => inner.put(key, rows, fence),
    invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
  };
}

/** An observer that shows rows, with one listener. */
export async function shown(table: Pick<LiveTable, "observe">): Promise<LiveObserver> {
  const observer = table.observe();
  observer.subscribe(() => {});
  await settle();
  return observer;
}
