/** For how many keys it is remembered. */
const MAX_REMEMBERED = 1_000;

/**
 * The keys under which the cache may have something older than what was read since, and could not be kept: the master no
 * longer has the row, as that one is missing is not cached; or the cache refused the rows, since it had no room. What is older
 * must not be served, though it may be stale.
 */
export class Superseded {
  readonly #readAt = new Map<string, number>();

  /** What was requested at `fetchedAt` is not in the cache. */
  add(key: string, fetchedAt: number): void {
    this.#readAt.delete(key);
    this.#readAt.set(key, fetchedAt);
    for (const oldest of this.#readAt.keys()) {
      if (this.#readAt.size <= MAX_REMEMBERED) break;
      this.#readAt.delete(oldest);
    }
  }

  /** What was read last is in the cache. */
  forget(key: string): void {
    this.#readAt.delete(key);
  }

  /** Whether something was read since an entry was requested, and is not in the cache. */
  isSince(key: string, fetchedAt: number): boolean {
    const readAt = this.#readAt.get(key);
    return readAt !== undefined && readAt >= fetchedAt;
  }
}
