import { type Row, sameRow } from "./row.ts";

/** Makes the row at a place. */
export type RowMaker = (place: number) => Row;

/** Anything that finds a row by its id. */
export type RowsById = Pick<ReadonlyMap<string, Row>, "get">;

/** Among this many rows, one is looked for without an index. */
const FEW = 8;
/** Among more, ids are indexed once the search for some has passed as many rows as this many passes through all. */
const PASSES = 4;

/**
 * What a `Rows` keeps: the rows in their order, which may be made when they are first looked at. It is small, since a row is
 * in as many of them as there are views that show it: the ids are not kept where a column has them, and they are indexed
 * only when many are looked for, since an index takes as long to build as ten searches.
 */
export class ListedRows {
  readonly #rows: (Row | undefined)[];
  /** The ids, or the column that has them. */
  #ids: readonly string[] | string;
  readonly #maker: RowMaker | undefined;
  #places: ReadonlyMap<string, number> | undefined;
  /** How many rows the search without an index has passed. */
  #passed: number;

  private constructor(
    rows: (Row | undefined)[],
    ids: readonly string[] | string,
    maker?: RowMaker,
    places?: ReadonlyMap<string, number>,
    passed = 0,
  ) {
    this.#rows = rows;
    this.#ids = ids;
    this.#maker = maker;
    this.#places = places;
    this.#passed = passed;
  }

  /** Rows with their ids, of which no two are the same. The arrays are kept. */
  static of(ids: readonly string[], rows: Row[]): ListedRows {
    return new ListedRows(rows, idColumn(ids, rows) ?? ids);
  }

  /** Rows that are made one by one when they are looked at. */
  static lazy(ids: readonly string[], maker: RowMaker): ListedRows {
    return new ListedRows(new Array(ids.length).fill(undefined), ids, maker);
  }

  /** Whether the rows are made when they are looked at. */
  get isLazy(): boolean {
    return this.#maker !== undefined;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** The row at a place below `size`. */
  rowAt(place: number): Row {
    const row = this.#rows[place];
    return row === undefined ? this.#make(place) : row;
  }

  /** The id at a place below `size`. */
  idAt(place: number): string {
    const ids = this.#ids;
    // The column has all ids.
    return typeof ids === "string" ? this.#rows[place]?.[ids] as string : ids[place] ?? "";
  }

  /** The place of an id; of several that are equal, the last one. */
  placeOf(id: string): number | undefined {
    const places = this.#places;
    return places === undefined ? this.#find(id) : places.get(id);
  }

  /** All ids. They are kept from then on. */
  ids(): readonly string[] {
    return typeof this.#ids === "string" ? this.#ids = this.#rows.map((_, place) => this.idAt(place)) : this.#ids;
  }

  values(): MapIterator<Row> {
    return this.#maker === undefined ? (this.#rows as Row[]).values() : this.#made();
  }

  /** Whether this row is at a place, under this id. */
  hasAt(place: number, id: string, row: Row): boolean {
    return this.#rows[place] === row && this.idAt(place) === id;
  }

  forEach(callback: (id: string, row: Row, place: number) => void): void {
    for (let place = 0; place < this.size; place++) callback(this.idAt(place), this.rowAt(place), place);
  }

  /** The same with other rows at some places. */
  replaced(rows: ReadonlyMap<number, Row>): ListedRows {
    const copy = this.#rows.slice();
    let ids = this.#ids;
    for (const [place, row] of rows) {
      if (typeof ids === "string" && row[ids] !== this.idAt(place)) ids = this.ids();
      copy[place] = row;
    }
    return new ListedRows(copy, ids, this.#maker, this.#places, this.#passed);
  }

  /** The same, where each row that equals the one that is held under its id is the one held. */
  reusing(held: RowsById): ListedRows {
    const rows = this.#rows.map((_, place) => {
      const row = this.rowAt(place);
      const known = held.get(this.idAt(place));
      return known !== undefined && sameRow(known, row) ? known : row;
    });
    return new ListedRows(rows, this.#ids, undefined, this.#places);
  }

  *#made(): MapIterator<Row> {
    for (let place = 0; place < this.size; place++) yield this.rowAt(place);
  }

  /** Only rows that are made later are absent. */
  #make(place: number): Row {
    return this.#rows[place] = this.#maker?.(place) ?? {};
  }

  #find(id: string): number | undefined {
    const size = this.#rows.length;
    if (size > FEW && this.#passed > PASSES * size) return this.#index().get(id);
    const ids = this.#ids;
    const place = typeof ids === "string" ? this.#rows.findLastIndex((row) => row?.[ids] === id) : ids.lastIndexOf(id);
    this.#passed += size - place;
    return place < 0 ? undefined : place;
  }

  #index(): ReadonlyMap<string, number> {
    const places = new Map<string, number>();
    for (let place = 0; place < this.size; place++) places.set(this.idAt(place), place);
    return this.#places = places;
  }
}

/** The column that has the id of each row. */
function idColumn(ids: readonly string[], rows: readonly Row[]): string | undefined {
  return Object.keys(rows[0] ?? {}).find((name) => rows.every((row, place) => row[name] === ids[place]));
}
