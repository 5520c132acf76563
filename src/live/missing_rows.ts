/** For how many keys it is remembered that the master has no row. */
const MAX_REMEMBERED = 1_000;

/**
 * The rows that the master was found not to have, or no longer in the set: that a row is missing is not cached, so the cache
 * may have an older entry of it. That must not be served, though it may be stale.
 */
export class MissingRows {
  readonly #missing = new Map<string, number>();

  /** The row under a key was missing when it was requested. */
  add(key: string, fetchedAt: number): void {
    this.#missing.delete(key);
    this.#missing.set(key, fetchedAt);
    for (const oldest of this.#missing.keys()) {
      if (this.#missing.size <= MAX_REMEMBERED) break;
      this.#missing.delete(oldest);
    }
  }

  /** The row under a key was found again. */
  forget(key: string): void {
    this.#missing.delete(key);
  }

  /** Whether the row under a key has been missing since an entry was requested. */
  isSince(key: string, fetchedAt: number): boolean {
    const missing = this.#missing.get(key);
    return missing !== undefined && missing >= fetchedAt;
  }
}
