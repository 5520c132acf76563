import type { MaybePromise } from "../base/maybe_promise.ts";
import { field, type Row } from "./row.ts";
import type { Query } from "./query.ts";
import type { CallOptions, Capabilities, Column, TableLike, WriteOptions } from "./table_like.ts";

/** How rows are shown and written that keep to a schema. */
export interface EntityForms {
  /** What the schema makes of a row of the master. */
  readonly show: (row: Row) => MaybePromise<Row>;
  /** Edited columns of `row` as they are written. */
  readonly patch: (partial: Row, row: Row) => MaybePromise<Row>;
  /** A whole row as it is written in place of `row`. */
  readonly replace: (edited: Row, row: Row) => MaybePromise<Row>;
}

/** What a record needs of its table, for one row that it edits as the schema's output. The master's row is kept beside it. */
export class EntityTable {
  readonly #table: TableLike;
  readonly #forms: EntityForms;
  /** As the master last gave it. */
  #row: Row;

  constructor(table: TableLike, row: Row, forms: EntityForms) {
    this.#table = table;
    this.#row = row;
    this.#forms = forms;
  }

  get tableName(): string {
    return this.#table.tableName;
  }

  get columns(): readonly Column[] {
    return this.#table.columns;
  }

  get idField(): string | undefined {
    return this.#table.idField;
  }

  get capabilities(): Capabilities {
    return this.#table.capabilities;
  }

  get query(): Query {
    return this.#table.query;
  }

  /** The set on the condition that columns hold what they were read as: what the master holds there, not what is shown. */
  withQuery(query: Query): Pick<TableLike, "patchValue"> {
    const { where: own = [] } = this.#table.query;
    const added = (query.where ?? []).slice(own.length);
    const where = [...own, ...added.map(([column]) => [column, "eq", field(this.#row, column)] as const)];
    const table = this.#table.withQuery({ ...query, where });
    return { patchValue: (id, partial, options) => this.#patch(table, id, partial, options) };
  }

  async getValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    const row = await this.#table.getValue(id, options);
    return row && await this.#take(row);
  }

  async replaceValue(id: string, edited: Row, options?: WriteOptions): Promise<Row> {
    const form = await this.#forms.replace(edited, this.#row);
    return await this.#take(await this.#table.replaceValue(id, form, options));
  }

  delete(id: string, options?: WriteOptions): Promise<void> {
    return this.#table.delete(id, options);
  }

  async #patch(table: TableLike, id: string, partial: Row, options?: WriteOptions): Promise<Row> {
    const form = await this.#forms.patch(partial, this.#row);
    return await this.#take(await table.patchValue(id, form, options));
  }

  #take(row: Row): MaybePromise<Row> {
    this.#row = row;
    return this.#forms.show(row);
  }
}
