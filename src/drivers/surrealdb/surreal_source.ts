import { checkOptions } from "../../base/check_options.ts";
import { checkPort } from "../../base/check_port.ts";
import { describe } from "../../base/describe.ts";
import { InvalidAnswerError } from "../../table/errors.ts";
import type { SourceWrite, WriteResult } from "../../table/many_writes.ts";
import { OPERATORS, type Query } from "../../table/query.ts";
import type { Refs } from "../../table/relation.ts";
import { isPlainObject, type Row } from "../../table/row.ts";
import { Rows } from "../../table/rows.ts";
import type { Capabilities, Column } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import { NO_WRITES } from "../../table/verbs.ts";
import type { WriteAnswer, WriteOp } from "../../table/write_op.ts";
import { answered, askOne } from "./surreal_answers.ts";
import { checkColumns, columnsOf } from "./surreal_columns.ts";
import { type SurrealTarget, whereQl } from "./surreal_conditions.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { keyQl, recordQl } from "./surreal_ids.ts";
import { checkOrder, orderQl } from "./surreal_order.ts";
import { param, type Ql, ql } from "./surreal_ql.ts";
import { readSchema, type SurrealSchema } from "./surreal_schema.ts";
import { setOf } from "./surreal_set.ts";
import { rowOf } from "./surreal_values.ts";
import { SurrealWriter } from "./surreal_writer.ts";

/** Options of a `SurrealTable`. */
export interface SurrealTableOptions {
  /**
   * The types of columns, in SurrealQL, such as `{ owner: "record<person>" }`: for columns that are not defined in the
   * database, and for users who may not read its definitions.
   */
  readonly fields?: Readonly<Record<string, string>> | undefined;
  /** The columns that name a row for users; default `name` or `title`, if there is one. */
  readonly titleFields?: readonly string[] | undefined;
  /** The columns to search; default all of type `string`, and in a table without a schema all texts of a row. */
  readonly searchFields?: readonly string[] | undefined;
  /**
   * How decimals are read: as texts with all their digits (default), which cannot be ordered by, or as the nearest numbers
   * that JavaScript has.
   */
  readonly decimals?: "text" | "number" | undefined;
  /** Related tables by name. */
  readonly refs?: Refs | undefined;
}

/** Reads and writes one table with SurrealQL. */
export class SurrealSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField = "id";
  readonly capabilities: Partial<Capabilities>;
  readonly refs: Refs;
  readonly scoped = true;
  readonly checksIds = true;
  readonly #db: SurrealHandle;
  readonly #target: SurrealTarget;
  readonly #writer: SurrealWriter;

  private constructor(db: SurrealHandle, schema: SurrealSchema, options: SurrealTableOptions) {
    const names = schema.columns.map((column) => column.name);
    const titles = options.titleFields ?? names.filter((name) => name === "name" || name === "title").slice(0, 1);
    const texts = schema.columns.filter(({ type }) => type.kind === "string").map((column) => column.name);
    const searchFields = options.searchFields ?? (schema.isOpen ? undefined : texts);
    if (!schema.isOpen) checkColumns([...titles, ...searchFields ?? []], schema);
    this.#db = db;
    this.#target = { schema, searchFields };
    this.#writer = new SurrealWriter(db, schema, (query) => whereQl(query, this.#target));
    this.name = schema.name;
    this.columns = schema.isOpen ? [] : columnsOf(schema, { titles, searchFields: searchFields ?? [] });
    const queries = { page: true, where: OPERATORS, orderBy: true, search: true, exact: true, sameRows: true };
    this.capabilities = schema.isView ? { ...queries, ...NO_WRITES, writeMany: false } : queries;
    this.refs = options.refs ?? {};
  }

  /** Reads the definition of a table, and makes a source of it. */
  static async open(db: SurrealHandle, name: string, options: SurrealTableOptions): Promise<SurrealSource> {
    checkOptions("a SurrealTable", options, ["fields", "titleFields", "searchFields", "decimals", "refs"]);
    checkPort("The client of a SurrealTable", "a connected Surreal of the npm package surrealdb", db, ["query"]);
    const { decimals = "text" } = options;
    if (decimals !== "text" && decimals !== "number") {
      throw new TypeError(`decimals must be "text" or "number", got ${describe(decimals)}`);
    }
    if (typeof name !== "string" || name === "") throw new TypeError(`A table has a name, got ${describe(name)}`);
    const schema = await answered(`open ${describe(name)}`, () => readSchema(db, name, options));
    return new SurrealSource(db, schema, options);
  }

  list({ query }: SourceCall): Promise<Rows> {
    return this.#do("list rows", async () => {
      const { schema } = this.#target;
      const { from, filter } = this.#set(query);
      const order = orderQl(query, schema);
      const page = query.pagination;
      const limit = page === undefined
        ? ql``
        : ql` LIMIT ${param(page.limit)} START ${param(Math.min(page.skip, MAX_SKIP))}`;
      const select = ql`SELECT *${order.selected}${order.omitted} FROM ${from}${filter}`;
      const found = recordsOf(await askOne(this.#db, ql`${select} ORDER BY ${order.terms}${limit}`)).map((record) =>
        rowOf(record, schema)
      );
      checkOrder(found, query);
      return Rows.from(found.map(({ id, row }) => [id, row] as const));
    });
  }

  get(id: string, { query }: SourceCall): Promise<Row | undefined> {
    return this.#do(`read row ${describe(id)}`, async () => {
      const { schema } = this.#target;
      const key = keyQl(id, schema.idType);
      if (key === undefined) return undefined;
      const record = recordQl(schema.name, key);
      const found = await askOne(this.#db, ql`SELECT * FROM ONLY ${record}${this.#filter(query)}`);
      return found === undefined || found === null ? undefined : rowOf(found, schema).row;
    });
  }

  count({ query }: SourceCall): Promise<number> {
    return this.#do("count rows", async () => {
      const { from, filter } = this.#set(query);
      const [counted] = recordsOf(await askOne(this.#db, ql`SELECT count() FROM ${from}${filter} GROUP ALL`));
      return isPlainObject(counted) ? Number(counted.count) : 0;
    });
  }

  insert(id: string, row: Row): Promise<Row> {
    return this.#write({ kind: "insert", id, row }, {}) as Promise<Row>; // As planOf reads it.
  }

  replace(id: string, row: Row): Promise<Row> {
    return this.#write({ kind: "replace", id, row }, {}) as Promise<Row>; // As above.
  }

  patch(id: string, partial: Row, { query }: SourceCall): Promise<Row> {
    return this.#write({ kind: "patch", id, partial }, query) as Promise<Row>; // As above.
  }

  delete(id: string, { query }: SourceCall): Promise<void> {
    return this.#write({ kind: "delete", id }, query) as Promise<void>; // As above.
  }

  deleteAll({ query }: SourceCall): Promise<void> {
    return this.#write({ kind: "deleteAll" }, query) as Promise<void>; // As above.
  }

  insertReturnId(row: Row, { newId }: SourceCall): Promise<string> {
    return this.#write({ kind: "insertReturnId", row }, {}, newId) as Promise<string>; // As above.
  }

  writeMany(writes: readonly SourceWrite[]): Promise<readonly WriteResult[]> {
    return this.#writer.writeMany(writes);
  }

  #write(op: WriteOp, query: Query, newId?: string): Promise<WriteAnswer> {
    return this.#writer.write({ op, query, newId });
  }

  #set(query: Query): { readonly from: Ql; readonly filter: Ql } {
    const { from, rest } = setOf(query, this.#target.schema);
    return { from, filter: this.#filter({ ...query, where: rest }) };
  }

  #filter(query: Query): Ql {
    const where = whereQl(query, this.#target);
    return where === undefined ? ql`` : ql` WHERE ${where}`;
  }

  #do<T>(what: string, work: () => Promise<T>): Promise<T> {
    return answered(`${what} of ${describe(this.name)}`, work);
  }
}

/** A page far beyond all rows is as empty as any. */
const MAX_SKIP = 2 ** 40;

function recordsOf(result: unknown): readonly unknown[] {
  if (Array.isArray(result)) return result;
  throw new InvalidAnswerError(`SurrealDB answered with ${describe(result)} where rows were meant`);
}
