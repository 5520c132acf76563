import { ActiveRecord } from "./active_record.ts";
import { andWhere, atPage, type Conditions, type Operator, type Query, thenOrderBy } from "./query.ts";
import type { Row, Value } from "./row.ts";
import type { RowEntry, Rows } from "./rows.ts";
import type { CallOptions, Capabilities, Column, TableLike, WriteOptions } from "./table_like.ts";

/**
 * The forms that every handle has in common, in terms of the few that differ: narrowing step by step, active records,
 * and streaming. `Self` is the kind of handle that narrowing gives.
 */
export abstract class TableHandle<Self extends TableLike> implements TableLike {
  abstract readonly tableName: string;
  abstract readonly columns: readonly Column[];
  abstract readonly idField: string | undefined;
  abstract readonly refNames: readonly string[];
  abstract readonly capabilities: Capabilities;
  abstract readonly query: Query;

  abstract withQuery(query: Query): Self;
  abstract getRef(name: string): TableLike;
  abstract getCount(options?: CallOptions): Promise<number>;
  abstract listValues(options?: CallOptions): Promise<Rows>;
  abstract getValue(id: string, options?: CallOptions): Promise<Row | undefined>;
  abstract getSomeValue(options?: CallOptions): Promise<RowEntry | undefined>;
  abstract insertValue(id: string, row: Row, options?: WriteOptions): Promise<Row>;
  abstract replaceValue(id: string, row: Row, options?: WriteOptions): Promise<Row>;
  abstract patchValue(id: string, partial: Row, options?: WriteOptions): Promise<Row>;
  abstract delete(id: string, options?: WriteOptions): Promise<void>;
  abstract deleteAll(options?: WriteOptions): Promise<void>;
  abstract insertReturnIdValue(row: Row, options?: WriteOptions): Promise<string>;

  /** The columns that name a row for people. */
  get titleFields(): readonly string[] {
    return this.columns.filter((column) => column.flags?.includes("title")).map((column) => column.name);
  }

  /** The rows for which one more condition holds. */
  where(column: string, operator: Operator, value?: Value): Self;
  /** The rows whose columns equal the given values. */
  where(conditions: Conditions): Self;
  where(columnOrConditions: string | Conditions, operator?: Operator, value?: Value): Self {
    return this.withQuery(andWhere(this.query, columnOrConditions, operator, value));
  }

  /** The same rows, ordered by one more column. */
  orderBy(column: string, direction: "asc" | "desc" = "asc"): Self {
    return this.withQuery(thenOrderBy(this.query, column, direction));
  }

  /** The rows in which this text is found; an empty text finds all. */
  search(text: string): Self {
    return this.withQuery({ ...this.query, search: text });
  }

  /** One page of the rows; 50 to a page unless said here or before. */
  page(page: number, itemsPerPage?: number): Self {
    return this.withQuery(atPage(this.query, page, itemsPerPage));
  }

  /** The same rows as `listValues`, one by one; nothing is read before the first is asked for. */
  streamValues(options: CallOptions = {}): ReadableStream<RowEntry> {
    const cancelled = new AbortController();
    const signal = options.signal === undefined
      ? cancelled.signal
      : AbortSignal.any([options.signal, cancelled.signal]);
    let entries: Iterator<RowEntry> | undefined;
    return new ReadableStream<RowEntry>({
      pull: async (controller) => {
        entries ??= (await this.listValues({ signal }))[Symbol.iterator]();
        const next = entries.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      cancel: (reason) => cancelled.abort(reason),
    }, { highWaterMark: 0 });
  }

  /** The row with this id, ready to be edited and saved; `undefined` if the set has none. */
  async getValueRecord(id: string, options?: CallOptions): Promise<ActiveRecord | undefined> {
    const row = await this.getValue(id, options);
    return row === undefined ? undefined : new ActiveRecord(this, id, row);
  }

  /** The rows of the set, or of its page, ready to be edited and saved. */
  async listValueRecords(options?: CallOptions): Promise<ActiveRecord[]> {
    return Array.from(await this.listValues(options), ([id, row]) => new ActiveRecord(this, id, row));
  }
}
