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
 * Decides whether a read of the master began late enough to include every change that the scope was invalidated for. It
 * did if the scope's fence had not changed for `lagMs` when the read began, measured here with this clock: so nothing
 * depends on another process reporting its changes, or surviving. Invalidations of this process count from the call on,
 * since the cache may fail to drop.
 */
export class MasterLag {
  readonly #options: MasterLagOptions;
  #fence: Fence | undefined;
  /** Since when the fence is known to have its value. */
  #unchangedSince = Infinity;

  constructor(options: MasterLagOptions) {
    this.#options = options;
  }

  /**
   * Looks at the fence. Call it when the read has its fence: that one keeps out what happens later. The function that
   * it answers with says whether a read that began at `startedAt` is as new as every change known by then.
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
