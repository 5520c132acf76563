import type { Query } from "./query.ts";
import type { Row } from "./row.ts";
import type { ColumnName, PatchOf, RowOf } from "./row_of.ts";
import type { Rows } from "./rows.ts";
import type { SourceWrite, WriteResult } from "./many_writes.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import type { Refs } from "./relation.ts";
import type { Capabilities, Column } from "./table_like.ts";

/** What a source receives with every call. */
export interface SourceCall {
  /** The part of the handle's query that the source said it can do; everything else is done for it. */
  readonly query: Query;
  /** Aborted when no caller waits any more; passing it on, as to `fetch`, is optional. */
  readonly signal?: AbortSignal | undefined;
  /**
   * To be called if the answer may be older than a change that is known: then it is not kept. Of a write, if it was not
   * done now but before, under the same key.
   */
  readonly onUnsettled?: (() => void) | undefined;
  /** Whether the caller wants the row as it is now: a source that keeps rows must not answer with those. Reads only. */
  readonly fresh?: boolean | undefined;
  /** A key that is the same when the same write is sent again. */
  readonly idempotencyKey?: string | undefined;
  /**
   * Of `insertReturnId`: an id made for the row. A source that can choose ids uses it, unless the row names another; if a
   * row has it already, the write was done before, and the id is the answer.
   */
  readonly newId?: string | undefined;
}

/**
 * A row that a source returns: an `R`, or a row that it was given. It is copied. No type is inferred from it, since
 * another row may have more columns: `defineTable<Client>` says which there are.
 */
export type SourceRow<R extends object = Row> = RowOf<R> | NoInfer<R>;

/** What `list` may answer: rows under their ids, or bare rows whose id is in the source's `idField`. */
export type SourceRows<R extends object = Row> =
  | Rows<R>
  | Iterable<readonly [id: string, row: SourceRow<R>]>
  | Iterable<SourceRow<R>>;

/**
 * The few functions that make a table. All but `list` may be missing; each may answer at once or later. A source keeps
 * no state of a handle: what it needs to know stands in the call. A plain object has these fields and no others, since
 * a mistyped one would be left out in silence; an instance of a class may have more.
 */
export interface TableSource<R extends object = Row> {
  /** The table's name. */
  readonly name: string;
  /** Its columns, if known; then conditions on others are refused. */
  readonly columns?: readonly Column[] | undefined;
  /** The column that holds the id. */
  readonly idField?: ColumnName<NoInfer<R>> | undefined;
  /**
   * What the source does itself with `call.query`. Verbs count as present when their function is there; `page`,
   * `where`, `orderBy` and `search` count only when they are said here. A source that pages is taken to hold too many
   * rows to read them all.
   */
  readonly capabilities?: Partial<Capabilities> | undefined;
  /** Whether `get`, `patch`, `delete` and `deleteAll` look only at the rows that match `call.query`. */
  readonly scoped?: boolean | undefined;
  /**
   * Whether the source itself compares ids with what rows hold in `idField`. Otherwise that must be the text of the id,
   * which is not so where it is a date, or bytes.
   */
  readonly checksIds?: boolean | undefined;
  /** Related tables by name, made when they are asked for: `hasOne` and `hasMany` say how rows are linked. */
  readonly refs?: Refs | undefined;

  /** The rows, in the source's order. Without `call.query.pagination`: all of them. */
  list(call: SourceCall): MaybePromise<SourceRows<R>>;
  /**
   * The same rows one after the other, without a page, for readers that do not hold all of them. A row that stays where it is
   * meanwhile is given exactly once. Without it, `list` is read.
   */
  stream?(call: SourceCall): AsyncIterable<readonly [id: string, row: SourceRow<R>]>;
  /** The row with this id, or `undefined`. Without it, the row is looked for in `list`, unless the source pages. */
  get?(id: string, call: SourceCall): MaybePromise<SourceRow<R> | undefined>;
  /** How many rows there are. Without it, those of `list` are counted, unless the source pages. */
  count?(call: SourceCall): MaybePromise<number>;
  /** Adds a row unless the id exists; answers with the stored row. */
  insert?(id: string, row: RowOf<R>, call: SourceCall): MaybePromise<SourceRow<R>>;
  /** Stores a row whether the id exists or not. */
  replace?(id: string, row: RowOf<R>, call: SourceCall): MaybePromise<SourceRow<R>>;
  /** Changes some columns; answers with the whole row; a missing id is a `NotFoundError`. */
  patch?(id: string, partial: PatchOf<R>, call: SourceCall): MaybePromise<SourceRow<R>>;
  /** Removes a row, if it is there. */
  delete?(id: string, call: SourceCall): MaybePromise<void>;
  /** Removes all rows. */
  deleteAll?(call: SourceCall): MaybePromise<void>;
  /** Adds a row under a new id, which is the answer. */
  insertReturnId?(row: RowOf<R>, call: SourceCall): MaybePromise<string>;
  /**
   * Does several writes in their order, and answers with a result for each, in the same order. That one is refused changes
   * nothing for the others. If it throws, all have failed with this error.
   */
  writeMany?(writes: readonly SourceWrite<R>[], call: SourceCall): MaybePromise<readonly WriteResult<R>[]>;
}

/** The source with rows of type `R`, on the word of the caller: nothing checks what the backend holds. */
export function sourceOf<R extends object>(source: TableSource): TableSource<R> {
  return source as TableSource<object> as TableSource<R>;
}
