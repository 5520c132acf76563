interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/**
 * Items in the order in which they were added. Reading the first and deleting any take constant time, however many were
 * deleted before: a `Set` would scan the entries deleted at its front each time the first is read.
 */
export class Line<T> {
  readonly #places = new Map<T, Place<T>>();
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  /** How many items there are. */
  get size(): number {
    return this.#places.size;
  }

  /** The item that was added first. */
  get first(): T | undefined {
    return this.#first?.item;
  }

  /** The item that was added last. */
  get last(): T | undefined {
    return this.#last?.item;
  }

  /** Whether an item is in the line. */
  has(item: T): boolean {
    return this.#places.has(item);
  }

  /** Adds an item at the end, unless it is in the line already. */
  add(item: T): void {
    if (this.#places.has(item)) return;
    const place: Place<T> = { item, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    this.#places.set(item, place);
  }

  /** Removes an item, and returns whether it was there. */
  delete(item: T): boolean {
    const place = this.#places.get(item);
    if (place === undefined) return false;
    this.#places.delete(item);
    if (place.before === undefined) this.#first = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#last = place.before;
    else place.after.before = place.before;
    return true;
  }

  /** The items, in order. */
  *[Symbol.iterator](): Generator<T> {
    for (let place = this.#first; place !== undefined; place = place.after) yield place.item;
  }
}
