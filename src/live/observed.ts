import type { ClosedError } from "../table/errors.ts";

interface Waiting {
  readonly place: number;
  readonly resolve: () => void;
  readonly reject: (error: ClosedError) => void;
}

/**
 * Which of the changes of a table's own writes have been served: read by a reader, or shown to a watcher. Its fields are
 * public, so that a hit costs one comparison, and a write one addition.
 */
export class Observed {
  /** How many changes of writes have been recorded: the place of the last one. Reads that begin from then on have it. */
  recorded = 0;
  /** The place of the last change that has been served; to be raised by `serve` alone. */
  served = 0;
  readonly #waiting = new Set<Waiting>();
  #closed: ClosedError | undefined;

  /** Resolves when something has been served that has the change at this place; rejects once nothing is served any more. */
  when(place: number): Promise<void> {
    if (place <= this.served) return Promise.resolve();
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    return new Promise((resolve, reject) => void this.#waiting.add({ place, resolve, reject }));
  }

  /** Nothing is served any more. */
  close(error: ClosedError): void {
    this.#closed = error;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /** Something is served that has the changes up to this place; by default all. */
  serve(place: number = this.recorded): void {
    this.served = Math.max(this.served, place);
    for (const waiting of this.#waiting) {
      if (waiting.place > this.served) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }
}
