import type { Row } from "./row.ts";

/** Makes the row at a position. */
export type RowMaker = (index: number) => Row;

/**
 * What a `Rows` needs of a map of its rows, with rows that are made when they are first looked at. Unused rows cost
 * nothing, and ids are hashed only when one is looked for: that would take a third of the time of decoding a page.
 */
export class LazyRows {
  readonly #ids: readonly string[];
  readonly #maker: RowMaker;
  readonly #rows: (Row | undefined)[];
  #places: Map<string, number> | undefined;

  constructor(ids: readonly string[], maker: RowMaker) {
    this.#ids = ids;
    this.#maker = maker;
    this.#rows = new Array(ids.length).fill(undefined);
  }

  get size(): number {
    return this.#ids.length;
  }

  get(id: string): Row | undefined {
    const place = this.#placeOf(id);
    return place === undefined ? undefined : this.#row(place);
  }

  has(id: string): boolean {
    return this.#placeOf(id) !== undefined;
  }

  keys(): ArrayIterator<string> {
    return this.#ids.values();
  }

  *values(): MapIterator<Row> {
    for (let index = 0; index < this.#ids.length; index++) yield this.#row(index);
  }

  *entries(): MapIterator<[string, Row]> {
    for (let index = 0; index < this.#ids.length; index++) yield [this.#ids[index] ?? "", this.#row(index)];
  }

  #row(index: number): Row {
    return this.#rows[index] ??= this.#maker(index);
  }

  #placeOf(id: string): number | undefined {
    this.#places ??= new Map(this.#ids.map((each, place) => [each, place]));
    return this.#places.get(id);
  }
}
