import type { Cache, Fence } from "./cache.ts";

/** A cache that keeps nothing: every read goes to the master. For parity tests, and to see what a cache is worth. */
export class NoCache implements Cache {
  /** Always a miss. */
  get(_key: string): undefined {
    return undefined;
  }

  /** Nothing is kept, so nothing needs to be told apart. */
  fence(_key: string): Fence {
    return 0;
  }

  /** Stores nothing. */
  put(_key: string): boolean {
    return false;
  }

  /** There is nothing to drop. */
  invalidatePrefix(_prefix: string): void {}
}
