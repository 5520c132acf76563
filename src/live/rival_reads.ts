/** One of the reads of a key that are under way at the same time. */
export interface RivalRead {
  readonly key: string;
  /**
   * When the newest rows were requested that another one has stored since it began, in milliseconds since the epoch;
   * `-Infinity` if none has.
   */
  overtakenBy: number;
}

/**
 * Several reads of one key may be under way: one begins beside another when all was invalidated, or, of rows that are cut
 * from other entries, for a reader with another policy. One that ends last may have looked at its parts first, or at the
 * entry whose holes it fills, and must not replace newer rows that were stored meanwhile.
 */
export class RivalReads {
  readonly #running = new Map<string, Set<RivalRead>>();

  /** A read begins. It must be ended. */
  begin(key: string): RivalRead {
    const read: RivalRead = { key, overtakenBy: -Infinity };
    const running = this.#running.get(key) ?? new Set();
    this.#running.set(key, running.add(read));
    return read;
  }

  /** Its rows are stored, and were requested at `fetchedAt`. */
  stored(read: RivalRead, fetchedAt: number): void {
    for (const other of this.#running.get(read.key) ?? []) {
      if (other !== read) other.overtakenBy = Math.max(other.overtakenBy, fetchedAt);
    }
  }

  /** It is over. */
  end(read: RivalRead): void {
    const running = this.#running.get(read.key);
    running?.delete(read);
    if (running?.size === 0) this.#running.delete(read.key);
  }
}
