import type { Row } from "../table/row.ts";
import { keptRows, reuseRows, type Rows } from "../table/rows.ts";
import { CountedRows } from "./counted_rows.ts";

/** An entry: the same object when it is added and when it is removed. */
interface HasRows {
  readonly rows: Rows;
}

/**
 * The rows that the entries of a scope have, by id: of one that they have in several states, the one that was added last.
 * A row is forgotten when the last entry that has it is removed.
 */
export class SharedRows {
  #rows: CountedRows | undefined;
  /** Entries whose rows are not counted yet: many are removed before another one is read. */
  readonly #unread = new Set<HasRows>();

  /** The same rows, where each that equals the one of an entry is that one. */
  share(rows: Rows): Rows {
    for (const entry of this.#unread) keptRows(entry.rows)?.forEach((id, row) => this.#add(id, row));
    this.#unread.clear();
    return this.#rows === undefined ? rows : reuseRows(rows, this.#rows);
  }

  /** Removes an entry, adds another, or puts one in the place of the other. */
  replace(before: HasRows | undefined, after: HasRows | undefined): void {
    if (before === undefined || this.#unread.delete(before)) {
      if (after !== undefined) this.#unread.add(after);
      return;
    }
    const old = keptRows(before.rows);
    const now = after && keptRows(after.rows);
    // What is read again usually has the same rows in the same places.
    now?.forEach((id, row, place) => old?.hasAt(place, id, row) || this.#add(id, row));
    old?.forEach((id, row, place) => now?.hasAt(place, id, row) || this.#rows?.remove(id, row));
  }

  #add(id: string, row: Row): void {
    this.#rows ??= new CountedRows();
    this.#rows.add(id, row);
  }
}
