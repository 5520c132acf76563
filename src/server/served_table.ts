import { UnsupportedError } from "../table/errors.ts";
import { rowMatches } from "../table/evaluate_query.ts";
import { Pagination } from "../table/pagination.ts";
import { bothNarrowings, isNarrowed, narrowing, type Query } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import { field, type Row, type Value } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { CallOptions, TableLike } from "../table/table_like.ts";
import { queryFromParams } from "../wire/query_params.ts";
import { describeTable, type TableDescription } from "../wire/table_description.ts";
import type { Refusal } from "./answers.ts";
import type { HandlerSettings } from "./handler_options.ts";
import { checked, refuse } from "./refusals.ts";

/** A set that a client asks for. */
export interface ServedSet {
  readonly handle: TableLike;
  /** Whether it is but a page of it. */
  readonly isPage: boolean;
  /** Whether it is all that is served. */
  readonly isAll: boolean;
}

/**
 * The table as clients may see it: within its own set, its bounds, and its rights. A narrowed table is served as if
 * nothing else existed, so what would reach or tell of rows outside of it is refused.
 */
export class ServedTable {
  readonly #table: TableLike;
  readonly #settings: HandlerSettings;
  readonly #query: Query;
  readonly #narrowed: boolean;
  readonly #pages: boolean;
  /** By their parameters, so that what is asked for often is parsed, checked and given its key once. */
  readonly #sets = new Map<string, ServedSet>();
  /** How many rows are served, as last seen: more than in any set within them, unless they grew. */
  #size: number | undefined;

  /**
   * A table to be served.
   *
   * @throws {TypeError} if the handle stands for a page, which is no set.
   */
  constructor(table: TableLike, settings: HandlerSettings) {
    this.#table = table;
    this.#settings = settings;
    this.#query = table.query;
    this.#narrowed = isNarrowed(table.query);
    this.#pages = table.capabilities.page;
    if (table.query.pagination !== undefined) {
      throw new TypeError(`Cannot serve a page of ${describe(table.tableName)}: a page is not a set`);
    }
  }

  /** What the table says of itself. */
  describe(): TableDescription {
    const description = describeTable(this.#table, this.#settings.writes);
    if (!this.#narrowed) return description;
    return { ...description, capabilities: { ...description.capabilities, insert: false, replace: false } };
  }

  /**
   * The set that some parameters narrow the table to.
   *
   * @throws {Refusal} if they do not make a query of this table, or one beyond its bounds.
   */
  set(params: URLSearchParams): ServedSet {
    const text = params.toString();
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    const query = checked(() => queryFromParams(params));
    const handle = checked(() => {
      this.#checkBounds(query);
      return this.#table.withQuery(this.#within(query));
    });
    const set = { handle, isPage: query.pagination !== undefined, isAll: !isNarrowed(query) };
    if (this.#sets.size >= MAX_REMEMBERED_SETS) this.#sets.clear();
    this.#sets.set(text, set);
    return set;
  }

  /**
   * The rows of a set, if they are not too many for one answer. A set that could be larger is not read beyond the bound;
   * one that fits is read as `listValues()` reads it, so that both are one entry of a cache.
   *
   * @throws {Refusal} if there are more.
   */
  async list({ handle, isPage, isAll }: ServedSet, options: CallOptions): Promise<Rows> {
    if (isPage) return await handle.listValues(options);
    const { maxRows } = this.#settings;
    const fits = !this.#pages || await this.#sizeNow(options) <= maxRows;
    const rows = await (fits ? handle : atPage(handle, 1, maxRows)).listValues(options);
    // Not in one page of one row more: what is behind may be a handler with the same bound.
    const beyond = !fits && rows.size === maxRows
      ? await atPage(handle, maxRows + 1, 1).listValues(options)
      : undefined;
    const size = rows.size + (beyond?.size ?? 0);
    if (size > maxRows || isAll) this.#size = size;
    if (size > maxRows) throw refuse(`These are more than ${maxRows} rows; ask for a page`, 422);
    return rows;
  }

  /** How many rows are served. Counted once, then known from each answer with all of them. */
  async #sizeNow({ signal }: CallOptions): Promise<number> {
    return this.#size ??= this.#table.capabilities.count ? await this.#table.getCount({ signal }) : Infinity;
  }

  /**
   * The whole table, to add a row to.
   *
   * @throws {Refusal} if the row contradicts its id, or could meet or become one outside of the set.
   */
  inserting(id: string | undefined, row: Row): TableLike {
    const { idField, columns } = this.#table;
    this.#checkId(id, row);
    const namesItself = id !== undefined || (idField !== undefined && Object.hasOwn(row, idField));
    if (this.#narrowed && namesItself) throw outside("a row under an id of the client's choice");
    if (!rowMatches(row, narrowing(this.#query), columns)) throw outside("a row outside of it");
    return this.#table;
  }

  /**
   * Looks at a change of a row.
   *
   * @throws {Refusal} if it contradicts the row's id, or would take the row out of the set.
   */
  checkPatch(id: string, partial: Row): void {
    this.#checkId(id, partial);
    const where = this.#query.where?.filter(([column]) => Object.hasOwn(partial, column));
    const search = this.#isSearched(partial) ? this.#query.search : undefined;
    if (!rowMatches(partial, { where, search }, this.#table.columns)) throw outside("a row outside of it");
  }

  /** Whether a change touches what a search looks at: the columns that say so, or else all. */
  #isSearched(partial: Row): boolean {
    const searched = this.#table.columns.filter(({ flags }) => flags?.includes("searchable")).map(({ name }) => name);
    return searched.length === 0 || searched.some((column) => Object.hasOwn(partial, column));
  }

  /** A column of a row that the table does not know of, if it knows its columns. */
  unknownColumn(row: Row): string | undefined {
    const known = this.#table.columns.map((column) => column.name);
    return known.length === 0 ? undefined : Object.keys(row).find((column) => !known.includes(column));
  }

  #within(asked: Query): Query {
    if (this.#query.search !== undefined && asked.search) {
      throw new UnsupportedError("What is served is the result of a search, which cannot be searched once more");
    }
    return { ...bothNarrowings(this.#query, asked), orderBy: asked.orderBy ?? this.#query.orderBy };
  }

  /** What a query costs grows with each of these, for every row that it looks at. */
  #checkBounds({ where = [], orderBy = [], search = "", pagination }: Query): void {
    const { maxConditions, maxValues, maxSearchLength, maxRows } = this.#settings;
    if (where.length + orderBy.length > maxConditions) {
      throw new RangeError(`There may be at most ${maxConditions} conditions and orders (maxConditions)`);
    }
    if (where.reduce((sum, [, , operand]) => sum + valuesIn(operand), 0) > maxValues) {
      throw new RangeError(`Conditions may compare with at most ${maxValues} values (maxValues)`);
    }
    if (search.length > maxSearchLength) {
      throw new RangeError(`A search may have at most ${maxSearchLength} characters (maxSearchLength)`);
    }
    if (pagination !== undefined && pagination.limit > maxRows) {
      throw new RangeError(`limit must be at most ${maxRows}, got ${pagination.limit} (maxRows)`);
    }
  }

  #checkId(id: string | undefined, row: Row): void {
    const { idField } = this.#table;
    if (id === undefined || idField === undefined || !Object.hasOwn(row, idField)) return;
    if (String(field(row, idField)) === id) return;
    throw refuse(`The row's ${describe(idField)} is ${describe(field(row, idField))}, but its id is ${describe(id)}`);
  }
}

/** For how many queries of clients their sets are remembered. */
const MAX_REMEMBERED_SETS = 256;

function outside(what: string): Refusal {
  return refuse(`What is served is part of a table, which cannot be given ${what}`, 422);
}

function atPage(handle: TableLike, page: number, itemsPerPage: number): TableLike {
  return handle.withQuery({ ...handle.query, pagination: new Pagination(page, itemsPerPage) });
}

/** How many values stand in one: those in a list or an object, if it is one that is not empty. */
function valuesIn(value: Value | undefined): number {
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return 1;
  return Math.max(1, Object.values(value).reduce((sum: number, inner: Value) => sum + valuesIn(inner), 0));
}
