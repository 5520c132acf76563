import type { Row } from "../table/row.ts";
import { keptRows, reuseRows, type Rows } from "../table/rows.ts";

/**
 * The rows that the entries of a scope have, by id: of one that they have in several states, the one that was added last.
 * It has no row that no entry has, if each entry is added and removed once.
 */
export class SharedRows {
  readonly #rows = new Map<string, Row>();
  /** How many entries more than one have a row. Most rows are in one: this map costs as much as the other. */
  readonly #more = new Map<string, number>();

  /** The same rows, where each that equals the one of an entry is that one. */
  share(rows: Rows): Rows {
    return this.#rows.size === 0 ? rows : reuseRows(rows, this.#rows);
  }

  /** Adds the rows of an entry. */
  add(rows: Rows): void {
    for (const [id, row] of keptRows(rows)) {
      if (this.#rows.get(id) === row) this.#more.set(id, this.#moreOf(id) + 1);
      else this.#begin(id, row);
    }
  }

  /** Removes the rows of an entry. */
  remove(rows: Rows): void {
    if (this.#rows.size === 0) return;
    for (const [id, row] of keptRows(rows)) {
      if (this.#rows.get(id) === row) this.#removeOne(id);
    }
  }

  #begin(id: string, row: Row): void {
    this.#rows.set(id, row);
    this.#more.delete(id);
  }

  #removeOne(id: string): void {
    const more = this.#moreOf(id);
    if (more > 1) this.#more.set(id, more - 1);
    else if (!this.#more.delete(id)) this.#rows.delete(id);
  }

  #moreOf(id: string): number {
    return this.#more.get(id) ?? 0;
  }
}
