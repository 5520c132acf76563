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
import type { MaybePromise } from "../base/maybe_promise.ts";
import { rememberSelf, selfOf } from "../base/self.ts";
import type { RowSchema } from "./standard_schema.ts";
import { type TypedOptions, TypedSet } from "./typed_set.ts";
import type { CallOptions, Capabilities, Column, RefOptions, TableLike, WriteOptions } from "./table_like.ts";

/**
 * The forms that every handle has in common, in terms of the few that differ: narrowing step by step, active records,
 * and streaming. `Self` is the kind of handle that narrowing gives, `R` the type of a row.
 */
export abstract class TableHandle<Self extends TableLike<R>, R extends object = Row> implements TableLike<R> {
  /** A handle that finds itself from behind a `Proxy`. */
  constructor() {
    rememberSelf(this);
  }

  abstract readonly tableName: string;
  abstract readonly columns: readonly Column[];
  abstract readonly idField: string | undefined;
  abstract readonly refNames: readonly string[];
  abstract readonly capabilities: Capabilities;
  abstract readonly query: Query;

  abstract withQuery(query: Query): Self;
  /** The related table of this name, without I/O. */
  abstract getRef(name: string, options?: RefOptions): TableLike;
  abstract getCount(options?: CallOptions): Promise<number>;
  abstract listValues(options?: CallOptions): Promise<Rows<R>>;
  abstract getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined>;
  abstract getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined>;
  abstract insertValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  abstract replaceValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  abstract patchValue(id: string, partial: PatchOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  abstract delete(id: string, options?: WriteOptions): Promise<void>;
  abstract deleteAll(options?: WriteOptions): Promise<void>;
  /** Adds a row under a new id, which is the answer. */
  abstract insertReturnIdValue(row: RowOf<R>, options?: WriteOptions): Promise<string>;

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

  /**
   * The same set with rows that keep to a schema, of zod, valibot, arktype or any other library that has Standard Schema:
   * what is written is checked before it is sent, and what is read when it is first read.
   *
   * @throws {TypeError} if `schema` is none, or an option is unknown; the message names it.
   * @throws {RangeError} if `onInvalidRow` is not one of its words.
   */
  typed<S extends RowSchema>(schema: S, options: TypedOptions = {}): TypedSet<S> {
    const self = selfOf(this);
    return new TypedSet(this, schema, options, {
      read: (id, call) => self.keptValue(id, call),
      row: (id) => self.rowAtHand(id),
      whole: () => self.whole(),
    });
  }

  /** The row with an id, if it is known without asking the master. */
  protected rowAtHand(_id: string): MaybePromise<Row | undefined> {
    return undefined;
  }

  /** The same as `getValue`, of a row that need not be a copy: the caller neither changes it nor returns it. */
  protected keptValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    return this.getValue(id, options);
  }

  /** All rows among which a row is replaced that is named by its id. */
  protected whole(): TableLike {
    return this.withQuery({});
  }

  async getValueRecord(id: string, options?: CallOptions): Promise<ActiveRecord<R> | undefined> {
    const row = await this.getValue(id, options);
    return row === undefined ? undefined : new ActiveRecord<R>(this, id, row);
  }

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
