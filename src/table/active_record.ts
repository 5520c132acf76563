import { field, type Row, sameValue, setField, toRow, type Value } from "./row.ts";
import type { RowOf } from "./row_of.ts";
import { rememberSelf, selfOf } from "../base/self.ts";
import type { CallOptions, TableLike, WriteOptions } from "./table_like.ts";

/** A row of type `R` whose columns can be set; what a column holds stays readonly. */
export type Draft<R extends object = Row> = { -readonly [C in keyof RowOf<R>]: RowOf<R>[C] };

/**
 * A row that can be edited: change `data`, then `save()`. Only what changed is sent, so that two people who edit
 * different columns of one row do not undo each other's work.
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
 * await bun.save();
 *
 * assert.deepEqual(await products.getValue("a"), { name: "Bun", price: 3 });
 * ```
 */
export class ActiveRecord<R extends object = Row> {
  /** The row's id. */
  readonly id: string;
  /** The row as edited so far. */
  data: Draft<R>;
  readonly #table: TableLike;
  #stored: Row;

  /** A record of `table` that holds `row` under `id`. */
  constructor(table: TableLike<R>, id: string, row: RowOf<R>) {
    this.#table = table;
    this.id = id;
    this.#stored = toRow(row);
    this.data = draftOf(this.#stored);
    rememberSelf(this);
  }

  /** The columns that differ from what was last read or saved. */
  changedColumns(): string[] {
    return differingColumns(selfOf(this).#stored, toRow(this.data));
  }

  /**
   * Sends what changed and takes over the master's answer: a patch, or a replacement if columns were taken away.
   * Without changes nothing is sent. What is edited while it is on its way stays, to be saved next.
   *
   * @throws {NotFoundError} if the row has been deleted meanwhile.
   */
  async save(options?: WriteOptions): Promise<void> {
    const self = selfOf(this);
    const changed = this.changedColumns();
    if (changed.length === 0) return;
    const current = toRow(this.data);
    const removed = changed.some((column) => !Object.hasOwn(current, column));
    const partial = Object.fromEntries(changed.map((column) => [column, field(current, column)]));
    const row = removed
      ? await self.#table.replaceValue(this.id, current, options)
      : await self.#table.patchValue(this.id, partial, options);
    const edited = toRow(this.data);
    this.data = self.#take(row);
    const data: Record<string, Value> = this.data;
    for (const column of differingColumns(current, edited)) {
      if (Object.hasOwn(edited, column)) setField(data, column, field(edited, column));
      else delete data[column];
    }
  }

  /** Reads the row again, and drops unsaved changes. Answers whether the row still exists. */
  async reload(options?: CallOptions): Promise<boolean> {
    const self = selfOf(this);
    const row = await self.#table.getValue(this.id, options);
    if (row !== undefined) this.data = self.#take(row);
    return row !== undefined;
  }

  /** Removes the row. */
  delete(options?: WriteOptions): Promise<void> {
    return selfOf(this).#table.delete(this.id, options);
  }

  /** Takes over what is stored, and answers with the data to edit, which a `Proxy` is to see set. */
  #take(row: Row): Draft<R> {
    this.#stored = toRow(row);
    return draftOf(row);
  }
}

function draftOf<R extends object>(row: Row): Draft<R> {
  return { ...toRow(row) } as Draft<R>; // The table says what type its rows have.
}

function differingColumns(one: Row, other: Row): string[] {
  const columns = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...columns].filter((column) =>
    Object.hasOwn(one, column) !== Object.hasOwn(other, column) ||
    !sameValue(field(one, column), field(other, column))
  );
}
