import type { Row } from "../table/row.ts";
import { replaceRows, type Rows, rowsOf } from "../table/rows.ts";
import { sameMembership, sameOrder, type View } from "./view.ts";

/**
 * The rows of a view, changed one by one. Each method that changes them returns whether that could be done: if not, their
 * order or selection is unknown. The rows at the beginning are copied when one is removed or inserted.
 */
export class RowList {
  readonly #view: View;
  readonly #before: Rows;
  /** Those that were replaced, while none was removed or inserted. */
  readonly #replaced = new Map<string, Row>();
  /** All of them, once one was removed or inserted. */
  #changed: Map<string, Row> | undefined;

  constructor(view: View, rows: Rows) {
    this.#view = view;
    this.#before = rows;
  }

  /** Whether there is a row with this id. */
  has(id: string): boolean {
    return (this.#changed ?? this.#before).has(id);
  }

  /** The row with this id. */
  get(id: string): Row | undefined {
    return this.#changed === undefined ? this.#replaced.get(id) ?? this.#before.get(id) : this.#changed.get(id);
  }

  /** The rows; the same object as at the beginning if nothing was changed. */
  rows(): Rows {
    if (this.#changed !== undefined) return rowsOf(this.#changed);
    return this.#replaced.size === 0 ? this.#before : replaceRows(this.#before, this.#replaced);
  }

  /**
   * Puts a newer state of a row in its place. `isMember` says whether it is in the set now, if that is known; `mayMove`
   * whether the order of all other rows is known.
   */
  replace(id: string, row: Row, isMember: boolean | undefined, mayMove: boolean): boolean {
    const before = this.get(id);
    if (before === undefined) return false;
    if (!sameMembership(this.#view, before, row)) {
      if (isMember === undefined) return false;
      if (!isMember) return this.remove(id);
    }
    if (sameOrder(this.#view, before, row)) {
      this.#set(id, row);
      return true;
    }
    // A row that leaves a page makes room for one of another page.
    if (!mayMove || this.#view.page !== undefined) return false;
    this.#change().delete(id);
    return this.insert(id, row);
  }

  /** Removes a row. A page would get the first row of the next one. */
  remove(id: string): boolean {
    this.#change().delete(id);
    return this.#view.page === undefined && this.#view.id === undefined;
  }

  /** Inserts a row of a set, or of its first page, where the order puts it, unless another row has the same place. */
  insert(id: string, row: Row): boolean {
    const { compare, page } = this.#view;
    if (compare === undefined) return false;
    const rows = [...this.#change()];
    const place = placeOf(rows, row, compare);
    const limit = page?.limit ?? Infinity;
    if (place === undefined) return false;
    // After the last row of a full page, it is on a later one.
    if (place >= limit) return true;
    this.#changed = new Map(rows.toSpliced(place, 0, [id, row]).slice(0, limit));
    return true;
  }

  #set(id: string, row: Row): void {
    (this.#changed ?? this.#replaced).set(id, row);
  }

  #change(): Map<string, Row> {
    return this.#changed ??= new Map([...this.#before, ...this.#replaced]);
  }
}

/** How many rows come before a row; `undefined` if one is equal to it in this order. */
function placeOf(
  rows: readonly (readonly [id: string, row: Row])[],
  row: Row,
  compare: (a: Row, b: Row) => number,
): number | undefined {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = compare(row, rows[middle]?.[1] ?? row);
    if (order === 0) return undefined;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
