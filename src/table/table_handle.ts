import { ActiveRecord } from "./active_record.ts";
import {
  andWhere,
  atPage,
  type ConditionOf,
  type Conditions,
  type Operator,
  type Query,
  thenOrderBy,
  withSearch,
} from "./query.ts";
import type { Row, Value } from "./row.ts";
import type { ColumnName, PatchOf, RowOf } from "./row_of.ts";
import type { RowEntry, Rows } from "./rows.ts";
import { rememberSelf } from "../base/self.ts";
import type { CallOptions, Capabilities, Column, TableLike, WriteOptions } from "./table_like.ts";

/**
 * The forms that every handle has in common, in terms of the few that differ: narrowing step by step, active records,
 * and streaming. `Self` is the kind of handle that narrowing gives, `R` the type of a row.
 */
export abstract class TableHandle<Self extends TableLike<R>, R extends object = Row> implements TableLike<R> {
  /** A handle that finds itself from behind a `Proxy`. */
  constructor() {
    rememberSelf(this);
  }

  /** The table's name. */
  abstract readonly tableName: string;
  /** The columns, as far as the backend knows them; may be empty. */
  abstract readonly columns: readonly Column[];
  /** The column that holds the id, if one does. */
  abstract readonly idField: string | undefined;
  /** The names that `getRef` knows. */
  abstract readonly refNames: readonly string[];
  /** What the backend can do by itself. */
  abstract readonly capabilities: Capabilities;
  /** How this handle is narrowed, ordered and paged. */
  abstract readonly query: Query;

  /** Another handle on the same table, with `query` in place of this handle's. */
  abstract withQuery(query: Query): Self;
  /** The related table of this name, without I/O. */
  abstract getRef(name: string): TableLike;
  /** The size of the set; a page does not change it. */
  abstract getCount(options?: CallOptions): Promise<number>;
  /** The rows of the set, or of its page if the handle has one, in the master's order. */
  abstract listValues(options?: CallOptions): Promise<Rows<R>>;
  /** The row with this id; `undefined` if the set has none. */
  abstract getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined>;
  /** Any row of the set with its id; `undefined` if there is none. */
  abstract getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined>;
  /** Adds a row. If the id exists, nothing is overwritten and the stored row is the answer. */
  abstract insertValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Stores a row whether the id exists or not; columns that are not in `row` go. */
  abstract replaceValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Changes the given columns and answers with the whole row; a missing id is a `NotFoundError`. */
  abstract patchValue(id: string, partial: PatchOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Removes a row; a missing id is no error. */
  abstract delete(id: string, options?: WriteOptions): Promise<void>;
  /** Removes the rows of this set, and no others. A page is not a set: `UnsupportedError`. */
  abstract deleteAll(options?: WriteOptions): Promise<void>;
  /** Adds a row under a new id, which is the answer. */
  abstract insertReturnIdValue(row: RowOf<R>, options?: WriteOptions): Promise<string>;

  /** The columns that name a row for people. */
  get titleFields(): readonly string[] {
    return this.columns.filter((column) => column.flags?.includes("title")).map((column) => column.name);
  }

  /** The rows for which one more condition holds. */
  where(...condition: ConditionOf<R>): Self;
  /** The rows whose columns equal the given values. */
  where(conditions: Conditions<R>): Self;
  where(columnOrConditions: string | Conditions, operator?: Operator, value?: Value): Self {
    return this.withQuery(andWhere(this.query, columnOrConditions, operator, value));
  }

  /** The same rows, ordered by one more column. */
  orderBy(column: ColumnName<R>, direction: "asc" | "desc" = "asc"): Self {
    return this.withQuery(thenOrderBy(this.query, column, direction));
  }

  /** The rows in which this text is found; an empty text finds all. */
  search(text: string): Self {
    return this.withQuery(withSearch(this.query, text));
  }

  /** One page of the rows; 50 to a page unless said here or before. */
  page(page: number, itemsPerPage?: number): Self {
    return this.withQuery(atPage(this.query, page, itemsPerPage));
  }

  /** The same rows as `listValues`, one by one; nothing is read before the first is asked for. */
  streamValues(options: CallOptions = {}): ReadableStream<RowEntry<R>> {
    const ended = new AbortController();
    let entries: Iterator<RowEntry<R>> | undefined;
    return new ReadableStream<RowEntry<R>>({
      pull: async (controller) => {
        entries ??= (await listUntil(this, ended, options))[Symbol.iterator]();
        const next = entries.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => ended.abort(reason),
    }, { highWaterMark: 0 });
  }

  /** The row with this id, ready to be edited and saved; `undefined` if the set has none. */
  async getValueRecord(id: string, options?: CallOptions): Promise<ActiveRecord<R> | undefined> {
    const row = await this.getValue(id, options);
    return row === undefined ? undefined : new ActiveRecord<R>(this, id, row);
  }

  /** The rows of the set, or of its page, ready to be edited and saved. */
  async listValueRecords(options?: CallOptions): Promise<ActiveRecord<R>[]> {
    return Array.from(await this.listValues(options), ([id, row]) => new ActiveRecord<R>(this, id, row));
  }
}

/** Not with AbortSignal.any, which takes no signal of another realm, and is younger than some of our runtimes. */
async function listUntil<R extends object>(
  table: TableLike<R>,
  ended: AbortController,
  options: CallOptions,
): Promise<Rows<R>> {
  const { signal } = options;
  const abort = (): void => ended.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort);
  try {
    return await table.listValues({ ...options, signal: ended.signal });
  } finally {
    signal?.removeEventListener("abort", abort);
  }
}
