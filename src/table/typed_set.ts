import { andThen, isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { checkOptions } from "../base/check_options.ts";
import { describe } from "../base/describe.ts";
import { rememberSelf } from "../base/self.ts";
import { ActiveRecord } from "./active_record.ts";
import { CheckedRows, keptEntries, type Show } from "./checked_rows.ts";
import { EntityTable } from "./entity_table.ts";
import { InvalidAnswerError, UnsupportedError } from "./errors.ts";
import { InvalidRowError, type RowIssue } from "./invalid_row_error.ts";
import { generatedColumns } from "./master_columns.ts";
import { type Row, toRow } from "./row.ts";
import type { RowOf } from "./row_of.ts";
import type { RowEntry, Rows } from "./rows.ts";
import { checkSchema, type InferInput, type InferOutput, type RowSchema } from "./standard_schema.ts";
import { StoredForm } from "./stored_form.ts";
import type { CallOptions, TableLike, WriteOptions } from "./table_like.ts";

/** Options of `typed()`. */
export interface TypedOptions {
  /**
   * What becomes of a row of the master that does not keep to the schema: the read rejects with an `InvalidAnswerError`, which
   * is the default; the row is left out; or it is answered as it is, whatever its type says.
   */
  readonly onInvalidRow?: "reject" | "drop" | "keep" | undefined;
}

/** The columns of what a schema takes, of which a patch has some. */
export type TypedPatch<S extends RowSchema> = Partial<InferInput<S>>;

/**
 * A set whose rows keep to a schema: what is written is checked before it is sent, and what the master answers when it is
 * first read; a hit costs no check. Handles make it with `typed(schema)`. What is written has the type of the schema's input,
 * and what is read that of its output.
 *
 * A cache holds the rows as the master gave them, so no schema meets what another one made of a row.
 *
 * @example A schema written out; one of zod, valibot or arktype is passed in the same way
 * ```ts
 * import { LiveTable, MemCache, MemTable, type StandardSchema } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const Product: StandardSchema<{ price: number }> = {
 *   "~standard": {
 *     version: 1,
 *     vendor: "an example",
 *     validate: (value) => {
 *       const { price } = value as { price?: unknown };
 *       return typeof price === "number" ? { value: { price } } : { issues: [{ message: "No number", path: ["price"] }] };
 *     },
 *   },
 * };
 * const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
 * await using live = new LiveTable(master, "products", new MemCache());
 * const products = live.typed(Product);
 *
 * const price: number | undefined = (await products.get("a"))?.price; // it has its type
 * assert.equal(price, 2);
 * await assert.rejects(products.patch("a", JSON.parse('{ "price": "3" }')), { name: "InvalidRowError" });
 * ```
 */
export class TypedSet<S extends RowSchema = RowSchema> {
  /** The handle that reads and writes. */
  readonly table: TableLike;
  readonly #rows: CheckedRows;
  readonly #form: StoredForm;
  readonly #show: Show;
  readonly #held: HeldRows;
  /** The writes that are being checked, by row: the next one to the row is sent after them. */
  readonly #preparing = new Map<string, Promise<unknown>>();

  /** For this module alone: `typed()` makes it. */
  constructor(table: TableLike, schema: S, { onInvalidRow = "reject", ...others }: TypedOptions, held: HeldRows) {
    checkSchema(schema);
    checkOptions("typed()", others, []);
    this.table = table;
    this.#rows = checkedRows(schema, onInvalidRow);
    this.#form = new StoredForm(this.#rows);
    this.#show = showing(table, onInvalidRow);
    this.#held = held;
    rememberSelf(this, TypedSet);
  }

  /** The rows of the set, or of its page. */
  list(options?: CallOptions): Promise<Rows<InferOutput<S>>> {
    return this.#rows.list(this.table.listValues(options), this.#show) as Promise<Rows<InferOutput<S>>>; // As the schema says.
  }

  /** The row with this id; `undefined` if the set has none. */
  get(id: string, options?: CallOptions): Promise<RowOf<InferOutput<S>> | undefined> {
    const shown = this.#held.read(id, options).then((row) => row && this.#rows.shown(id, row, this.#show));
    return shown as Promise<RowOf<InferOutput<S>> | undefined>; // As for list().
  }

  /** Any row of the set with its id; `undefined` if there is none. */
  async getSome(options?: CallOptions): Promise<RowEntry<InferOutput<S>> | undefined> {
    const some = await this.table.getSomeValue(options);
    if (some === undefined) return undefined;
    const [id, row] = some;
    const shown = await this.#rows.shown(id, row, this.#show);
    if (shown === undefined) return (await this.list(options)).first();
    return [id, shown as RowOf<InferOutput<S>>]; // As for list().
  }

  /** Adds a row. If the id exists, nothing is overwritten and the stored row is the answer. */
  insert(id: string, row: InferInput<S>, options?: WriteOptions): Promise<RowOf<InferOutput<S>>> {
    const prepare = () => this.#form.ofRow(this.#what("insert", id), row);
    return this.#write(id, prepare, (form) => this.table.insertValue(id, form, options));
  }

  /**
   * Stores a row whether the id exists or not. Columns that are not in `row` go, except those that the schema does not know: so
   * the row is read first, as `getValue` does. What others change in these columns in between is overwritten.
   */
  replace(id: string, row: InferInput<S>, options?: WriteOptions): Promise<RowOf<InferOutput<S>>> {
    const prepare = () => this.#replacement(id, row, this.#current(id, options));
    return this.#write(id, prepare, (form) => this.table.replaceValue(id, form, options));
  }

  /**
   * Changes the given columns and answers with the whole row; a missing id is a `NotFoundError`. They are checked together with
   * the row's other columns if a cache has the row, and if not, each by itself: no row is read for it.
   */
  patch(id: string, partial: TypedPatch<S>, options?: WriteOptions): Promise<RowOf<InferOutput<S>>> {
    const prepare = () =>
      andThen(this.#held.row(id), (row) => this.#form.ofPatch(this.#what("patch", id), partial, row));
    return this.#write(id, prepare, (form) => this.table.patchValue(id, form, options));
  }

  /** Removes a row; a missing id is no error. */
  delete(id: string, options?: WriteOptions): Promise<void> {
    return this.#inOrder(id, () => undefined, () => this.table.delete(id, options));
  }

  /** Adds a row under a new id, which is the answer. Each call adds one more row. */
  async insertReturnId(row: InferInput<S>, options?: WriteOptions): Promise<string> {
    const form = this.#form.ofRow(`Cannot insert a row into ${describe(this.table.tableName)}`, row);
    return await this.table.insertReturnIdValue(isPromise(form) ? await form : form, options);
  }

  /** The row with this id, ready to be edited and saved; `undefined` if the set has none. What is saved is checked. */
  async getEntity(id: string, options?: CallOptions): Promise<ActiveRecord<InferOutput<S>> | undefined> {
    const row = await this.#held.read(id, options);
    return row && await this.#entity(id, row);
  }

  /** The rows of the set, or of its page, ready to be edited and saved. */
  async listEntities(options?: CallOptions): Promise<ActiveRecord<InferOutput<S>>[]> {
    const rows = await this.table.listValues(options);
    const entities = await Promise.all(keptEntries(rows).map(([id, row]) => this.#entity(id, row)));
    return entities.filter((entity) => entity !== undefined);
  }

  async #entity(id: string, row: Row): Promise<ActiveRecord<InferOutput<S>> | undefined> {
    const shown = await this.#rows.shown(id, row, this.#show);
    if (shown === undefined) return undefined;
    const table = new EntityTable(this.table, row, {
      show: (stored) => this.#answer(id, stored),
      patch: (partial, stored) => this.#form.ofPatch(this.#what("save", id), partial, stored),
      replace: (edited, stored) => this.#replacement(id, edited, stored),
    });
    // Of a table, a record uses what an EntityTable has. The row is as for list().
    return new ActiveRecord(table as unknown as TableLike<InferOutput<S>>, id, shown as RowOf<InferOutput<S>>);
  }

  /** A row as it is written in place of another one. */
  #replacement(id: string, row: unknown, current: MaybePromise<Row | undefined>): MaybePromise<Row> {
    return andThen(this.#form.ofRow(this.#what("replace", id), row), (form) =>
      andThen(current, (before) => {
        if (before === undefined) return form;
        return andThen(this.#form.unknownColumns(form, before), (columns) => {
          const generated = generatedColumns(this.table);
          const kept = columns.filter((column) => !generated.includes(column));
          return kept.length === 0 ? form : toRow({ ...form, ...picked(before, kept) });
        });
      }));
  }

  /** The row as it is before it is replaced, which may be outside of the set. */
  #current(id: string, options: CallOptions = {}): MaybePromise<Row | undefined> {
    return andThen(this.#held.row(id), (known) => {
      if (known !== undefined) return known;
      if (this.table.capabilities.get) return this.#held.whole().getValue(id, { signal: options.signal });
      throw new UnsupportedError(
        `${this.#what("replace", id)}: it cannot be looked up, and columns that the schema does not know would be lost`,
      );
    });
  }

  async #write(
    id: string,
    prepare: () => MaybePromise<Row>,
    send: (form: Row) => Promise<Row>,
  ): Promise<RowOf<InferOutput<S>>> {
    const answer = await this.#inOrder(id, prepare, send);
    return await this.#answer(id, answer) as RowOf<InferOutput<S>>; // As for list().
  }

  /** Sends a write once it is prepared, at once if it is; after those to the same row that were called before. */
  async #inOrder<P, A>(id: string, prepare: () => MaybePromise<P>, send: (prepared: P) => Promise<A>): Promise<A> {
    const before = this.#preparing.get(id);
    const prepared = before === undefined ? prepare() : before.then(prepare);
    if (!isPromise(prepared)) return await send(prepared);
    const sent = prepared.then((form) => [send(form)] as const); // In a list, since its answer is not waited for.
    const begun = sent.then(() => {}, () => {});
    this.#preparing.set(id, begun);
    begun.then(() => this.#preparing.get(id) === begun && this.#preparing.delete(id));
    const [answer] = await sent;
    return await answer;
  }

  /** The answer to a write. It is no row that could be left out. */
  #answer(id: string, row: Row): MaybePromise<Row> {
    return andThen(this.#rows.shown(id, row, this.#show), (shown) => {
      if (shown !== undefined) return shown;
      throw invalidAnswer(this.table, id, []);
    });
  }

  #what(verb: string, id: string): string {
    return `Cannot ${verb} row ${describe(id)} of ${describe(this.table.tableName)}`;
  }
}

/** What a set needs of its handle besides the verbs. */
export interface HeldRows {
  /** The same as `getValue`, of a row that need not be a copy. */
  readonly read: (id: string, options?: CallOptions) => Promise<Row | undefined>;
  /** The row that is known without asking the master. */
  readonly row: (id: string) => MaybePromise<Row | undefined>;
  /** All rows among which a row is replaced that is named by its id. */
  readonly whole: () => TableLike;
}

type OnInvalidRow = NonNullable<TypedOptions["onInvalidRow"]>;

const WAYS: readonly OnInvalidRow[] = ["reject", "drop", "keep"];

const known = new WeakMap<RowSchema, Map<OnInvalidRow, CheckedRows>>();

/** What a schema has made of rows so far: the same for all sets, so that it costs nothing to make one more. */
function checkedRows(schema: RowSchema, onInvalidRow: OnInvalidRow): CheckedRows {
  if (!WAYS.includes(onInvalidRow)) {
    throw new RangeError(`onInvalidRow must be "reject", "drop" or "keep", got ${describe(onInvalidRow)}`);
  }
  const byWay = known.get(schema) ?? new Map<OnInvalidRow, CheckedRows>();
  const rows = byWay.get(onInvalidRow) ?? new CheckedRows(schema);
  known.set(schema, byWay.set(onInvalidRow, rows));
  return rows;
}

function showing(table: TableLike, onInvalidRow: OnInvalidRow): Show {
  return ({ output, issues }, row, id) => {
    if (output !== undefined || onInvalidRow === "drop") return output;
    if (onInvalidRow === "keep") return row;
    throw invalidAnswer(table, id, issues);
  };
}

function invalidAnswer({ tableName }: TableLike, id: string, issues: readonly RowIssue[]): InvalidAnswerError {
  const what = `Row ${describe(id)} of ${describe(tableName)} does not keep to the schema`;
  const cause = new InvalidRowError(what, issues);
  return new InvalidAnswerError(cause.message, { cause });
}

function picked(row: Row, columns: readonly string[]): Row {
  return Object.fromEntries(columns.map((column) => [column, row[column] ?? null]));
}
