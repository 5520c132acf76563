import { sameRow } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";

/** How many keys are remembered. */
const MAX_KEYS = 64;
/** How many rows are remembered, over all keys. */
const MAX_ROWS = 5_000;

/** The rows that were last received under each key, within bounds. */
export class ReceivedRows {
  /** The key received longest ago first. */
  readonly #rows = new Map<string, Rows>();
  #size = 0;

  /** Remembers the rows received under a key, and returns how many of them were the same there before. */
  receive(key: string, rows: Rows): number {
    const before = this.#rows.get(key);
    this.#forget(key);
    this.#rows.set(key, rows);
    this.#size += rows.size;
    for (const oldest of this.#rows.keys()) {
      if (this.#rows.size <= MAX_KEYS && this.#size <= MAX_ROWS) break;
      this.#forget(oldest);
    }
    return before === undefined ? 0 : countSame(before, rows);
  }

  /** The keys under which a row was received. */
  keysOf(id: string): string[] {
    const keys: string[] = [];
    for (const [key, rows] of this.#rows) if (rows.has(id)) keys.push(key);
    return keys;
  }

  #forget(key: string): void {
    this.#size -= this.#rows.get(key)?.size ?? 0;
    this.#rows.delete(key);
  }
}

function countSame(before: Rows, rows: Rows): number {
  let count = 0;
  for (const id of rows.keys()) {
    const known = before.get(id);
    const row = rows.get(id);
    if (known !== undefined && row !== undefined && sameRow(known, row)) count++;
  }
  return count;
}
