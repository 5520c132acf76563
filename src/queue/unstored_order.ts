import type { QueuedWrite } from "./queued_write.ts";

/** What an {@linkcode UnstoredOrder} looks at. */
export interface UnstoredOrderOptions {
  /** The accepted writes, in order. */
  readonly accepted: Iterable<QueuedWrite>;
  /** The row of a write; `undefined` for the whole set. */
  readonly rowOf: (write: QueuedWrite) => string | undefined;
  /** Whether a write is among those that are sent in their turn. */
  readonly hasEntered: (write: QueuedWrite) => boolean;
}

/**
 * The order of writes that could not be stored: they are sent from here alone, whoever sends the stored ones, and must not
 * overtake those of their rows.
 */
export class UnstoredOrder {
  readonly #options: UnstoredOrderOptions;
  /** Those that wait for stored ones before them to enter. */
  readonly #waiting = new Set<QueuedWrite>();
  /** The rows of the writes that were left in the journal; `undefined` is the whole set. */
  readonly #left = new Set<string | undefined>();

  constructor(options: UnstoredOrderOptions) {
    this.#options = options;
  }

  /** Those that wait. */
  get waiting(): readonly QueuedWrite[] {
    return this.#waiting.size === 0 ? [] : [...this.#waiting];
  }

  /** A write waits. */
  wait(write: QueuedWrite): void {
    this.#waiting.add(write);
  }

  /** A write has entered, or has left the queue. */
  delete(write: QueuedWrite): void {
    this.#waiting.delete(write);
  }

  /** A stored write is left in the journal. */
  leave(write: QueuedWrite): void {
    this.#left.add(this.#options.rowOf(write));
  }

  /** Whether a write that is not stored comes after one that was left in the journal. */
  followsLeft(write: QueuedWrite): boolean {
    if (write.isStored || this.#left.size === 0) return false;
    const row = this.#options.rowOf(write);
    return row === undefined || this.#left.has(row) || this.#left.has(undefined);
  }

  /** Whether a write that is not stored comes after one of its row that has not entered. */
  isBehind(write: QueuedWrite): boolean {
    if (write.isStored) return false;
    const { accepted, hasEntered } = this.#options;
    for (const other of accepted) {
      if (other === write) return false;
      const isOut = (other.isStored || this.#waiting.has(other)) && !hasEntered(other);
      if (isOut && this.#areOrdered(other, write)) return true;
    }
    return false;
  }

  #areOrdered(write: QueuedWrite, later: QueuedWrite): boolean {
    const { rowOf } = this.#options;
    const [row, laterRow] = [rowOf(write), rowOf(later)];
    return row === laterRow || row === undefined || laterRow === undefined;
  }
}
