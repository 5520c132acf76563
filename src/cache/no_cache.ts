import type { Cache, Fence } from "./cache.ts";

/**
 * A cache that keeps nothing: every read goes to the master. For parity tests, and to measure the effect of a cache.
 */
export class NoCache implements Cache {
  /** Always a miss. */
  get(_key: string): undefined {
    return undefined;
  }

  /** Always the same, since nothing is stored. */
  fence(_key: string): Fence {
    return 0;
  }

  /** Stores nothing, and returns `false`. */
  put(_key: string): boolean {
    return false;
  }

  /** Does nothing, since nothing is stored. */
  invalidatePrefix(_prefix: string): void {}
}
