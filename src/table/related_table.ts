import { brand } from "../base/brand.ts";
import { describe } from "../base/describe.ts";
import { rememberSelf } from "../base/self.ts";
import { compareValues } from "./compare_values.ts";
import { UnsupportedError } from "./errors.ts";
import { MistakeError } from "./mistake_error.ts";
import { type Condition, isUnlimited, type Query } from "./query.ts";
import { field, type Row, sameValue, type Value } from "./row.ts";
import type { RowEntry, Rows } from "./rows.ts";
import { TableHandle } from "./table_handle.ts";
import type { CallOptions, Capabilities, Column, RefOptions, TableLike, WriteOptions } from "./table_like.ts";

/** By which columns rows of one table belong to rows of another. */
export interface Link {
  /** The column of this table; `undefined` for the id. */
  readonly from: string | undefined;
  /** The column of the related table; `undefined` for the id. */
  readonly to: string | undefined;
}

/** By how many different keys related rows are looked for at once. */
const MAX_KEYS = 1_000;

/**
 * The rows of `to` that the rows of `from` are linked with. All rows are linked with all: of a set that is not narrowed it is
 * `to` itself. It is a handle on `to` as well if the ids of a narrowed set stand in its only condition.
 *
 * @throws {UnsupportedError} if rows are linked by ids, and `to` does not say which column has them.
 * @throws {TypeError} if rows are linked by a column that `from` does not have.
 */
export function related(from: TableLike, link: Link, to: TableLike): TableLike {
  const column = link.to ?? to.idField;
  if (column === undefined) {
    throw new UnsupportedError(`Cannot follow a reference to ${describe(to.tableName)}: it says no idField`);
  }
  if (link.from !== undefined && !hasColumn(from, link.from)) {
    throw new MistakeError(
      `Unknown column ${describe(link.from)} in a reference of ${describe(from.tableName)}; accepted are ${
        from.columns.map(({ name }) => name).join(", ")
      }`,
    );
  }
  if (from instanceof RelatedTable) return new RelatedTable(from, link.from, to, column);
  if (isUnlimited(from.query)) return to;
  const ids = link.from === undefined ? idsIn(from) : undefined;
  return ids === undefined ? new RelatedTable(from, link.from, to, column) : narrowed(to, column, ids);
}

/**
 * The rows that the rows of a set are linked with: two reads, whatever its size. The set is listed, and then the rows are asked
 * for that have its keys; where both come from caches, both answers are cached under their keys.
 */
export class RelatedTable extends TableHandle<RelatedTable> implements TableLike {
  static {
    brand(this, "RelatedTable");
  }
  readonly #from: TableLike;
  readonly #key: string | undefined;
  readonly #to: TableLike;
  readonly #column: string;
  /** The set that was followed last, its keys, and what they lead to. */
  #last: { readonly rows: Rows; readonly keys: readonly Value[]; readonly set: TableLike } | undefined;

  /** For this module alone: `getRef` makes it. `key` is the column of `from`, or its id; `column` is that of `to`. */
  constructor(from: TableLike, key: string | undefined, to: TableLike, column: string) {
    super();
    this.#from = from;
    this.#key = key;
    this.#to = to;
    this.#column = column;
    rememberSelf(this, RelatedTable);
  }

  get tableName(): string {
    return this.#to.tableName;
  }

  get columns(): readonly Column[] {
    return this.#to.columns;
  }

  get idField(): string | undefined {
    return this.#to.idField;
  }

  get refNames(): readonly string[] {
    return this.#to.refNames;
  }

  get capabilities(): Capabilities {
    return { ...this.#to.capabilities, writeMany: false };
  }

  /** How the related rows are narrowed further, ordered and paged. */
  get query(): Query {
    return this.#to.query;
  }

  /** The same rows, with `query` in place of what they are narrowed by further. */
  withQuery(query: Query): RelatedTable {
    return new RelatedTable(this.#from, this.#key, this.#to.withQuery(query), this.#column);
  }

  getRef(name: string, { from = this, to }: RefOptions = {}): TableLike {
    return this.#to.getRef(name, { from, to });
  }

  /**
   * The related rows as a handle on their table, for the keys that the set has now. Of a `LiveTable` it is a `LiveHandle`,
   * which can be observed.
   *
   * @throws {UnsupportedError} if the set has more than 1000 different keys.
   */
  async follow({ signal, onUnsettled, onStale, fresh }: CallOptions = {}): Promise<TableLike> {
    const rows = await this.#from.listValues({ signal, onUnsettled, onStale, fresh });
    if (this.#last?.rows === rows) return this.#last.set;
    const keys = distinct(Array.from(rows, ([id, row]) => this.#keyOf(id, row)));
    if (keys.length > MAX_KEYS) {
      throw new UnsupportedError(
        `Cannot follow a reference to ${
          describe(this.tableName)
        } from ${keys.length} rows; accepted are ${MAX_KEYS}, ` +
          "as a page has",
      );
    }
    const last = this.#last;
    const isSame = last?.keys.length === keys.length && keys.every((key, at) => sameValue(key, last.keys[at] ?? null));
    const set = last !== undefined && isSame ? last.set : narrowed(this.#to, this.#column, keys);
    this.#last = { rows, keys, set };
    return set;
  }

  async listValues(options?: CallOptions): Promise<Rows> {
    return await (await this.follow(options)).listValues(options);
  }

  async getValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    return await (await this.follow(options)).getValue(id, options);
  }

  async getSomeValue(options?: CallOptions): Promise<RowEntry | undefined> {
    return await (await this.follow(options)).getSomeValue(options);
  }

  async getCount(options?: CallOptions): Promise<number> {
    return await (await this.follow(options)).getCount(options);
  }

  async insertValue(id: string, row: Row, options?: WriteOptions): Promise<Row> {
    return await (await this.follow(options)).insertValue(id, row, options);
  }

  async replaceValue(id: string, row: Row, options?: WriteOptions): Promise<Row> {
    return await (await this.follow(options)).replaceValue(id, row, options);
  }

  async patchValue(id: string, partial: Row, options?: WriteOptions): Promise<Row> {
    return await (await this.follow(options)).patchValue(id, partial, options);
  }

  async delete(id: string, options?: WriteOptions): Promise<void> {
    await (await this.follow(options)).delete(id, options);
  }

  async deleteAll(options?: WriteOptions): Promise<void> {
    await (await this.follow(options)).deleteAll(options);
  }

  /** Adds a row under a new id, which is the answer. */
  async insertReturnIdValue(row: Row, options?: WriteOptions): Promise<string> {
    return await (await this.follow(options)).insertReturnIdValue(row, options);
  }

  /** All rows of the related table. */
  protected override whole(): TableLike {
    return this.#to.withQuery({});
  }

  #keyOf(id: string, row: Row): Value {
    const column = this.#key ?? this.#from.idField;
    return column === undefined ? id : field(row, column);
  }
}

/** Whether a table may have a column: where it declares none, it may have any. */
function hasColumn({ columns, idField }: TableLike, column: string): boolean {
  return columns.length === 0 || column === idField || columns.some(({ name }) => name === column);
}

/** The ids of a set that is narrowed by these alone, if it is. A row need not be read to know its id. */
function idsIn({ idField, query: { where = [], search = "", pagination } }: TableLike): readonly Value[] | undefined {
  const [condition, ...others] = where;
  if (condition === undefined || others.length > 0 || search !== "" || pagination !== undefined) return undefined;
  const [column, operator, value] = condition;
  if (column !== idField || value === undefined) return undefined;
  if (operator === "eq") return [value];
  return operator === "in" && Array.isArray(value) && value.length <= MAX_KEYS ? distinct(value) : undefined;
}

/** The rows of a handle that have one of these keys. One key is asked for as it usually is, so that both have one cache entry. */
function narrowed(to: TableLike, column: string, keys: readonly Value[]): TableLike {
  const [only = null] = keys;
  const condition: Condition = keys.length === 1 ? [column, "eq", only] : [column, "in", keys];
  return to.withQuery({ ...to.query, where: [...to.query.where ?? [], condition] });
}

/** Each value once, in their order, so that the same keys make the same question. A row without a key is linked with none. */
function distinct(values: readonly Value[]): readonly Value[] {
  const sorted = values.filter((value) => value !== null).sort(compareValues);
  return sorted.filter((value, at) => at === 0 || compareValues(value, sorted[at - 1] ?? null) !== 0);
}
