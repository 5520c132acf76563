import { Line } from "../base/line.ts";

/** How many ids are remembered that no pending write needs. */
const MAX_IDS = 10_000;

/**
 * The ids that a master has given to rows that were inserted under ids that were made for them. Those of rows to which writes
 * are pending are never forgotten. Every call takes constant time.
 */
export class RowIds {
  readonly #real = new Map<string, string>();
  readonly #made = new Map<string, string>();
  /** How many writes are pending to a row, by the id that they name. */
  readonly #pending = new Map<string, number>();
  /** The ids that were made and that no pending write needs, the oldest first. */
  readonly #spare = new Line<string>();

  /** Remembers that the row with an id that was made has another one at the master. */
  learn(madeId: string, realId: string): void {
    if (madeId === realId) return;
    this.#real.set(madeId, realId);
    this.#made.set(realId, madeId);
    this.#release(madeId);
  }

  /** The id of a row at the master. */
  real(id: string): string {
    return this.#real.get(id) ?? id;
  }

  /** One id for all writes to a row: that under which it was made. */
  made(id: string): string {
    return this.#made.get(id) ?? id;
  }

  /** A write to a row is pending. */
  begin(id: string): void {
    this.#pending.set(id, (this.#pending.get(id) ?? 0) + 1);
    this.#spare.delete(this.made(id));
  }

  /** A write to a row is not pending any more. */
  end(id: string): void {
    const count = (this.#pending.get(id) ?? 0) - 1;
    if (count > 0) return void this.#pending.set(id, count);
    this.#pending.delete(id);
    this.#release(this.made(id));
  }

  #release(madeId: string): void {
    const realId = this.#real.get(madeId);
    if (realId === undefined || this.#pending.has(madeId) || this.#pending.has(realId)) return;
    this.#spare.add(madeId);
    const oldest = this.#spare.first;
    if (oldest === undefined || this.#spare.size <= MAX_IDS) return;
    this.#spare.delete(oldest);
    this.#made.delete(this.real(oldest));
    this.#real.delete(oldest);
  }
}
