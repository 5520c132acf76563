import type { Query } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { PatchOf, RowOf } from "../table/row_of.ts";
import type { RowEntry, Rows } from "../table/rows.ts";
import type { TableWrite, WriteResult } from "../table/many_writes.ts";
import { TableHandle } from "../table/table_handle.ts";
import type { CallOptions, Capabilities, Column, RefOptions, TableLike, WriteOptions } from "../table/table_like.ts";
import { describe } from "../base/describe.ts";
import { UnsupportedError } from "../table/errors.ts";
import { FaultPlan } from "./fault_plan.ts";
import { rememberSelf } from "../base/self.ts";

/** The operations of a table that call its backend. */
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
  | "insertReturnIdValue"
  | "writeMany";

/** Options of a {@linkcode FaultyTable}. */
export interface FaultyTableOptions {
  /**
   * Whether it does several writes in one call, where the inner table can; default `false`, so that each write is a call of
   * its own.
   */
  readonly writeMany?: boolean | undefined;
}

/**
 * A table whose calls can be counted, held and failed one by one, across all its handles. A call that fails `"after"`
 * its work has an effect but no answer, as when a connection drops.
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
export class FaultyTable<R extends object = Row> extends TableHandle<FaultyTable<R>, R> implements TableLike<R> {
  /** The planned faults, and the counts of calls. */
  readonly plan: FaultPlan<TableOp>;
  /** The options of every write, in order, for example to check idempotency keys. */
  readonly writeOptions: WriteOptions[];
  readonly #inner: TableLike<R>;
  readonly #options: FaultyTableOptions;

  /** A table that behaves like `inner`, except for planned faults; shares the plan of `origin` if that is given. */
  constructor(inner: TableLike<R>, options: FaultyTableOptions = {}, origin?: FaultyTable<R>) {
    super();
    rememberSelf(this, FaultyTable);
    this.#inner = inner;
    this.#options = options;
    this.plan = origin?.plan ?? new FaultPlan<TableOp>();
    this.writeOptions = origin?.writeOptions ?? [];
  }

  get tableName(): string {
    return this.#inner.tableName;
  }

  get columns(): readonly Column[] {
    return this.#inner.columns;
  }

  get idField(): string | undefined {
    return this.#inner.idField;
  }

  get refNames(): readonly string[] {
    return this.#inner.refNames;
  }

  get capabilities(): Capabilities {
    const { capabilities } = this.#inner;
    return { ...capabilities, writeMany: capabilities.writeMany && this.#options.writeMany === true };
  }

  get query(): Query {
    return this.#inner.query;
  }

  withQuery(query: Query): FaultyTable<R> {
    return new FaultyTable(this.#inner.withQuery(query), this.#options, this);
  }

  getRef(name: string, { from = this, to }: RefOptions = {}): TableLike {
    return this.#inner.getRef(name, { from, to });
  }

  async listValues(options?: CallOptions): Promise<Rows<R>> {
    return await this.plan.run("listValues", () => this.#inner.listValues(options));
  }

  async getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined> {
    return await this.plan.run("getValue", () => this.#inner.getValue(id, options));
  }

  async getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined> {
    return await this.plan.run("getSomeValue", () => this.#inner.getSomeValue(options));
  }

  async getCount(options?: CallOptions): Promise<number> {
    return await this.plan.run("getCount", () => this.#inner.getCount(options));
  }

  async insertValue(id: string, row: RowOf<R>, options: WriteOptions = {}): Promise<RowOf<R>> {
    return await this.#write("insertValue", options, () => this.#inner.insertValue(id, row, options));
  }

  async replaceValue(id: string, row: RowOf<R>, options: WriteOptions = {}): Promise<RowOf<R>> {
    return await this.#write("replaceValue", options, () => this.#inner.replaceValue(id, row, options));
  }

  async patchValue(id: string, partial: PatchOf<R>, options: WriteOptions = {}): Promise<RowOf<R>> {
    return await this.#write("patchValue", options, () => this.#inner.patchValue(id, partial, options));
  }

  async delete(id: string, options: WriteOptions = {}): Promise<void> {
    return await this.#write("delete", options, () => this.#inner.delete(id, options));
  }

  async deleteAll(options: WriteOptions = {}): Promise<void> {
    return await this.#write("deleteAll", options, () => this.#inner.deleteAll(options));
  }

  async insertReturnIdValue(row: RowOf<R>, options: WriteOptions = {}): Promise<string> {
    return await this.#write("insertReturnIdValue", options, () => this.#inner.insertReturnIdValue(row, options));
  }

  /** Does several writes in one call, where the inner table can. */
  async writeMany(writes: readonly TableWrite<R>[], options: CallOptions = {}): Promise<readonly WriteResult<R>[]> {
    return await this.#write("writeMany", options, () => {
      if (this.#inner.writeMany !== undefined) return this.#inner.writeMany(writes, options);
      throw new UnsupportedError(`${describe(this.tableName)} does not support writeMany`);
    });
  }

  async #write<T>(op: TableOp, options: WriteOptions, work: () => Promise<T>): Promise<T> {
    this.writeOptions.push(options);
    return await this.plan.run(op, work);
  }
}
