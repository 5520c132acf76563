import type { Cache, CachedRows, Fence, LogRecord } from "../cache/cache.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { FaultPlan } from "./fault_plan.ts";
import { rememberSelf } from "../base/self.ts";

/** The operations of a cache. */
export type CacheOp = "get" | "fence" | "put" | "invalidatePrefix" | "log";

/**
 * A cache whose calls can be counted, held and failed one by one.
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
  /** The planned faults, and the counts of calls. */
  readonly plan: FaultPlan<CacheOp> = new FaultPlan<CacheOp>();
  /** Only if the cache in it keeps a log. */
  readonly log: ((scope: string, record: LogRecord) => MaybePromise<Fence>) | undefined;
  /** Only if the cache in it has it. */
  readonly share: Cache["share"];
  /** Only if the cache in it has it. */
  readonly usage: Cache["usage"];
  /** The cache in it. */
  readonly logOf: Cache;
  readonly #inner: Cache;

  /** A cache that behaves like `inner`, except for planned faults. */
  constructor(inner: Cache) {
    rememberSelf(this, FaultyCache);
    this.#inner = this.logOf = inner;
    this.share = inner.share?.bind(inner);
    this.usage = inner.usage?.bind(inner);
    const log = inner.log?.bind(inner);
    if (log !== undefined) this.log = (scope, record) => this.plan.run("log", () => log(scope, record));
  }

  get(key: string): MaybePromise<CachedRows | undefined> {
    return this.plan.run("get", () => this.#inner.get(key));
  }

  fence(key: string): MaybePromise<Fence> {
    return this.plan.run("fence", () => this.#inner.fence(key));
  }

  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean> {
    return this.plan.run("put", () => this.#inner.put(key, rows, fence));
  }

  invalidatePrefix(prefix: string): MaybePromise<void> {
    return this.plan.run("invalidatePrefix", () => this.#inner.invalidatePrefix(prefix));
  }
}
