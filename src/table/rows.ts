import { brand } from "../base/brand.ts";
import { describe } from "../base/describe.ts";
import { holdsMutable, type Row, sameRow, toRow } from "./row.ts";
import type { RowOf } from "./row_of.ts";
import { rememberSelf, selfOf } from "../base/self.ts";
import { ListedRows, type RowMaker, type RowsById } from "./listed_rows.ts";

/** A row under its id. */
export type RowEntry<R extends object = Row> = readonly [id: string, row: RowOf<R>];

/** One getter for all, so that the engine gives all Rows one shape. */
const CONTENT: PropertyDescriptor & ThisType<Rows> = {
  enumerable: true,
  get() {
    return [...this];
  },
};

let make: (kept: ListedRows, mutable: boolean) => Rows;
let isMadeLater: (rows: Rows) => boolean;
let replacedCopy: (rows: Rows, changed: ReadonlyMap<string, Row>) => Rows;
let sharedCopy: (rows: Rows) => Rows;
let promiseIn: (rows: Rows) => Promise<Rows>;
let ownCopy: (rows: Rows) => Rows;
let safelyKept: (rows: Rows) => ListedRows | undefined;
let reuse: (rows: Rows, held: RowsById) => Rows;
let rowAsKept: (rows: Rows, id: string) => Row | undefined;

/**
 * Rows in the master's order, by id. It never changes: there are no mutators, and its rows are frozen.
 *
 * @example Rows are read like a map
 * ```ts
 * import { Rows } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const rows = Rows.from([["b", { name: "Bun" }], ["a", { name: "Apple pie" }]]);
 *
 * assert.deepEqual(rows.ids(), ["b", "a"]);
 * assert.deepEqual(rows.get("a"), { name: "Apple pie" });
 * assert.deepEqual(rows.first(), ["b", { name: "Bun" }]);
 * ```
 */
export class Rows<R extends object = Row> implements ReadonlyMap<string, RowOf<R>> {
  readonly #kept: ListedRows;
  readonly #mutable: boolean;
  /** Whether the rows are others' too, so that what cannot be frozen is copied when it is looked at. */
  readonly #shared: boolean;
  #promise: Promise<Rows<R>> | undefined;
  /** The reader's own copies: the same ones each time, so that a row keeps its identity. */
  #copied: (Row | undefined)[] | undefined;

  /**
   * The rows with their ids, in order: what deep equality compares and `structuredClone` copies, both of which see
   * nothing but properties. `Rows.from(structuredClone(rows).content)` are the same rows again.
   */
  declare readonly content: RowEntry<R>[];

  private constructor(kept: ListedRows, mutable: boolean, shared = false) {
    this.#kept = kept;
    this.#mutable = mutable;
    this.#shared = shared;
    rememberSelf(this);
    Object.defineProperty(this, "content", CONTENT);
    // Vue and others wrap no object that cannot be extended.
    Object.preventExtensions(this);
  }

  static {
    brand(this, "Rows");
    // What Node, Deno and Bun print; otherwise they would show an object without content.
    Object.defineProperty(Rows.prototype, Symbol.for("nodejs.util.inspect.custom"), { value: inspectRows });
    make = (kept, mutable) => new Rows(kept, mutable);
    isMadeLater = (rows) => #kept in rows && rows.#kept.isLazy;
    replacedCopy = (given, changed) => {
      const rows = Rows.from(given);
      const places = new Map<number, Row>();
      for (const [id, row] of changed) {
        const place = rows.#kept.placeOf(id);
        if (place !== undefined) places.set(place, row);
      }
      const mutable = rows.#mutable || anyMutable(changed);
      return new Rows(rows.#kept.replaced(places), mutable, rows.#shared);
    };
    ownCopy = (given) => {
      const rows = Rows.from(given);
      return rows.#mutable && rows === selfOf(given) ? Rows.from([...rows]) : rows;
    };
    sharedCopy = (given) => {
      const rows = #kept in given ? given : Rows.from(given);
      return rows.#mutable ? new Rows(rows.#kept, true, true) : rows;
    };
    promiseIn = (rows) => rows.#promise ??= Promise.resolve(rows);
    safelyKept = (rows) => {
      if (!(#kept in rows) || rows.#kept.isLazy) return undefined;
      return rows.#mutable && !rows.#shared ? undefined : rows.#kept;
    };
    rowAsKept = (rows, id) => {
      const place = rows.#kept.placeOf(id);
      return place === undefined ? undefined : rows.#kept.rowAt(place);
    };
    reuse = (given, held) => {
      if (!(#kept in given) || given.#kept.isLazy) return given;
      return new Rows(given.#kept.reusing(held), given.#mutable, given.#shared);
    };
  }

  /**
   * Copies rows out of any iterable of `[id, row]`, in its order. `Rows` are returned as they are, unless another copy
   * of this module made them.
   *
   * @throws {TypeError} if an id is not a string, two rows have one id, or a row holds what no row can hold.
   */
  static from<R extends object = Row>(entries: Iterable<RowEntry<R>>): Rows<R> {
    if (entries instanceof Rows) {
      const rows = selfOf(entries);
      if (#kept in rows) return rows;
    }
    const ids = new Set<string>();
    const rows: Row[] = [];
    let mutable = false;
    for (const entry of entries) {
      if (!Array.isArray(entry)) throw new TypeError(`Rows are made of [id, row], got ${describe(entry)}`);
      const [id, input] = entry;
      if (typeof id !== "string") throw new TypeError(`A row's id must be a string, got ${describe(id)}`);
      if (ids.has(id)) throw new TypeError(`Two rows have the id ${describe(id)}`);
      const row = toRow(input);
      mutable ||= holdsMutable(row);
      ids.add(id);
      rows.push(row);
    }
    return new Rows(ListedRows.of([...ids], rows), mutable);
  }

  /** How many rows there are. */
  get size(): number {
    return selfOf(this).#kept.size;
  }

  /** The ids, in order. */
  ids(): string[] {
    return [...selfOf(this).#kept.ids()];
  }

  /** The rows with their ids, in order, as an array. For the rows alone: `[...rows.values()]`. */
  toArray(): RowEntry<R>[] {
    const rows = selfOf(this);
    const entries: RowEntry<R>[] = [];
    for (let place = 0; place < rows.#kept.size; place++) entries.push([rows.#kept.idAt(place), rows.#rowAt(place)]);
    return entries;
  }

  /** The first row with its id, or `undefined` if there are none. */
  first(): RowEntry<R> | undefined {
    for (const entry of this) return entry;
    return undefined;
  }

  /** The row with this id, or `undefined`. */
  get(id: string): RowOf<R> | undefined {
    const rows = #kept in this ? this : selfOf(this); // The check is free; selfOf takes 2 ns, a quarter of the whole.
    const place = rows.#kept.placeOf(id);
    return place === undefined ? undefined : rows.#rowAt(place);
  }

  /** Whether there is a row with this id. */
  has(id: string): boolean {
    return selfOf(this).#kept.placeOf(id) !== undefined;
  }

  /** The ids, in order. */
  keys(): MapIterator<string> {
    return selfOf(this).#kept.ids().values();
  }

  /** The rows, in order. */
  values(): MapIterator<RowOf<R>> {
    const rows = selfOf(this);
    const given = rows.#shared ? rows.#copies() : rows.#kept.values();
    return given as MapIterator<RowOf<R>>; // As the maker of these rows says.
  }

  /** The rows with their ids, in order. */
  *entries(): MapIterator<[string, RowOf<R>]> {
    const rows = selfOf(this);
    for (let place = 0; place < rows.#kept.size; place++) yield [rows.#kept.idAt(place), rows.#rowAt(place)];
  }

  /** The rows with their ids, in order. */
  [Symbol.iterator](): MapIterator<[string, RowOf<R>]> {
    return this.entries();
  }

  /** Calls `callback` for each row, in order. */
  forEach(callback: (row: RowOf<R>, id: string, rows: ReadonlyMap<string, RowOf<R>>) => void): void {
    const rows = selfOf(this);
    for (let place = 0; place < rows.#kept.size; place++) callback(rows.#rowAt(place), rows.#kept.idAt(place), this);
  }

  /** Whether `other` has the same ids in the same order, with the same rows. */
  equals(other: Rows): boolean {
    if (this.size !== other.size) return false;
    const others = other.entries();
    for (const [id, row] of this) {
      const [otherId, otherRow] = others.next().value ?? ["", {}];
      if (id !== otherId || !sameRow(row, otherRow)) return false;
    }
    return true;
  }

  /** The rows with their ids, for `JSON.stringify`, which cannot write bigints. */
  toJSON(): RowEntry<R>[] {
    return this.toArray();
  }

  #rowAt(place: number): RowOf<R> {
    const row = this.#shared ? this.#copyAt(place) : this.#kept.rowAt(place);
    return row as RowOf<R>; // As the maker of these rows says.
  }

  *#copies(): MapIterator<Row> {
    for (let place = 0; place < this.#kept.size; place++) yield this.#copyAt(place);
  }

  #copyAt(place: number): Row {
    this.#copied ??= new Array(this.#kept.size).fill(undefined);
    return this.#copied[place] ??= copyOf(this.#kept.rowAt(place));
  }
}

/**
 * Rows of a map whose rows are already frozen copies. `mutable` says whether any may hold a date or bytes, if that is known.
 */
export function rowsOf(rows: ReadonlyMap<string, Row>, mutable: boolean = anyMutable(rows)): Rows {
  return make(ListedRows.of([...rows.keys()], [...rows.values()]), mutable);
}

/** The same rows, some of them replaced by others that are frozen copies. */
export function replaceRows(rows: Rows, changed: ReadonlyMap<string, Row>): Rows {
  return replacedCopy(rows, changed);
}

/** Rows that are made one by one when they are looked at. `mutable` says whether any may hold a date or bytes. */
export function lazyRows(ids: readonly string[], mutable: boolean, maker: RowMaker): Rows {
  return make(ListedRows.lazy(ids, maker), mutable);
}

/** Whether rows are made one by one when they are looked at, as those that a store decodes. */
export function isLazy(rows: Rows): boolean {
  return isMadeLater(rows);
}

/** The same rows, with dates and bytes copied, so that no other holder can change them. */
export function ownRows(rows: Rows): Rows {
  return ownCopy(rows);
}

/**
 * The same rows for one more reader. Frozen rows are shared; where a row holds a `Date` or bytes, which cannot be
 * frozen, the reader gets copies, made as they are looked at. What the reader does to them stays with the reader.
 */
export function shareRows(rows: Rows): Rows {
  return sharedCopy(rows);
}

/** Resolves to these rows. It is the same promise each time: another one would cost more than the rest of a hit. */
export function promiseOf(rows: Rows): Promise<Rows> {
  return promiseIn(rows);
}

/**
 * The rows as they are kept, not copied, if nothing that a reader gets can change them; none of those that are made when they
 * are looked at.
 */
export function keptRows(rows: Rows): ListedRows | undefined {
  return safelyKept(rows);
}

/** The same rows, where each that equals the one that is held under its id is the one held. */
export function reuseRows(rows: Rows, held: RowsById): Rows {
  return reuse(rows, held);
}

/** One of the rows as it is kept, not copied: for a reader that hands it to no other, and does not change it. */
export function keptRow(rows: Rows, id: string): Row | undefined {
  return rowAsKept(Rows.from(rows), id);
}

function inspectRows(
  this: Rows,
  _depth: number,
  options: unknown,
  inspect: (value: unknown, options: unknown) => string,
): string {
  return `Rows ${inspect(new Map(this), options)}`;
}

function anyMutable(rows: ReadonlyMap<string, Row>): boolean {
  for (const row of rows.values()) if (holdsMutable(row)) return true;
  return false;
}

function copyOf(row: Row): Row {
  return holdsMutable(row) ? toRow(row) : row;
}
