import type { Cache, CachedRows, Fence } from "../cache/cache.ts";
import { traceableKey } from "../cache/cache_key.ts";
import type { Deadline } from "../base/deadline.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { describe } from "../base/describe.ts";
import { Rows } from "../table/rows.ts";
import { failure, type Trace } from "../trace/trace.ts";
import type { Counters } from "./live_stats.ts";

/** A call of the cache: what it is named in traces, what it is about, and what stands for its answer if it fails. */
interface CacheCall<T> {
  readonly name: string;
  readonly key: string;
  readonly instead: T;
  readonly outcome: (answer: T) => string;
}

/**
 * The cache as the rest of this folder sees it: a failure, or no answer in time, becomes the answer that is always safe
 * (nothing held, no fence, not stored, not dropped), and is counted and traced. What a call does after its time is over
 * changes nothing that matters: an answer is disregarded, a `put` carries its fence, an invalidation drops what is there.
 */
export class GuardedCache {
  readonly #cache: Cache;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;
  readonly #deadline: Deadline;

  constructor(cache: Cache, deadline: Deadline, counters: Counters, trace: Trace | undefined) {
    this.#cache = cache;
    this.#deadline = deadline;
    this.#counters = counters;
    this.#trace = trace;
  }

  /** The entry, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined> {
    if (this.#trace !== undefined) return this.#attempt({ ...GET, key }, () => this.#held(key));
    // The same with the fewest closures and waits: this is the path of every hit.
    try {
      const held = this.#cache.get(key);
      if (!isPromise(held)) return entryIn(held);
      return this.#deadline.limit(held, entryIn, (error) => this.#failed({ ...GET, key }, error));
    } catch (error) {
      return this.#failed({ ...GET, key }, error);
    }
  }

  /** The fence, or `undefined` if there is none to be had: then nothing may be stored, and nobody else's read joined. */
  fence(key: string): MaybePromise<Fence | undefined> {
    const call: CacheCall<Fence | undefined> = { name: "fence", key, instead: undefined, outcome: () => "fenced" };
    return this.#attempt(call, () => this.#cache.fence(key));
  }

  /** Whether the entry was stored; `undefined` if that failed. */
  put(key: string, rows: CachedRows, fence: Fence): MaybePromise<boolean | undefined> {
    const outcome = (stored: boolean | undefined): string => stored ? "populated" : "fenced";
    const call: CacheCall<boolean | undefined> = { name: "put", key, instead: undefined, outcome };
    return this.#attempt(call, () => this.#cache.put(key, rows, fence));
  }

  /** Whether everything under the prefix is gone for certain. */
  invalidatePrefix(prefix: string): MaybePromise<boolean> {
    const call: CacheCall<boolean> = {
      name: "invalidate_prefix",
      key: prefix,
      instead: false,
      outcome: () => "invalidated",
    };
    return this.#attempt(call, () => {
      const dropped = this.#cache.invalidatePrefix(prefix);
      return isPromise(dropped) ? dropped.then(() => true) : true;
    });
  }

  #held(key: string): MaybePromise<CachedRows | undefined> {
    const held = this.#cache.get(key);
    return isPromise(held) ? held.then(entryIn) : entryIn(held);
  }

  #attempt<T>(call: CacheCall<T>, run: () => MaybePromise<T>): MaybePromise<T> {
    const trace = this.#trace;
    const inTime = (): MaybePromise<T> => {
      const answer = run();
      return isPromise(answer) ? this.#deadline.limit(answer, (settled) => settled, raise) : answer;
    };
    return this.#guard(call, trace === undefined ? inTime : () => this.#traced(trace, call, inTime));
  }

  #traced<T>(trace: Trace, { name, key, outcome }: CacheCall<T>, run: () => MaybePromise<T>): MaybePromise<T> {
    const fields = { key: traceableKey(key) };
    return trace.span({ target: "vantage_live::cache", level: "debug", name, fields }, (add) => {
      const answer = run();
      if (isPromise(answer)) return answer.then((settled) => (add({ outcome: outcome(settled) }), settled));
      add({ outcome: outcome(answer) });
      return answer;
    });
  }

  #guard<T>(call: CacheCall<T>, run: () => MaybePromise<T>): MaybePromise<T> {
    try {
      const answer = run();
      return isPromise(answer) ? answer.then(undefined, (error: unknown) => this.#failed(call, error)) : answer;
    } catch (error) {
      return this.#failed(call, error);
    }
  }

  #failed<T>({ name, key, instead }: CacheCall<T>, error: unknown): T {
    this.#counters.cacheFailures++;
    this.#trace?.event({
      target: "vantage_live::cache",
      level: "warn",
      name: `${name} failed`,
      fields: { key: traceableKey(key), ...failure(error) },
    });
    return instead;
  }
}

/**
 * The entry that a cache answered with; one of JavaScript may say `null` for nothing.
 *
 * @throws {TypeError} if it is none: a cache may hand out whatever was stored under the key.
 */
function entryIn(answer: CachedRows | null | undefined): CachedRows | undefined {
  if (answer === undefined || answer === null) return undefined;
  if (answer.rows instanceof Rows) return answer;
  throw new TypeError(`The cache answered with what is no entry: ${describe(answer)}`);
}

function raise(error: unknown): never {
  throw error;
}

const GET: Omit<CacheCall<CachedRows | undefined>, "key"> = {
  name: "get",
  instead: undefined,
  outcome: (held) => held === undefined ? "miss" : "hit",
};
