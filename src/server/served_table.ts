import { UnsupportedError } from "../table/errors.ts";
import { rowMatches } from "../table/evaluate_query.ts";
import { Pagination } from "../table/pagination.ts";
import { bothNarrowings, type Condition, isNarrowed, narrowing, type Query } from "../table/query.ts";
import { describe } from "../base/describe.ts";
import { field, type Row, type Value } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { CallOptions, TableLike } from "../table/table_like.ts";
import { queryFromParams } from "../wire/query_params.ts";
import { describeTable, type TableDescription } from "../wire/table_description.ts";
import type { Refusal } from "./answers.ts";
import type { HandlerSettings } from "./handler_options.ts";
import { checked, refuse } from "./refusals.ts";

/** A set requested by a client. */
export interface ServedSet {
  readonly handle: TableLike;
  /** Whether it is a page of the set. */
  readonly isPage: boolean;
  /** Whether it is everything that is served. */
  readonly isAll: boolean;
}

/**
 * The table as visible to clients: within its set, bounds and rights. A narrowed table is served as if nothing else
 * existed, so requests that would reach or reveal rows outside of it are refused.
 */
export class ServedTable {
  readonly #table: TableLike;
  readonly #settings: HandlerSettings;
  readonly #query: Query;
  readonly #narrowed: boolean;
  readonly #pages: boolean;
  /** Sets by their parameters, so that frequent requests are parsed, checked and given a key once. */
  readonly #sets = new Map<string, ServedSet>();
  /** The number of rows served when last seen: an upper bound for any set in them, unless they grew. */
  #size: number | undefined;

  /**
   * Serves a table.
   *
   * @throws {TypeError} if the handle is a page, which is not a set.
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

  /** The description for clients. */
  describe(): TableDescription {
    const { writes, keys } = this.#settings;
    const description = describeTable(this.#table, writes);
    const idempotencyKeys = this.honoursKeys || keys !== undefined;
    const writeMany = writes.size > 0;
    const chosen = this.#narrowed ? { insert: false, replace: false } : {};
    return { ...description, capabilities: { ...description.capabilities, idempotencyKeys, writeMany, ...chosen } };
  }

  /** Whether the table itself applies two writes with the same key once. */
  get honoursKeys(): boolean {
    return this.#table.capabilities.idempotencyKeys;
  }

  /** Whether clients may choose the ids of new rows: otherwise an id could tell of a row outside of the set. */
  get takesIds(): boolean {
    return !this.#narrowed;
  }

  /**
   * The set selected by parameters.
   *
   * @throws {Refusal} if they are not a query of this table, or exceed its bounds.
   */
  set(params: URLSearchParams): ServedSet {
    const text = params.toString();
    const known = this.#sets.get(text);
    if (known !== undefined) return known;
    const query = checked(() => queryFromParams(params));
    const handle = text === "" ? this.#table : checked(() => {
      this.#checkBounds(query);
      return this.#table.withQuery(this.#within(query));
    });
    const set = { handle, isPage: query.pagination !== undefined, isAll: !isNarrowed(query) };
    if (this.#sets.size >= MAX_REMEMBERED_SETS) this.#sets.clear();
    this.#sets.set(text, set);
    return set;
  }

  /**
   * A set with conditions that one row is to meet: they may compare with values of any size, since they are evaluated on
   * no other.
   *
   * @throws {Refusal} if they are not conditions of this table, or too many.
   */
  narrowed(set: TableLike, where: readonly Condition[]): TableLike {
    if (where.length === 0) return set;
    return checked(() => {
      this.#checkConditions(where.length);
      return set.withQuery({ ...set.query, where: [...set.query.where ?? [], ...where] });
    });
  }

  /**
   * The rows of a set, if they fit into one answer. A set that may be larger is not read beyond the bound; one that
   * fits is read like `listValues()`, so that both share a cache entry.
   *
   * @throws {Refusal} if there are more.
   */
  async list({ handle, isPage, isAll }: ServedSet, options: CallOptions): Promise<Rows> {
    if (isPage) return await handle.listValues(options);
    const { maxRows } = this.#settings;
    const fits = !this.#pages || await this.#sizeNow(options) <= maxRows;
    const rows = await (fits ? handle : atPage(handle, 1, maxRows)).listValues(options);
    // Not as one page with an additional row: the table may be served by a handler with the same bound.
    const beyond = !fits && rows.size === maxRows
      ? await atPage(handle, maxRows + 1, 1).listValues(options)
      : undefined;
    const size = rows.size + (beyond?.size ?? 0);
    if (size > maxRows || isAll) this.#size = size;
    if (size > maxRows) throw refuse(`These are more than ${maxRows} rows; ask for a page`, 422);
    return rows;
  }

  /** How many rows are served: counted once, then known from each answer with all of them. */
  async #sizeNow({ signal }: CallOptions): Promise<number> {
    return this.#size ??= this.#table.capabilities.count ? await this.#table.getCount({ signal }) : Infinity;
  }

  /**
   * The whole table, to insert a row.
   *
   * @throws {Refusal} if the row contradicts its id, or could overwrite or become a row outside of the set.
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
   * Checks a change of a row.
   *
   * @throws {Refusal} if it contradicts the row's id, or would move the row out of the set.
   */
  checkPatch(id: string, partial: Row): void {
    this.#checkId(id, partial);
    const where = this.#query.where?.filter(([column]) => Object.hasOwn(partial, column));
    const search = this.#isSearched(partial) ? this.#query.search : undefined;
    if (!rowMatches(partial, { where, search }, this.#table.columns)) throw outside("a row outside of it");
  }

  /** Whether a change affects searched columns: those with the flag, or else all. */
  #isSearched(partial: Row): boolean {
    const searched = this.#table.columns.filter(({ flags }) => flags?.includes("searchable")).map(({ name }) => name);
    return searched.length === 0 || searched.some((column) => Object.hasOwn(partial, column));
  }

  /** A column that the table does not have, if its columns are known. */
  unknownColumn(row: Row): string | undefined {
    const known = this.#table.columns.map((column) => column.name);
    return known.length === 0 ? undefined : Object.keys(row).find((column) => !known.includes(column));
  }

  #within(asked: Query): Query {
    if (this.#query.search !== undefined && asked.search) {
      throw new UnsupportedError("A result of a search is served, which cannot be searched again");
    }
    return { ...bothNarrowings(this.#query, asked), orderBy: asked.orderBy ?? this.#query.orderBy };
  }

  /** The cost of a query grows with each of these, for every row that it scans. */
  #checkBounds({ where = [], orderBy = [], search = "", pagination }: Query): void {
    const { maxValues, maxSearchLength, maxRows } = this.#settings;
    this.#checkConditions(where.length + orderBy.length);
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

  #checkConditions(count: number): void {
    const { maxConditions } = this.#settings;
    if (count <= maxConditions) return;
    throw new RangeError(`There may be at most ${maxConditions} conditions and orders (maxConditions)`);
  }

  #checkId(id: string | undefined, row: Row): void {
    const { idField } = this.#table;
    if (id === undefined || idField === undefined || !Object.hasOwn(row, idField)) return;
    if (String(field(row, idField)) === id) return;
    throw refuse(`The row's ${describe(idField)} is ${describe(field(row, idField))}, but its id is ${describe(id)}`);
  }
}

/** How many sets are cached. */
const MAX_REMEMBERED_SETS = 256;

function outside(what: string): Refusal {
  return refuse(`A part of a table is served, which does not accept ${what}`, 422);
}

function atPage(handle: TableLike, page: number, itemsPerPage: number): TableLike {
  return handle.withQuery({ ...handle.query, pagination: new Pagination(page, itemsPerPage) });
}

/** The number of values in one: those in a non-empty list or object, otherwise 1. */
function valuesIn(value: Value | undefined): number {
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return 1;
  return Math.max(1, Object.values(value).reduce((sum: number, inner: Value) => sum + valuesIn(inner), 0));
}
