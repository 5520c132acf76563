import { disposeByClosing } from "../base/async_dispose.ts";
import { checkOptions, checkTools } from "../base/check_options.ts";
import { checkPort } from "../base/check_port.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { describe } from "../base/describe.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { rememberSelf, selfOf } from "../base/self.ts";
import type { Rows } from "../table/rows.ts";
import type { Cache, CachedRows, Fence } from "./cache.ts";
import { scopeOf } from "./cache_key.ts";
import type { MemCache } from "./mem_cache.ts";

/** Options of a {@linkcode LayeredCache}. */
export interface LayeredCacheOptions {
  /**
   * How long an entry is answered with from memory before the far cache is asked again, in milliseconds; default 1000. 0
   * asks it each time.
   */
  readonly maxLagMs?: number | undefined;
  /** Where the time comes from; default the system's. */
  readonly clock?: Clock | undefined;
}

/** What the far cache answered with. */
interface Answer {
  readonly key: string;
  readonly cached: CachedRows;
  /** When it was asked, in monotonic milliseconds. */
  readonly askedAt: number;
}

/** A question to the far cache that is not answered yet, and whose answer lacks no change that is known here. */
interface Ask {
  readonly askedAt: number;
  readonly answer: Promise<CachedRows | undefined>;
}

/**
 * A `MemCache` in front of a cache that several hosts share: an entry that was got from the far one is answered with from
 * memory for `maxLagMs`, without a promise. Everything is stored, logged and invalidated in the far one.
 *
 * **How old an answer may be.** On this host nothing that was written, logged, heard or invalidated through this cache is
 * missing in what is answered after it. What another host has changed may be missing for `maxLagMs`, and no longer than
 * until this host hears of it: by an event of any stream of a table on this cache, or of a stream of the far cache. So all
 * tables of a process should share one `LayeredCache`.
 *
 * @example In front of a cache of several hosts
 * ```ts
 * import { LayeredCache, LiveTable, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const shared = new MemCache(); // in an application: await RedisCache.open(client)
 * await using cache = new LayeredCache(new MemCache(), shared, { maxLagMs: 500 });
 * await using products = new LiveTable(new MemTable("products", { rows: [["a", { name: "Bun" }]] }), "products", cache);
 *
 * await products.listValues(); // from the master, stored in the shared cache
 * await products.listValues(); // from the shared cache
 * await products.listValues(); // from memory
 * assert.equal(products.stats().masterReads, 1);
 * ```
 */
export class LayeredCache implements Cache, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  /** The far cache. */
  readonly logOf: Cache;
  /** That of the far cache: what is answered from memory takes no time. */
  readonly getTimeoutMs: number | undefined;
  /** Only if the far cache keeps a log. */
  readonly log: Cache["log"];
  readonly #near: MemCache;
  readonly #maxLagMs: number;
  readonly #clock: Clock;
  /** By what `near` holds: another entry may take its place there. */
  readonly #answers = new WeakMap<Rows, Answer>();
  /** By key. */
  readonly #asks = new Map<string, Ask>();
  readonly #stopListening: (() => void) | undefined;

  /**
   * A cache that keeps in `near` what `far` answers. `near` must not be used by others.
   *
   * @throws {TypeError} if `near` or `far` is no cache.
   * @throws {RangeError} if `maxLagMs` is not a number of at least 0.
   */
  constructor(near: MemCache, far: Cache, options: LayeredCacheOptions = {}) {
    disposeByClosing(LayeredCache.prototype);
    rememberSelf(this);
    checkOptions("a LayeredCache", options, ["maxLagMs", "clock"]);
    checkTools(options);
    const functions = ["get", "fence", "put", "invalidatePrefix"];
    checkPort("The near cache of a LayeredCache", "a MemCache", near, functions);
    checkPort("The far cache of a LayeredCache", "a cache, such as RedisCache", far, functions);
    const { maxLagMs = 1_000, clock = systemClock } = options;
    if (typeof maxLagMs !== "number" || !(maxLagMs >= 0)) {
      throw new RangeError(`maxLagMs must be a number of at least 0, got ${describe(maxLagMs)}`);
    }
    this.#near = near;
    this.logOf = far;
    this.getTimeoutMs = far.getTimeoutMs;
    this.#maxLagMs = maxLagMs;
    this.#clock = clock;
    const log = far.log?.bind(far);
    this.log = log && ((scope, record) => around(() => this.#drop(scope), () => log(scope, record)));
    this.#stopListening = far.onChanged?.((scope) => this.#drop(scope));
  }

  get(key: string): MaybePromise<CachedRows | undefined> {
    const self = selfOf(this);
    const held = self.#near.get(key);
    const answer = held && self.#answers.get(held.rows);
    if (answer?.key === key && self.#isCurrent(answer)) return answer.cached;
    const asked = self.#asks.get(key);
    return asked !== undefined && self.#isCurrent(asked) ? asked.answer : self.#ask(key);
  }

  /** From then on nothing older is answered with: what is cut from it is stored as of this fence, and would lack changes. */
  fence(key: string): MaybePromise<Fence> {
    const self = selfOf(this);
    const fence = self.logOf.fence(key);
    const drop = (): void => self.#drop(scopeOf(key) ?? key);
    if (isPromise(fence)) return fence.finally(drop);
    drop();
    return fence;
  }

  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean> {
    const self = selfOf(this);
    return around(() => self.#forget(key), () => self.logOf.put(key, rows, fence));
  }

  invalidatePrefix(prefix: string): MaybePromise<void> {
    const self = selfOf(this);
    return around(() => self.#drop(prefix), () => self.logOf.invalidatePrefix(prefix));
  }

  /** Stops listening to the far cache. Neither cache is closed. Idempotent. */
  close(): Promise<void> {
    selfOf(this).#stopListening?.();
    return Promise.resolve();
  }

  #isCurrent({ askedAt }: { readonly askedAt: number }): boolean {
    return this.#clock.monotonic() - askedAt < this.#maxLagMs;
  }

  #ask(key: string): MaybePromise<CachedRows | undefined> {
    const askedAt = this.#clock.monotonic();
    const found = this.logOf.get(key);
    if (!isPromise(found)) return this.#keep(key, found, askedAt);
    const answer = found.then((cached) => {
      const isLast = this.#asks.get(key) === ask;
      if (isLast) this.#asks.delete(key);
      return isLast ? this.#keep(key, cached, askedAt) : cached;
    }, (error) => {
      if (this.#asks.get(key) === ask) this.#asks.delete(key);
      throw error;
    });
    const ask: Ask = { askedAt, answer };
    this.#asks.set(key, ask);
    return answer;
  }

  #keep(key: string, cached: CachedRows | undefined, askedAt: number): CachedRows | undefined {
    if (cached === undefined || this.#maxLagMs === 0) return cached;
    this.#answers.set(cached.rows, { key, cached, askedAt });
    this.#near.put(key, cached);
    return cached;
  }

  /** From now on what the far cache has answered, or will answer to what it was asked before, is not answered with. */
  #drop(prefix: string): void {
    this.#near.invalidatePrefix(prefix);
    for (const key of this.#asks.keys()) if (key.startsWith(prefix)) this.#asks.delete(key);
  }

  #forget(key: string): void {
    const held = this.#near.get(key);
    if (held !== undefined) this.#answers.delete(held.rows);
    this.#asks.delete(key);
  }
}

/** Does something before a call and, if that takes time, after it. */
function around<T>(step: () => void, call: () => MaybePromise<T>): MaybePromise<T> {
  step();
  const done = call();
  return isPromise(done) ? done.finally(step) : done;
}
