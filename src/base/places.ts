/** A place in {@linkcode Places}. It is in one of them at a time. */
export interface Place<P> {
  before: P | undefined;
  after: P | undefined;
}

/** Places in the order in which they were added. Whoever keeps a place can delete it in constant time. */
export class Places<P extends Place<P>> {
  #first: P | undefined;
  #last: P | undefined;

  /** The place that was added first. */
  get first(): P | undefined {
    return this.#first;
  }

  /** The place that was added last. */
  get last(): P | undefined {
    return this.#last;
  }

  /** Adds a place at the end. */
  add(place: P): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
  }

  /** Deletes a place, which must be one of these. */
  delete(place: P): void {
    if (place.before === undefined) this.#first = place.after;
    else place.before.after = place.after;
    if (place.after === undefined) this.#last = place.before;
    else place.after.before = place.before;
  }

  /** The places, in order. */
  *[Symbol.iterator](): Generator<P> {
    for (let place = this.#first; place !== undefined; place = place.after) yield place;
  }
}
