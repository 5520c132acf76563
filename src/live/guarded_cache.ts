import type { Cache, CachedRows, Fence, LogRecord } from "../cache/cache.ts";
import { concluded, type Deadline } from "../base/deadline.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { describe } from "../base/describe.ts";
import { Rows } from "../table/rows.ts";
import type { TraceNote } from "../trace/tracer.ts";
import type { Counters } from "./live_stats.ts";

/** A cache whose calls never fail: in place of a failure there is the answer that is always safe. */
export interface SafeCache {
  /** The entry, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined>;
  /** The fence, or `undefined` if there is none to be had: then nothing may be stored, and no other reader's read joined. */
  fence(key: string): MaybePromise<Fence | undefined>;
  /** Whether the entry was stored; `undefined` if that failed. */
  put(key: string, rows: CachedRows, fence: Fence): MaybePromise<boolean | undefined>;
  /** Whether everything under the prefix is gone for certain. */
  invalidatePrefix(prefix: string): MaybePromise<boolean>;
  /** The fence after the record, or `undefined` if it may not have been logged. Absent if the cache keeps no log. */
  readonly log?: ((scope: string, record: LogRecord, note?: TraceNote) => MaybePromise<Fence | undefined>) | undefined;
}

/**
 * The cache as the rest of this folder sees it: a failure, or no answer in time, is counted and noted, and answered safely
 * (nothing held, no fence, not stored, not dropped). What a call does after its time is over changes nothing that matters:
 * an answer is disregarded, a `put` carries its fence, an invalidation drops what is there.
 */
export class GuardedCache implements SafeCache {
  readonly log: SafeCache["log"];
  readonly #cache: Cache;
  readonly #counters: Counters;
  readonly #deadline: Deadline;
  /** `undefined` if the cache keeps to one itself. */
  readonly #getDeadline: Deadline | undefined;

  constructor(cache: Cache, deadline: Deadline, counters: Counters) {
    this.#cache = cache;
    const log = cache.log?.bind(cache);
    this.log = log &&
      ((scope, record, note) => this.#attempt<Fence | undefined>(() => log(scope, record), undefined, note));
    this.#deadline = deadline;
    this.#getDeadline = (cache.getTimeoutMs ?? Infinity) <= deadline.ms ? undefined : deadline;
    this.#counters = counters;
  }

  get(key: string, note?: TraceNote): MaybePromise<CachedRows | undefined> {
    // As `#attempt`, with the fewest closures and checks: this is the path of every hit.
    try {
      const held = this.#cache.get(key);
      if (held === undefined || isEntry(held)) return held;
      if (!isPromise(held)) return entryIn(held);
      const failed = (error: unknown): undefined => this.#failed(error, undefined, note);
      return this.#getDeadline === undefined
        ? concluded(held, entryIn, failed)
        : this.#getDeadline.limit(held, entryIn, failed);
    } catch (error) {
      return this.#failed(error, undefined, note);
    }
  }

  fence(key: string, note?: TraceNote): MaybePromise<Fence | undefined> {
    return this.#attempt<Fence | undefined>(() => this.#cache.fence(key), undefined, note);
  }

  put(key: string, rows: CachedRows, fence: Fence, note?: TraceNote): MaybePromise<boolean | undefined> {
    return this.#attempt<boolean | undefined>(() => this.#cache.put(key, rows, fence), undefined, note);
  }

  invalidatePrefix(prefix: string, note?: TraceNote): MaybePromise<boolean> {
    return this.#attempt(
      () => {
        const dropped = this.#cache.invalidatePrefix(prefix);
        return isPromise(dropped) ? dropped.then(() => true) : true;
      },
      false,
      note,
    );
  }

  #attempt<T>(call: () => MaybePromise<T>, instead: T, note: TraceNote | undefined): MaybePromise<T> {
    const failed = (error: unknown): T => this.#failed(error, instead, note);
    try {
      const answer = call();
      return isPromise(answer) ? this.#deadline.limit(answer, (value) => value, failed) : answer;
    } catch (error) {
      return failed(error);
    }
  }

  #failed<T>(error: unknown, instead: T, note: TraceNote | undefined): T {
    this.#counters.cacheFailures++;
    note?.({ error });
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
  if (isEntry(answer)) return answer;
  throw new TypeError(`The cache answered with what is no entry: ${describe(answer)}`);
}

function isEntry(answer: object | null): answer is CachedRows {
  return answer !== null && "rows" in answer && answer.rows instanceof Rows;
}
