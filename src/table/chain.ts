/** A list that grows at its end. Adding to it costs the same however long it is, and leaves the shorter one as it was. */
export interface Chain<T> {
  /** What comes before the last item. */
  readonly before: Chain<T> | undefined;
  /** The last item. */
  readonly last: T;
  /** How many items there are. */
  readonly length: number;
}

/** The chain with more items at its end. */
export function chained<T>(chain: Chain<T> | undefined, items: Iterable<T>): Chain<T> | undefined {
  let end = chain;
  for (const last of items) end = { before: end, last, length: (end?.length ?? 0) + 1 };
  return end;
}

/** The items of a chain that come after `start`, which is one of its ends; in order. */
export function itemsAfter<T>(start: Chain<T> | undefined, chain: Chain<T> | undefined): T[] {
  const skipped = start?.length ?? 0;
  const items = new Array<T>((chain?.length ?? 0) - skipped);
  for (let link = chain; link !== undefined && link !== start; link = link.before) {
    items[link.length - skipped - 1] = link.last;
  }
  return items;
}
