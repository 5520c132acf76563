/** How many ids are remembered. */
const MAX_IDS = 10_000;

/** The ids that a master has given to rows that were inserted under ids that were made for them. */
export class RowIds {
  /** The oldest first. */
  readonly #real = new Map<string, string>();
  readonly #made = new Map<string, string>();

  /** Remembers that the row with an id that was made has another one at the master. */
  learn(madeId: string, realId: string): void {
    if (madeId === realId) return;
    this.#real.set(madeId, realId);
    this.#made.set(realId, madeId);
    for (const [oldest, real] of this.#real) {
      if (this.#real.size <= MAX_IDS) break;
      this.#real.delete(oldest);
      this.#made.delete(real);
    }
  }

  /** The id of a row at the master. */
  real(id: string): string {
    return this.#real.get(id) ?? id;
  }

  /** One id for all writes to a row: that under which it was made. */
  made(id: string): string {
    return this.#made.get(id) ?? id;
  }
}
