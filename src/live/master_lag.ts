import type { Fence } from "../cache/cache.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";

/** What a {@linkcode MasterLag} works with. */
export interface MasterLagOptions {
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  /** One key of the scope: its fence changes with every invalidation of the scope. */
  readonly key: string;
  readonly lagMs: number;
  readonly clock: Clock;
}

/**
 * Tells whether a read of the master began late enough to know of every change that the scope was invalidated for. It does
 * if the scope's fence had stood unchanged for `lagMs` when the read began, as measured here and by this clock: so no
 * process depends on what another tells, or lives to do. What was invalidated from here counts from the call on, since
 * the cache may fail to drop.
 */
export class MasterLag {
  readonly #options: MasterLagOptions;
  #fence: Fence | undefined;
  /** Since when the fence is known to be what it is. */
  #unchangedSince = Infinity;

  constructor(options: MasterLagOptions) {
    this.#options = options;
  }

  /**
   * Looks at the fence: to be called once the read's own fence is there, so that what happens after this look is kept out
   * by that. Answers with whether a read that began at `startedAt` is no older than any change known of by now.
   */
  look(startedAt: number): MaybePromise<() => boolean> {
    const { cache, key, lagMs } = this.#options;
    if (lagMs === 0) return () => this.#isSettledHere(startedAt);
    const fence = cache.fence(key);
    return isPromise(fence) ? fence.then((later) => this.#seen(later, startedAt)) : this.#seen(fence, startedAt);
  }

  #seen(fence: Fence | undefined, startedAt: number): () => boolean {
    const { lagMs, clock } = this.#options;
    if (fence === undefined) return () => false;
    if (fence !== this.#fence) {
      this.#fence = fence;
      this.#unchangedSince = clock.monotonic();
    }
    const settled = this.#unchangedSince + lagMs <= startedAt;
    return () => settled && this.#isSettledHere(startedAt);
  }

  #isSettledHere(startedAt: number): boolean {
    return startedAt >= this.#options.invalidation.settledFrom;
  }
}
