import type { Cache, CachedRows, Fence } from "../cache/cache.ts";
import { isPromise, type MaybePromise } from "../table/maybe_promise.ts";
import { failure, type Trace } from "../trace/trace.ts";
import type { Counters } from "./live_stats.ts";

/**
 * The cache as the rest of this folder sees it: a failure becomes the answer that is always safe (nothing held, no
 * fence, not stored, not dropped), and is counted and traced.
 */
export class GuardedCache {
  readonly #cache: Cache;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;

  constructor(cache: Cache, counters: Counters, trace: Trace | undefined) {
    this.#cache = cache;
    this.#counters = counters;
    this.#trace = trace;
  }

  /** The entry, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined> {
    if (this.#trace !== undefined) {
      return this.#attempt(
        "get",
        key,
        () => this.#cache.get(key),
        undefined,
        (held) => held === undefined ? "miss" : "hit",
      );
    }
    // The same without closures: this is the path of every hit.
    try {
      const held = this.#cache.get(key);
      return isPromise(held)
        ? held.then(undefined, (error: unknown) => this.#failed("get", key, error, undefined))
        : held;
    } catch (error) {
      return this.#failed("get", key, error, undefined);
    }
  }

  /** The fence, or `undefined` if there is none to be had: then nothing may be stored. */
  fence(key: string): MaybePromise<Fence | undefined> {
    return this.#attempt("fence", key, () => this.#cache.fence(key), undefined, () => "fenced");
  }

  /** Whether the entry was stored; `undefined` if that failed. */
  put(key: string, rows: CachedRows, fence: Fence): MaybePromise<boolean | undefined> {
    return this.#attempt(
      "put",
      key,
      () => this.#cache.put(key, rows, fence),
      undefined,
      (stored) => stored ? "populated" : "fenced",
    );
  }

  /** Whether everything under the prefix is gone for certain. */
  invalidatePrefix(prefix: string): MaybePromise<boolean> {
    const drop = (): MaybePromise<boolean> => {
      const dropped = this.#cache.invalidatePrefix(prefix);
      return isPromise(dropped) ? dropped.then(() => true) : true;
    };
    return this.#attempt("invalidate_prefix", prefix, drop, false, () => "invalidated");
  }

  #attempt<T>(
    name: string,
    key: string,
    call: () => MaybePromise<T>,
    instead: T,
    outcome: (answer: T) => string,
  ): MaybePromise<T> {
    const trace = this.#trace;
    if (trace === undefined) return this.#guard(name, key, call, instead);
    return this.#guard(
      name,
      key,
      () =>
        trace.span({ target: "vantage_live::cache", level: "debug", name, fields: { key } }, (add) => {
          const answer = call();
          if (!isPromise(answer)) {
            add({ outcome: outcome(answer) });
            return answer;
          }
          return answer.then((settled) => (add({ outcome: outcome(settled) }), settled));
        }),
      instead,
    );
  }

  #guard<T>(name: string, key: string, call: () => MaybePromise<T>, instead: T): MaybePromise<T> {
    try {
      const answer = call();
      return isPromise(answer)
        ? answer.then(undefined, (error: unknown) => this.#failed(name, key, error, instead))
        : answer;
    } catch (error) {
      return this.#failed(name, key, error, instead);
    }
  }

  #failed<T>(name: string, key: string, error: unknown, instead: T): T {
    this.#counters.cacheFailures++;
    this.#trace?.event({
      target: "vantage_live::cache",
      level: "warn",
      name: `${name} failed`,
      fields: { key, ...failure(error) },
    });
    return instead;
  }
}
