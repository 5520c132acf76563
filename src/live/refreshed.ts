/** Hears that new rows are readable under a key, or that reading them behind an answer has failed. */
export type RefreshListener = (failure?: { readonly error: unknown }) => void;

/** Reports what became of reads of the master, to those who show what is under a key. */
export class Refreshed {
  readonly #listeners = new Map<string, Set<RefreshListener>>();

  /** Calls `listener` after each read that was kept, or that failed behind an answer, until the returned function is called. */
  on(key: string, listener: RefreshListener): () => void {
    const listeners = this.#listeners.get(key) ?? new Set();
    // A listener that is added twice is called twice.
    const own: RefreshListener = (failure) => listener(failure);
    this.#listeners.set(key, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key);
    };
  }

  /** New rows are readable under a key. */
  succeeded(key: string): void {
    this.#emit(key);
  }

  /** Rows that were served are still stale. */
  failed(key: string, error: unknown): void {
    this.#emit(key, { error });
  }

  #emit(key: string, failure?: { readonly error: unknown }): void {
    for (const listener of this.#listeners.get(key) ?? []) listener(failure);
  }
}
