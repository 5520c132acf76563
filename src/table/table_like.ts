import type { ActiveRecord } from "./active_record.ts";
import type { Operator, Query } from "./query.ts";
import type { Row } from "./row.ts";
import type { PatchOf, RowOf } from "./row_of.ts";
import type { TableWrite, WriteResult } from "./many_writes.ts";
import type { RowEntry, Rows } from "./rows.ts";
import type { Verb } from "./verbs.ts";

/** Options of every call. */
export interface CallOptions {
  /** Ends the caller's wait: the promise rejects with the signal's reason. Each table says if it ends the work too. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Called before the answer if it may be older than a change that is known already, as that of a replica that lags:
   * good for this caller now, but not to be kept. Of a write: if the answer was given before, to the same idempotency
   * key, so that the row may have changed since. A table that reads from another, or writes to it, passes it on.
   */
  readonly onUnsettled?: (() => void) | undefined;
  /**
   * Called before the answer, after `onUnsettled`, if the answer is served though it is stale, as a `LiveTable` does where
   * it is allowed to. A table that reads from another passes it on.
   */
  readonly onStale?: ((answer: StaleAnswer) => void) | undefined;
  /** Reads from the master, whatever is held. A table that reads from another passes it on; writes ignore it. */
  readonly fresh?: boolean | undefined;
}

/** What is said of an answer that is served though it is stale. */
export interface StaleAnswer {
  /** When its oldest rows were requested from the master, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /** Why the master could not be reached; absent if newer rows are being read behind the answer. */
  readonly error?: unknown;
}

/** Options of every write. */
export interface WriteOptions extends CallOptions {
  /** A table whose `capabilities.idempotencyKeys` is true applies two writes with the same key once. */
  readonly idempotencyKey?: string | undefined;
  /**
   * For `insertReturnIdValue`: an id made for the row, such as a UUIDv7. A table that can choose ids uses it, so that the
   * same call twice adds one row; any other ignores it.
   */
  readonly newId?: string | undefined;
}

/** Options of `getRef`, for tables that stand in front of others. A table without links ignores them. */
export interface RefOptions {
  /** The set whose rows are followed; default the handle itself. */
  readonly from?: TableLike | undefined;
  /** The table in which the related rows are looked for; default the one that was declared. */
  readonly to?: TableLike | undefined;
}

/** A column: its name, the type its backend declares, and what it is for. */
export interface Column {
  /** The name, as it stands in a row. */
  readonly name: string;
  /** The backend's own word for the type. */
  readonly type?: string | undefined;
  /** What the column is for. */
  readonly flags?: readonly ColumnFlag[] | undefined;
}

/**
 * What a column is for: it is the id, names the row, is not shown, is searched, must be given, or is computed by the
 * backend and cannot be written.
 */
export type ColumnFlag = "id" | "title" | "hidden" | "searchable" | "mandatory" | "generated";

/** What the backend of a table can do by itself. Verbs that are `false` reject with `UnsupportedError`. */
export interface Capabilities extends Readonly<Record<Verb, boolean>> {
  /** One row by its id; where the source cannot look it up, by reading all rows. */
  readonly get: boolean;
  /** The size of a set; where the source cannot count, by reading the set. */
  readonly count: boolean;
  /** One page without reading the others. */
  readonly page: boolean;
  /** The operators it understands in conditions. */
  readonly where: readonly Operator[];
  /** Ordering by columns. */
  readonly orderBy: boolean;
  /** Searching for text. */
  readonly search: boolean;
  /**
   * Whether conditions, search and order mean what they mean in this module, so that a `LiveTable` may evaluate them on
   * rows that it holds. True where the source does none of them itself. A search in texts of other letters than those of
   * ASCII is never evaluated on held rows, since databases differ in what case is.
   */
  readonly exact: boolean;
  /** Whether `getValue` returns what `listValues` returns for a row, all columns included. */
  readonly sameRows: boolean;
  /**
   * Whether two writes with the same `idempotencyKey` are applied once and answered alike, as long as the backend
   * remembers the key. Another write under a used key is a `ConflictError`.
   */
  readonly idempotencyKeys: boolean;
  /** Several writes in one call, with `writeMany`. */
  readonly writeMany: boolean;
  /** `insertValue`. */
  readonly insert: boolean;
  /** `replaceValue`. */
  readonly replace: boolean;
  /** `patchValue`. */
  readonly patch: boolean;
  /** `delete`. */
  readonly delete: boolean;
  /** `deleteAll` on a set that is not narrowed; a narrowed one can be deleted where `delete` can. */
  readonly deleteAll: boolean;
  /** `insertReturnIdValue`. */
  readonly insertReturnId: boolean;
}

/** A set of rows that can be read. */
export interface ReadableValueSet<R extends object = Row> {
  /** The rows of the set, or of its page if the handle has one, in the master's order. */
  listValues(options?: CallOptions): Promise<Rows<R>>;
  /** The row with this id; `undefined` if the set has none. */
  getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined>;
  /** Any row of the set with its id; `undefined` if there is none. */
  getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined>;
  /** The same rows as `listValues`, one by one. */
  streamValues(options?: CallOptions): ReadableStream<RowEntry<R>>;
}

/** A set of rows that can be written under ids the caller chooses. */
export interface WritableValueSet<R extends object = Row> {
  /** Adds a row. If the id exists, nothing is overwritten and the stored row is the answer. */
  insertValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Stores a row whether the id exists or not; columns that are not in `row` go. */
  replaceValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Changes the given columns and answers with the whole row; a missing id is a `NotFoundError`. */
  patchValue(id: string, partial: PatchOf<R>, options?: WriteOptions): Promise<RowOf<R>>;
  /** Removes a row; a missing id is no error. */
  delete(id: string, options?: WriteOptions): Promise<void>;
  /** Removes the rows of this set, and no others. A page is not a set: `UnsupportedError`. */
  deleteAll(options?: WriteOptions): Promise<void>;
}

/** A set that gives its rows their ids. */
export interface InsertableValueSet<R extends object = Row> {
  /** Adds a row under a new id, which is the answer. Each call adds one more row. */
  insertReturnIdValue(row: RowOf<R>, options?: WriteOptions): Promise<string>;
}

/** A set whose rows can be held and edited as objects. */
export interface ActiveRecordSet<R extends object = Row> {
  /** The row with this id, ready to be edited and saved; `undefined` if the set has none. */
  getValueRecord(id: string, options?: CallOptions): Promise<ActiveRecord<R> | undefined>;
  /** The rows of the set, or of its page, ready to be edited and saved. */
  listValueRecords(options?: CallOptions): Promise<ActiveRecord<R>[]>;
}

/**
 * A handle on a set of rows of some table, wherever that table lives. The handle itself never changes.
 *
 * `R` is the type of a row, for the compiler only: whether the backend keeps to it is not checked at run time. Code for
 * any table takes a `TableLike`; code that needs some columns takes, for example, a `TableLike<{ name: string }>`. Both
 * accept a `TableLike<Client>`: the verbs are methods, whose parameters TypeScript compares in both directions. The
 * price is that a row written through the wider type may lack columns.
 */
export interface TableLike<R extends object = Row>
  extends ReadableValueSet<R>, WritableValueSet<R>, InsertableValueSet<R>, ActiveRecordSet<R> {
  /** The table's name. */
  readonly tableName: string;
  /** The columns, as far as the backend knows them; may be empty. */
  readonly columns: readonly Column[];
  /** The column that holds the id, if one does. */
  readonly idField: string | undefined;
  /** The columns that name a row for people. */
  readonly titleFields: readonly string[];
  /** The names that `getRef` knows. */
  readonly refNames: readonly string[];
  /** What the backend can do by itself. */
  readonly capabilities: Capabilities;
  /** How this handle is narrowed, ordered and paged. */
  readonly query: Query;
  /** Another handle on the same table, with `query` in place of this handle's. */
  withQuery(query: Query): TableLike<R>;
  /** The size of the set; a page does not change it. */
  getCount(options?: CallOptions): Promise<number>;
  /**
   * Does several writes in one call, in their order, where `capabilities.writeMany` is true. Each has its own result, in
   * the same order: that one is refused changes nothing for the others. What the single verbs promise holds for each. If
   * the call itself rejects, its error is that of every write: `effect: "unknown"` says that any of them may have been done.
   */
  writeMany?(writes: readonly TableWrite<R>[], options?: CallOptions): Promise<readonly WriteResult<R>[]>;
  /**
   * The related table of this name, without I/O; an unknown name is a `NotFoundError`. Of a relation made with `hasOne` or
   * `hasMany` it has the rows that those of this set, or of its page, are linked with.
   */
  getRef(name: string, options?: RefOptions): TableLike;
}
