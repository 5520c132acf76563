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

/** What a read of the master is worth. */
export interface Stamp {
  /** The position that its rows are kept at; `undefined` if they must not be kept. */
  readonly fence: Fence | undefined;
  /** Whether the answer is as new as every change known by now. To be called when the answer is there. */
  readonly isSettled: () => boolean;
}

interface SeenFence {
  readonly fence: Fence;
  /** When it was first seen, in monotonic milliseconds. */
  readonly at: number;
}

/** How many fences are remembered. */
const MAX_SEEN = 1_000;

/**
 * Decides which changes a read of the master includes for certain: those that were logged `lagMs` before it began, measured
 * here with this clock, so that nothing depends on another process reporting its changes, or surviving. Its rows are kept
 * as of that position, and everything later counts as logged after it. Invalidations of this process count from the call
 * on, since the cache may fail to drop.
 */
export class MasterLag {
  readonly #options: MasterLagOptions;
  /** In the order of time; none from before the last one that every read includes. */
  #seen: readonly SeenFence[] = [];

  constructor(options: MasterLagOptions) {
    this.#options = options;
  }

  /**
   * The stamp of a read that began at `startedAt`, in monotonic milliseconds, under `fence`. To be called when the read
   * has its fence.
   */
  stamp(startedAt: number, fence: Fence | undefined): MaybePromise<Stamp> {
    const { cache, key, lagMs } = this.#options;
    if (lagMs === 0) return { fence, isSettled: () => this.#isSettledHere(startedAt) };
    const now = cache.fence(key);
    return isPromise(now)
      ? now.then((later) => this.#stampAt(startedAt, fence, later))
      : this.#stampAt(startedAt, fence, now);
  }

  #stampAt(startedAt: number, fence: Fence | undefined, now: Fence | undefined): Stamp {
    if (now === undefined) return { fence: undefined, isSettled: () => false };
    const included = this.#included(startedAt, now);
    const isSettled = included === now;
    // Without a log, rows are kept as of the present or not at all.
    const kept = isSettled ? fence : this.#options.cache.log === undefined ? undefined : included;
    return { fence: kept, isSettled: () => isSettled && this.#isSettledHere(startedAt) };
  }

  /** The last fence of which the changes up to it are included in a read that began at `startedAt`. */
  #included(startedAt: number, now: Fence): Fence | undefined {
    const { lagMs, clock } = this.#options;
    const seen = this.#seen.at(-1)?.fence === now ? this.#seen : [...this.#seen, { fence: now, at: clock.monotonic() }];
    const last = seen.findLastIndex(({ at }) => at + lagMs <= startedAt);
    this.#seen = seen.slice(Math.max(last, seen.length - MAX_SEEN, 0));
    return seen[last]?.fence;
  }

  #isSettledHere(startedAt: number): boolean {
    return startedAt >= this.#options.invalidation.settledFrom;
  }
}
