import type { Query } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { RowEntry, Rows } from "../table/rows.ts";
import { TableHandle } from "../table/table_handle.ts";
import type { CallOptions, Capabilities, Column, TableLike, WriteOptions } from "../table/table_like.ts";
import { FaultPlan } from "./fault_plan.ts";
import { rememberSelf } from "../base/self.ts";

/** The operations of a table that ask its backend. */
export type TableOp =
  | "listValues"
  | "getValue"
  | "getSomeValue"
  | "getCount"
  | "insertValue"
  | "replaceValue"
  | "patchValue"
  | "delete"
  | "deleteAll"
  | "insertReturnIdValue";

/**
 * A table whose calls can be counted, stopped and failed one by one, over all its handles. A call that is failed
 * `"after"` its work has an effect but no answer, as when a connection drops.
 *
 * @example A write whose answer is lost
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import { FaultyTable } from "@vantage/live/testing";
 * import assert from "node:assert/strict";
 *
 * const table = new FaultyTable(new MemTable("products"));
 * table.plan.fail("insertValue", new Error("connection lost"), "after");
 *
 * await assert.rejects(table.insertValue("a", { name: "Bun" }), /connection lost/);
 * assert.deepEqual(await table.getValue("a"), { name: "Bun" });
 * ```
 */
export class FaultyTable extends TableHandle<FaultyTable> {
  /** What is to go wrong, and what was called. */
  readonly plan: FaultPlan<TableOp>;
  /** The options of every write, in order: to see the idempotency keys. */
  readonly writeOptions: WriteOptions[];
  readonly #inner: TableLike;

  /** A table that does as `inner` does, but for what is planned; with the plan of another handle if one is given. */
  constructor(inner: TableLike, origin?: FaultyTable) {
    super();
    rememberSelf(this, FaultyTable);
    this.#inner = inner;
    this.plan = origin?.plan ?? new FaultPlan<TableOp>();
    this.writeOptions = origin?.writeOptions ?? [];
  }

  /** The table's name. */
  get tableName(): string {
    return this.#inner.tableName;
  }

  /** The columns, as far as the backend knows them; may be empty. */
  get columns(): readonly Column[] {
    return this.#inner.columns;
  }

  /** The column that holds the id, if one does. */
  get idField(): string | undefined {
    return this.#inner.idField;
  }

  /** The names that `getRef` knows. */
  get refNames(): readonly string[] {
    return this.#inner.refNames;
  }

  /** What the backend can do by itself. */
  get capabilities(): Capabilities {
    return this.#inner.capabilities;
  }

  /** How this handle is narrowed, ordered and paged. */
  get query(): Query {
    return this.#inner.query;
  }

  /** Another handle on the same table, with `query` in place of this handle's. */
  withQuery(query: Query): FaultyTable {
    return new FaultyTable(this.#inner.withQuery(query), this);
  }

  /** The related table of this name, without asking anybody. */
  getRef(name: string): TableLike {
    return this.#inner.getRef(name);
  }

  /** The rows of the set, or of its page if the handle has one, in the master's order. */
  async listValues(options?: CallOptions): Promise<Rows> {
    return await this.plan.run("listValues", () => this.#inner.listValues(options));
  }

  /** The row with this id; `undefined` if the set has none. */
  async getValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    return await this.plan.run("getValue", () => this.#inner.getValue(id, options));
  }

  /** Any row of the set with its id; `undefined` if there is none. */
  async getSomeValue(options?: CallOptions): Promise<RowEntry | undefined> {
    return await this.plan.run("getSomeValue", () => this.#inner.getSomeValue(options));
  }

  /** The size of the set; a page does not change it. */
  async getCount(options?: CallOptions): Promise<number> {
    return await this.plan.run("getCount", () => this.#inner.getCount(options));
  }

  /** Adds a row. If the id exists, nothing is overwritten and the stored row is the answer. */
  async insertValue(id: string, row: Row, options: WriteOptions = {}): Promise<Row> {
    return await this.#write("insertValue", options, () => this.#inner.insertValue(id, row, options));
  }

  /** Stores a row whether the id exists or not; columns that are not in `row` go. */
  async replaceValue(id: string, row: Row, options: WriteOptions = {}): Promise<Row> {
    return await this.#write("replaceValue", options, () => this.#inner.replaceValue(id, row, options));
  }

  /** Changes the given columns and answers with the whole row; a missing id is a `NotFoundError`. */
  async patchValue(id: string, partial: Row, options: WriteOptions = {}): Promise<Row> {
    return await this.#write("patchValue", options, () => this.#inner.patchValue(id, partial, options));
  }

  /** Removes a row; a missing id is no error. */
  async delete(id: string, options: WriteOptions = {}): Promise<void> {
    return await this.#write("delete", options, () => this.#inner.delete(id, options));
  }

  /** Removes the rows of this set, and no others. A page is not a set: `UnsupportedError`. */
  async deleteAll(options: WriteOptions = {}): Promise<void> {
    return await this.#write("deleteAll", options, () => this.#inner.deleteAll(options));
  }

  /** Adds a row under a new id, which is the answer. */
  async insertReturnIdValue(row: Row, options: WriteOptions = {}): Promise<string> {
    return await this.#write("insertReturnIdValue", options, () => this.#inner.insertReturnIdValue(row, options));
  }

  async #write<T>(op: TableOp, options: WriteOptions, work: () => Promise<T>): Promise<T> {
    this.writeOptions.push(options);
    return await this.plan.run(op, work);
  }
}
