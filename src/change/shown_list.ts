import type { Row } from "../table/row.ts";
import { replaceRows, type Rows, rowsOf } from "../table/rows.ts";
import { sameMembership, sameOrder, type View } from "./view.ts";

/**
 * The rows of a view with writes that the master has not confirmed. What the master alone would know is shown as it is
 * most likely: a row that equals another one in the order stands after it, and rows that cross the borders of a page come
 * with the master's answer. What an inserted row pushes off the page is kept, and shown again once there is room. The rows
 * at the beginning are copied when one is removed or inserted.
 */
export class ShownList {
  readonly #view: View;
  readonly #before: Rows;
  /** Those that were replaced, while none was removed or inserted. */
  readonly #replaced = new Map<string, Row>();
  /** All of them, once one was removed or inserted. */
  #changed: Map<string, Row> | undefined;
  /** The ids in order, once that is not the order of the map. */
  #order: string[] | undefined;
  /** Whether the last row of the set is known. */
  readonly #hasEnd: boolean;

  constructor(view: View, rows: Rows) {
    this.#view = view;
    this.#before = rows;
    this.#hasEnd = rows.size < this.#limit;
  }

  /** Whether there is a row with this id. */
  has(id: string): boolean {
    return (this.#changed ?? this.#before).has(id);
  }

  /** The row with this id. */
  get(id: string): Row | undefined {
    return this.#changed === undefined ? this.#replaced.get(id) ?? this.#before.get(id) : this.#changed.get(id);
  }

  /** The rows as they are now; the same object as at the beginning if nothing was changed. */
  rows(): Rows {
    const changed = this.#changed;
    if (changed !== undefined) {
      const isAsInMap = this.#order === undefined && !this.#isOver;
      return rowsOf(isAsInMap ? new Map(changed) : sorted(changed, this.#shownIds(changed)));
    }
    return this.#replaced.size === 0 ? this.#before : replaceRows(this.#before, new Map(this.#replaced));
  }

  /** Those of the ids that are among the rows as they are now. */
  shown(ids: ReadonlySet<string>): ReadonlySet<string> {
    const changed = this.#changed;
    if (changed === undefined || !this.#isOver) return ids;
    return new Set(this.#shownIds(changed).filter((id) => ids.has(id)));
  }

  /** Shows a row of the list as it is now, where it stands now; a row that has left the view is not shown any more. */
  update(id: string, before: Row, after: Row): void {
    const { compare, matches } = this.#view;
    const isMember = sameMembership(this.#view, before, after) || matches(before) !== true || matches(after) !== false;
    const isPlaced = compare === undefined || sameOrder(this.#view, before, after);
    if (isMember && isPlaced) return this.#set(id, after);
    this.delete(id);
    if (isMember) this.insert(id, after, false);
  }

  /** No longer shows a row. */
  delete(id: string): void {
    this.#change().delete(id);
    if (this.#order !== undefined) this.#order.splice(this.#order.indexOf(id), 1);
  }

  /** No longer shows the rows for which `isGone` holds. */
  deleteAll(isGone: (row: Row) => boolean): void {
    for (const id of (this.#changed ?? this.#before).keys()) {
      const row = this.get(id);
      if (row !== undefined && isGone(row)) this.delete(id);
    }
  }

  /** Shows a row of the set where the order puts it, or at the end. On another page it is not shown here. */
  insert(id: string, row: Row, isNew: boolean): void {
    const { compare, page } = this.#view;
    const rows = this.#change();
    const place = compare === undefined ? rows.size : this.#placeOf(row, compare);
    if (page !== undefined && !this.#isOnPage(page, place, isNew)) return;
    if (place < rows.size) this.#ids(rows).splice(place, 0, id);
    else this.#order?.push(id);
    rows.set(id, row);
  }

  /** A row before the first one of a page, or after the last one that is known, may be on another page. */
  #isOnPage(page: NonNullable<View["page"]>, place: number, isNew: boolean): boolean {
    if (place === 0 && page.skip > 0) return false;
    if (place === this.#change().size && !this.#hasEnd) return false;
    // In the master's own order, a row that exists keeps its place, which may be on a page before.
    return this.#view.compare !== undefined || isNew || page.skip === 0;
  }

  /** Whether more rows are known than the page has room for. */
  get #isOver(): boolean {
    return (this.#changed?.size ?? 0) > this.#limit;
  }

  get #limit(): number {
    return this.#view.page?.limit ?? Infinity;
  }

  #shownIds(rows: ReadonlyMap<string, Row>): readonly string[] {
    return this.#isOver ? this.#ids(rows).slice(0, this.#limit) : this.#ids(rows);
  }

  #set(id: string, row: Row): void {
    (this.#changed ?? this.#replaced).set(id, row);
  }

  #ids(rows: ReadonlyMap<string, Row>): string[] {
    return this.#order ??= [...rows.keys()];
  }

  /** How many rows come before a row in this order, or are equal to it. */
  #placeOf(row: Row, compare: (a: Row, b: Row) => number): number {
    const rows = this.#change();
    const ids = this.#ids(rows);
    let [low, high] = [0, ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(row, rows.get(ids[middle] ?? "") ?? row) < 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #change(): Map<string, Row> {
    return this.#changed ??= new Map([...this.#before, ...this.#replaced]);
  }
}

function sorted(rows: ReadonlyMap<string, Row>, ids: readonly string[]): Map<string, Row> {
  const inOrder = new Map<string, Row>();
  for (const id of ids) {
    const row = rows.get(id);
    if (row !== undefined) inOrder.set(id, row);
  }
  return inOrder;
}
