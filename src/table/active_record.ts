import { abortable } from "../base/abortable.ts";
import { describe } from "../base/describe.ts";
import { rememberSelf, selfOf } from "../base/self.ts";
import { ConflictError, NotFoundError } from "./errors.ts";
import { masterColumns } from "./master_columns.ts";
import { type RecordConflict, RecordConflictError } from "./record_conflict.ts";
import { isReplacement, type RecordEdit, sendPatch, sendRow } from "./record_edit.ts";
import { type ColumnChange, columnsOf, differs, RecordState, replaced } from "./record_state.ts";
import { field, type Row, setField, toRow, type Value } from "./row.ts";
import type { RowOf } from "./row_of.ts";
import type { CallOptions, TableLike, WriteOptions } from "./table_like.ts";

/** A row of type `R` whose columns can be set; what a column holds stays readonly. */
export type Draft<R extends object = Row> = { -readonly [C in keyof RowOf<R>]: RowOf<R>[C] };

/** The edited columns of a row of type `R`: what each was read as, and what it is now. */
export type RecordChanges<R extends object = Row> = {
  readonly [C in keyof RowOf<R>]?: ColumnChange<Exclude<RowOf<R>[C], undefined>>;
};

/** Values for columns in conflict. One that is left out, or `undefined`, stays in conflict. */
export type Resolution<R extends object = Row> = { readonly [C in keyof RowOf<R>]?: RowOf<R>[C] | undefined };

/**
 * Which values count where both sides changed a column: those of the draft, the master's, or others. The function has
 * the type of a method, so that a record of any row type can be passed on as a record of {@linkcode Row}.
 */
export type Resolve<R extends object = Row> =
  | "mine"
  | "theirs"
  | { resolve(conflict: RecordConflict<R>): Resolution<R> }["resolve"];

/** How many times a save is sent, if the row changes each time. */
const MAX_SAVES = 3;

/**
 * A row that can be edited: change `data`, then `save()`. It keeps what it was read as, so only what was edited is
 * sent, and only if the master still holds there what the edit began with. Edits of different columns are merged; the
 * same column changed on both sides is a {@linkcode RecordConflictError}, which `resolve()` settles:
 * docs/records-and-forms.md has a form.
 *
 * `data` stays the same object, which `save()` and `refresh()` update; a frozen one is replaced. The id and columns
 * with the flag `generated` are the master's: whatever they are set to is no edit. Calls that reach the master run one
 * after the other.
 *
 * @example Edit and save
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const products = new MemTable("products", { rows: [["a", { name: "Bun", price: 2 }]] });
 * const bun = await products.getValueRecord("a");
 * assert(bun);
 *
 * bun.data.price = 3;
 * assert.deepEqual(bun.changed(), { price: { base: 2, mine: 3 } });
 * await products.patchValue("a", { name: "Brioche" }); // somebody else
 * await bun.save();
 *
 * assert.deepEqual(await products.getValue("a"), { name: "Brioche", price: 3 });
 * assert.deepEqual(bun.data, { name: "Brioche", price: 3 });
 * ```
 */
export class ActiveRecord<R extends object = Row> {
  /** The row's id. */
  readonly id: string;
  /** The row as edited so far. */
  data: Draft<R>;
  /**
   * Grows when what the edits are compared with changes. A framework that tracks which properties are read knows by it
   * that `isDirty`, `changed()` and `conflict` are to be read again.
   */
  revision = 0;
  readonly #table: TableLike;
  #state: RecordState;
  /** Settles when no earlier call is at the master. */
  #idle: Promise<unknown> = Promise.resolve();

  /** A record of `table` that holds `row` under `id`. */
  constructor(table: TableLike<R>, id: string, row: RowOf<R>) {
    this.#table = table;
    this.id = id;
    const base = toRow(row);
    this.#state = new RecordState(base, base, masterColumns(table));
    this.data = draftOf(base);
    rememberSelf(this);
  }

  /** Whether there is something to save. */
  get isDirty(): boolean {
    return selfOf(this).#state.editedColumns(rowIn(this)).length > 0;
  }

  /** The edited columns. `base` is `undefined` for a column that was added, `mine` for one that was removed. */
  changed(): RecordChanges<R> {
    return selfOf(this).#state.changes(rowIn(this)) as RecordChanges<R>; // The table says what type its rows have.
  }

  /** The columns changed on both sides, as far as a read or a save has shown; `undefined` if there are none. */
  get conflict(): RecordConflict<R> | undefined {
    return selfOf(this).#state.conflict(rowIn(this)) as RecordConflict<R> | undefined; // As for changed().
  }

  /** Drops the edits, or those of one column: it holds again what the master was last known to hold. */
  revert(column?: string): void {
    const { theirs } = selfOf(this).#state;
    const mine = rowIn(this);
    selfOf(this).#settle(this, column === undefined ? columnsOf(mine, theirs) : [column], theirs);
  }

  /**
   * Settles a conflict, in all columns or in one: `"mine"` keeps the edit, to be saved over the master's value;
   * `"theirs"` takes the master's value; a function gets the conflict and returns the values that count. Without a
   * conflict it does nothing.
   *
   * @throws {TypeError} if `how` is none of these, or returns what is no row.
   */
  resolve(how: Resolve<R>, column?: string): void {
    if (how !== "mine" && how !== "theirs" && typeof how !== "function") {
      throw new TypeError(`A conflict is resolved by "mine", "theirs" or a function, got ${describe(how)}`);
    }
    const { conflict } = this;
    if (conflict === undefined) return;
    const values = toRow(typeof how === "function" ? how(conflict) : conflict[how]);
    const settled = typeof how === "function" ? Object.keys(values) : conflict.columns;
    const columns = column === undefined ? settled : settled.filter((name) => name === column);
    selfOf(this).#settle(this, columns, values);
  }

  /**
   * Sends what was edited and takes over the master's answer. Without edits, or with those that the master holds
   * already, nothing is sent. What is edited while the save is under way stays, to be saved next; after an error all
   * edits stay.
   *
   * A save is a patch on the condition that the edited columns still hold what they were read as. A table that filters
   * its writes itself (`MemTable`, `SqliteTable`, one that a `tableHandler` serves) decides that in one step; others read
   * the row just before they write it. A removed column is set to null where the table declares its columns. Where it
   * does not, or cannot patch, the row is read, merged and replaced; what others change between the two steps is
   * overwritten. Where writes wait, as offline, the replacement is sent later, and overwrites what others have changed until
   * then, in whatever column.
   *
   * @throws {RecordConflictError} if an edited column was changed meanwhile, to another value; nothing was written.
   * @throws {NotFoundError} if the row was deleted meanwhile, or has left the set.
   * @throws {ConflictError} that is `retriable` if the row changed again each time that it was sent.
   * @throws {UnsupportedError} if the table can neither look up a row nor filter its writes.
   */
  async save(options: WriteOptions = {}): Promise<void> {
    const self = selfOf(this);
    await self.#inTurn(options, () => self.#save(this, options));
  }

  /**
   * Reads the row from the master, whatever a cache holds, and keeps the edits: the other columns take the master's
   * values. A column changed on both sides is in `conflict` from then on. Answers whether the row still exists; if not,
   * nothing changes here.
   */
  async refresh(options: CallOptions = {}): Promise<boolean> {
    const self = selfOf(this);
    return await self.#inTurn(options, () => self.#refresh(this, options));
  }

  /** Removes the row, whatever it holds by now. */
  async delete(options: WriteOptions = {}): Promise<void> {
    const self = selfOf(this);
    await self.#inTurn(options, () => self.#table.delete(self.id, options));
  }

  /** Begins once the calls before it have settled. An aborted signal ends the wait for them. */
  async #inTurn<T>({ signal }: CallOptions, work: () => Promise<T>): Promise<T> {
    const before = this.#idle;
    const turn = (signal === undefined ? before : abortable(before, signal)).then(work);
    this.#idle = Promise.allSettled([before, turn]);
    return await turn;
  }

  async #save(shown: ActiveRecord<R>, options: WriteOptions): Promise<void> {
    const table = this.#table;
    for (let [saves, isFresh] = [0, false]; saves < MAX_SAVES;) {
      const edit = this.#edit(shown);
      if (edit === undefined) return;
      const replaces = isReplacement(edit, table);
      if (isFresh || !replaces) {
        const send = replaces ? sendRow : sendPatch;
        const answer = await send(table, this.id, edit, numbered(options, ++saves));
        if (answer !== undefined) return this.#take(shown, answer, edit);
      }
      isFresh = await this.#refresh(shown, options);
      if (!isFresh) throw new NotFoundError(`Cannot save ${this.#name}: there is no such row in this set`);
    }
    throw new ConflictError(`Cannot save ${this.#name}: it changed each time that it was sent`, { retriable: true });
  }

  /** What is to be sent. */
  #edit(shown: ActiveRecord<R>): RecordEdit | undefined {
    if (this.#state.base !== this.#state.theirs) this.#take(shown, this.#state.theirs);
    const row = rowIn(shown);
    const columns = this.#state.editedColumns(row);
    if (columns.length === 0) return undefined;
    const conflict = this.#state.conflict(row);
    if (conflict !== undefined) throw new RecordConflictError(this.#table.tableName, this.id, conflict);
    return { row, columns, base: this.#state.base };
  }

  async #refresh(shown: ActiveRecord<R>, { signal }: CallOptions): Promise<boolean> {
    const row = await this.#table.getValue(this.id, { signal, fresh: true });
    if (row !== undefined) this.#take(shown, row);
    return row !== undefined;
  }

  /** Takes over a row of the master, which may be the answer to an edit. */
  #take(shown: ActiveRecord<R>, row: Row, sent?: RecordEdit): void {
    const [state, mine] = [this.#state, toRow(shown.data)];
    const next = state.with(toRow(row), mine, sent?.row, sent?.columns);
    this.#show(shown, next, state.draft(next, mine, sent?.row));
  }

  /** Ends a conflict in some columns, with these values. */
  #settle(shown: ActiveRecord<R>, columns: readonly string[], values: Row): void {
    this.#show(shown, this.#state.settled(columns), replaced(toRow(shown.data), columns, values));
  }

  /** `shown` may be a `Proxy` around this record, which is to see what is set. */
  #show(shown: ActiveRecord<R>, state: RecordState, draft: Row): void {
    this.#state = state;
    const before = toRow(shown.data);
    const columns = columnsOf(before, draft).filter((column) => differs(column, before, draft));
    if (columns.length > 0 && !Object.isExtensible(shown.data)) shown.data = draftOf(draft);
    const data: Record<string, Value> = shown.data;
    for (const column of columns) {
      if (Object.hasOwn(draft, column)) setField(data, column, field(draft, column));
      else delete data[column];
    }
    // Last, so that a framework that reacts at once does not see half of it.
    shown.revision++;
  }

  get #name(): string {
    return `row ${describe(this.id)} of ${describe(this.#table.tableName)}`;
  }
}

function draftOf<R extends object>(row: Row): Draft<R> {
  return { ...toRow(row) } as Draft<R>; // The table says what type its rows have.
}

/** What a record holds now. The revision is read so that a framework sees what depends on it. */
function rowIn<R extends object>(record: ActiveRecord<R>): Row {
  void record.revision;
  return toRow(record.data);
}

/** A write that is not the same as the one before it has another key. */
function numbered(options: WriteOptions, count: number): WriteOptions {
  const { idempotencyKey: key } = options;
  return key === undefined || count === 1 ? options : { ...options, idempotencyKey: `${key}/${count}` };
}
