/**
 * What became of a read of the master: its rows are readable, and were requested at `fetchedAt`, in milliseconds since the
 * epoch, or it failed behind an answer.
 */
export type Refresh = { readonly fetchedAt: number } | { readonly error: unknown };

/** Is called with what became of a read. */
export type RefreshListener = (refresh: Refresh) => void;

/** Reports the outcome of reads of the master to the watchers of a key. */
export class Refreshed {
  readonly #listeners = new Map<string, Set<RefreshListener>>();

  /** Calls `listener` after each read that was kept, or that failed behind an answer, until the returned function is called. */
  on(key: string, listener: RefreshListener): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    // A listener that is added twice is called twice.
    const own: RefreshListener = (refresh) => listener(refresh);
    this.#listeners.set(key, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** Calls the listeners of a key. */
  emit(key: string, refresh: Refresh): void {
    for (const listener of this.#listeners.get(key) ?? []) listener(refresh);
  }
}
