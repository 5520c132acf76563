import type { Cache, CachedRows, Fence } from "../cache/cache.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { FaultPlan } from "./fault_plan.ts";
import { rememberSelf } from "../base/self.ts";

/** The operations of a cache. */
export type CacheOp = "get" | "fence" | "put" | "invalidatePrefix";

/**
 * A cache whose calls can be counted, stopped and failed one by one.
 *
 * @example The next invalidation fails
 * ```ts
 * import { MemCache } from "@vantage/live";
 * import { FaultyCache } from "@vantage/live/testing";
 * import assert from "node:assert/strict";
 *
 * const cache = new FaultyCache(new MemCache());
 * cache.plan.fail("invalidatePrefix", new Error("disk full"));
 *
 * await assert.rejects(async () => await cache.invalidatePrefix("clients/"), /disk full/);
 * ```
 */
export class FaultyCache implements Cache {
  /** What is to go wrong, and what was called. */
  readonly plan: FaultPlan<CacheOp> = new FaultPlan<CacheOp>();
  readonly #inner: Cache;

  /** A cache that does as `inner` does, but for what is planned. */
  constructor(inner: Cache) {
    rememberSelf(this, FaultyCache);
    this.#inner = inner;
  }

  /** The entry under `key`, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined> {
    return this.plan.run("get", () => this.#inner.get(key));
  }

  /** A mark to hand to `put`, taken before the master is read. */
  fence(key: string): MaybePromise<Fence> {
    return this.plan.run("fence", () => this.#inner.fence(key));
  }

  /** Stores an entry, unless the key was invalidated since the fence; answers whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean> {
    return this.plan.run("put", () => this.#inner.put(key, rows, fence));
  }

  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): MaybePromise<void> {
    return this.plan.run("invalidatePrefix", () => this.#inner.invalidatePrefix(prefix));
  }
}
