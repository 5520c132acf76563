/** Reports that rows of the master have become readable under a key, to those who show what is under it. */
export class Refreshed {
  readonly #listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` whenever new rows are readable under `key`, until the returned function is called. */
  on(key: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    // Each call counts, also with the same function.
    const own = (): void => listener();
    this.#listeners.set(key, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** New rows are readable under a key. */
  emit(key: string): void {
    for (const listener of this.#listeners.get(key) ?? []) listener();
  }
}
