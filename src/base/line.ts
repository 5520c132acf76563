import { type Place, Places } from "./places.ts";

interface ItemPlace<T> extends Place<ItemPlace<T>> {
  readonly item: T;
}

/**
 * Items in the order in which they were added. Reading the first and deleting any take constant time, however many were
 * deleted before: a `Set` would scan the entries deleted at its front each time the first is read.
 */
export class Line<T> {
  readonly #placeOf = new Map<T, ItemPlace<T>>();
  readonly #places = new Places<ItemPlace<T>>();

  /** How many items there are. */
  get size(): number {
    return this.#placeOf.size;
  }

  /** The item that was added first. */
  get first(): T | undefined {
    return this.#places.first?.item;
  }

  /** The item that was added last. */
  get last(): T | undefined {
    return this.#places.last?.item;
  }

  /** Whether an item is in the line. */
  has(item: T): boolean {
    return this.#placeOf.has(item);
  }

  /** Adds an item at the end, unless it is in the line already. */
  add(item: T): void {
    if (this.#placeOf.has(item)) return;
    const place: ItemPlace<T> = { item, before: undefined, after: undefined };
    this.#places.add(place);
    this.#placeOf.set(item, place);
  }

  /** Removes an item, and returns whether it was there. */
  delete(item: T): boolean {
    const place = this.#placeOf.get(item);
    if (place === undefined) return false;
    this.#placeOf.delete(item);
    this.#places.delete(place);
    return true;
  }

  /** The items, in order. */
  *[Symbol.iterator](): Generator<T> {
    for (const { item } of this.#places) yield item;
  }
}
