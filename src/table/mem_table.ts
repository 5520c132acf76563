import { checkOptions } from "../base/check_options.ts";
import { ConflictError, NotFoundError } from "./errors.ts";
import { settled, type SourceWrite, writeOne, type WriteResult } from "./many_writes.ts";
import { evaluateQuery, rowMatches } from "./evaluate_query.ts";
import { OPERATORS } from "./query.ts";
import { describe } from "../base/describe.ts";
import { frozenRow, type Row, toRow } from "./row.ts";
import { givenId, hasOtherId } from "./row_id.ts";
import type { Refs } from "./relation.ts";
import type { ColumnName } from "./row_of.ts";
import { type RowEntry, Rows, rowsOf } from "./rows.ts";
import { Table } from "./table.ts";
import type { Capabilities, Column } from "./table_like.ts";
import type { WriteAnswer } from "./write_op.ts";
import { type SourceCall, sourceOf, type SourceRow, type TableSource } from "./table_source.ts";

/** Options of a {@linkcode MemTable}. */
export interface MemTableOptions<R extends object = Row> {
  /** What it holds at first: rows under their ids. */
  readonly rows?: Iterable<readonly [id: string, row: SourceRow<R>]> | undefined;
  /** Its columns, if conditions on others are to be refused. */
  readonly columns?: readonly Column[] | undefined;
  /** The column that holds the id, if one does; rows that lack it are given it. */
  readonly idField?: ColumnName<NoInfer<R>> | undefined;
  /** Related tables by name, as in a `TableSource`. */
  readonly refs?: Refs | undefined;
}

/**
 * A table in memory, in the order of insertion. Good as a master for tests and for data that is made on the spot.
 *
 * @example A table of two rows
 * ```ts
 * import { MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const products = new MemTable("products", { rows: [["a", { name: "Bun" }], ["b", { name: "Roll" }]] });
 *
 * await products.patchValue("b", { price: 2 });
 *
 * assert.deepEqual(await products.getValue("b"), { name: "Roll", price: 2 });
 * ```
 */
export class MemTable<R extends object = Row> extends Table<R> {
  /** A table that holds copies of the given rows. */
  constructor(name: string, options: MemTableOptions<R> = {}) {
    checkOptions("a MemTable", options, ["rows", "columns", "idField", "refs"]);
    super(sourceOf(new MemSource(name, options as MemTableOptions))); // Its rows are copied and checked.
  }
}

const CAPABILITIES: Partial<Capabilities> = {
  page: true,
  where: OPERATORS,
  orderBy: true,
  search: true,
  exact: true,
  sameRows: true,
};

class MemSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly refs: Refs | undefined;
  readonly capabilities: Partial<Capabilities> = CAPABILITIES;
  readonly scoped = true;
  readonly #rows = new Map<string, Row>();
  #lastId = 0;

  constructor(name: string, { rows = [], columns = [], idField, refs }: MemTableOptions) {
    this.name = name;
    this.columns = columns;
    this.idField = idField;
    this.refs = refs;
    for (const [id, row] of Rows.from(rows)) {
      if (idField !== undefined && hasOtherId(row, idField, id)) {
        throw new TypeError(`Row ${describe(id)} for ${describe(name)} has another id in ${describe(idField)}`);
      }
      this.#store(id, toRow(row));
    }
  }

  list({ query }: SourceCall): Rows {
    const entries: readonly RowEntry[] = evaluateQuery([...this.#rows], query, this.columns);
    return rowsOf(new Map(entries));
  }

  get(id: string, call: SourceCall): Row | undefined {
    return this.#find(id, call);
  }

  count({ query }: SourceCall): number {
    return evaluateQuery([...this.#rows], query, this.columns).length;
  }

  insert(id: string, row: Row): Row {
    return this.#rows.get(id) ?? this.#store(id, row);
  }

  replace(id: string, row: Row): Row {
    return this.#store(id, row);
  }

  patch(id: string, partial: Row, call: SourceCall): Row {
    const row = this.#find(id, call);
    if (row === undefined) {
      throw new NotFoundError(`Cannot patch row ${describe(id)}: ${describe(this.name)} has no such row`);
    }
    return this.#store(id, frozenRow({ ...row, ...partial }));
  }

  delete(id: string, call: SourceCall): void {
    if (this.#find(id, call) !== undefined) this.#rows.delete(id);
  }

  deleteAll({ query }: SourceCall): void {
    for (const [id] of evaluateQuery([...this.#rows], query, this.columns)) this.#rows.delete(id);
  }

  insertReturnId(row: Row, { newId }: SourceCall): string {
    const given = givenId(row, this.idField);
    if (given !== undefined && this.#rows.has(given)) {
      throw new ConflictError(`Cannot insert into ${describe(this.name)}: the id ${describe(given)} exists`);
    }
    const id = given ?? newId ?? this.#newId();
    if (!this.#rows.has(id)) this.#store(id, row);
    return id;
  }

  writeMany(writes: readonly SourceWrite[]): readonly WriteResult[] {
    return writes.map((write) => settled(() => writeOne(this, write) as WriteAnswer)); // Its functions answer at once.
  }

  #find(id: string, { query }: SourceCall): Row | undefined {
    const row = this.#rows.get(id);
    return row !== undefined && rowMatches(row, query, this.columns) ? row : undefined;
  }

  /** Keeps the row itself: a `Table` passes copies to its source, and copies its answers. */
  #store(id: string, row: Row): Row {
    const { idField } = this;
    const stored = idField === undefined || Object.hasOwn(row, idField) ? row : frozenRow({ [idField]: id, ...row });
    this.#rows.set(id, stored);
    return stored;
  }

  #newId(): string {
    do this.#lastId++; while (this.#rows.has(String(this.#lastId)));
    return String(this.#lastId);
  }
}
