import { quoteName, type SqliteStatements } from "./sqlite_handle.ts";
import { checkOptions } from "../../base/check_options.ts";
import { NotFoundError, UnsupportedError } from "../../table/errors.ts";
import { type SourceWrite, writeOne, type WriteResult } from "../../table/many_writes.ts";
import { OPERATORS } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { hasOne, type Ref, type Refs } from "../../table/relation.ts";
import type { Row } from "../../table/row.ts";
import { type Rows, rowsOf } from "../../table/rows.ts";
import { NO_WRITES } from "../../table/verbs.ts";
import { Table } from "../../table/table.ts";
import type { Capabilities, Column, ColumnFlag } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import type { WriteAnswer } from "../../table/write_op.ts";
import { joinParams, orderSql, pageSql, type Sql, whereSql } from "./sqlite_query.ts";
import { SqliteReader } from "./sqlite_reader.ts";
import { isSameName, readSchema, type SqliteColumn, type SqliteSchema } from "./sqlite_schema.ts";
import { SqliteWriter } from "./sqlite_writer.ts";

/** Options of a `SqliteTable`. */
export interface SqliteTableOptions {
  /**
   * The column or columns of the id; default the primary key, or else the rowid. Required for a view. Without a unique
   * index, each read checks that ids are unique.
   */
  readonly idField?: string | readonly string[] | undefined;
  /** The columns that name a row for users; default `name` or `title`, if there is one. */
  readonly titleFields?: readonly string[] | undefined;
  /** The columns to search; default all text columns, or those without a type if there are none. */
  readonly searchFields?: readonly string[] | undefined;
  /**
   * The columns whose values are returned as SQLite stores them, without conversion to booleans, dates or documents.
   */
  readonly plainFields?: readonly string[] | undefined;
  /** Additional related tables by name, besides those of foreign keys. */
  readonly refs?: Refs | undefined;
}

/** Reads and writes one table with SQL. */
export class SqliteSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly capabilities: Partial<Capabilities>;
  readonly refs: Refs;
  readonly scoped = true;
  readonly checksIds = true;
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #searchFields: readonly string[];
  readonly #reader: SqliteReader;
  readonly #writer: SqliteWriter;

  constructor(db: SqliteStatements, name: string, options: SqliteTableOptions, opened: Map<string, Table>) {
    checkOptions("a SqliteTable", options, ["idField", "titleFields", "searchFields", "plainFields", "refs"]);
    const schema = readSchema(db, name, options);
    const titles = options.titleFields ?? defaultTitles(schema);
    const searched = options.searchFields ?? defaultSearched(schema);
    checkColumns([...titles, ...searched, ...options.plainFields ?? []], schema);
    this.#db = db;
    this.#schema = schema;
    this.#searchFields = searched;
    this.#reader = new SqliteReader(db, schema);
    this.#writer = new SqliteWriter(db, schema, this.#reader, (query, id) => this.#where(query, id));
    this.name = schema.name;
    this.idField = schema.key.columns.length === 1 ? schema.key.columns[0]?.name : undefined;
    this.columns = schema.columns.map((column) => ({
      name: column.name,
      type: column.type,
      flags: flagsOf(column, schema, titles, searched),
    }));
    this.capabilities = { ...queriesOf(schema), ...writesOf(db, schema) };
    opened.set(name, new Table(this));
    this.refs = { ...referencedTables(db, schema, opened), ...options.refs };
  }

  list({ query }: SourceCall): Rows {
    const where = this.#where(query);
    const page = pageSql(query);
    if (query.pagination !== undefined) this.#reader.uniqueness.check(where);
    const order = orderSql(query, this.#schema);
    const found = this.#reader.all(where, { text: `${order}${page.text}`, params: page.params });
    const rows = new Map<string, Row>();
    for (const { id, row } of found) rows.set(id, row);
    if (rows.size < found.length) throw this.#reader.uniqueness.violated();
    return rowsOf(rows);
  }

  get(id: string, { query }: SourceCall): Row | undefined {
    return this.#reader.one(this.#where(query, id))?.row;
  }

  count({ query }: SourceCall): number {
    const where = this.#where(query);
    this.#reader.uniqueness.check(where);
    const sql = `SELECT count(*) AS n FROM ${this.#schema.from}${where.text}`;
    return Number(this.#db.get(sql, joinParams(where.params))?.n);
  }

  insert(id: string, row: Row): Row {
    return this.#writer.insert(id, row);
  }

  replace(id: string, row: Row): Row {
    return this.#writer.replace(id, row);
  }

  patch(id: string, partial: Row, { query }: SourceCall): Row {
    return this.#writer.patch(id, partial, query);
  }

  delete(id: string, { query }: SourceCall): void {
    this.#writer.delete(id, query);
  }

  deleteAll({ query }: SourceCall): void {
    this.#writer.deleteAll(query);
  }

  insertReturnId(row: Row, { newId }: SourceCall): string {
    return this.#writer.insertReturnId(row, newId);
  }

  writeMany(writes: readonly SourceWrite[]): readonly WriteResult[] {
    return this.#writer.writeEach(writes.map((write) => () => writeOne(this, write) as WriteAnswer)); // At once.
  }

  #where(query: SourceCall["query"], id?: string): Sql {
    return whereSql(query, this.#schema, this.#searchFields, id);
  }
}

/** SQLite orders texts in UTF-16 by their bytes, which is not character order. */
function queriesOf({ encoding }: SqliteSchema): Partial<Capabilities> {
  const always = { search: true, exact: true, sameRows: true };
  if (encoding === "UTF-8") return { ...always, page: true, where: OPERATORS, orderBy: true };
  return { ...always, page: false, where: ["eq", "ne", "in", "notIn", "isNull", "notNull"], orderBy: false };
}

/** A view supports only the writes that its triggers implement: others cannot be prepared. */
function writesOf(db: SqliteStatements, { type, sqlName, columns }: SqliteSchema): Partial<Capabilities> {
  if (type === "table") return {};
  if (type === "readonly") return { ...NO_WRITES, writeMany: false };
  const names = columns.map(({ name }) => quoteName(name));
  const insert = db.accepts(
    `INSERT INTO ${sqlName} (${names.join(", ")}) VALUES (${names.map(() => "NULL").join(", ")})`,
  );
  const patch = db.accepts(`UPDATE ${sqlName} SET ${names.map((name) => `${name} = NULL`).join(", ")}`);
  const remove = db.accepts(`DELETE FROM ${sqlName}`);
  return { ...NO_WRITES, insert, patch, replace: insert && patch, delete: remove, deleteAll: remove };
}

/**
 * The tables that foreign keys point to, read here so that `getRef` needs no I/O. References that cannot be a table are
 * skipped. Rows are linked by a key of one column that is the only one to its table.
 */
function referencedTables(
  db: SqliteStatements,
  schema: SqliteSchema,
  opened: Map<string, Table>,
): Refs {
  const refs: Record<string, Ref> = {};
  for (const { name, column, to } of schema.references) {
    try {
      const table = opened.get(name) ?? new Table(new SqliteSource(db, name, {}, opened));
      const isById = table.idField !== undefined && (to === undefined || isSameName(to, table.idField));
      refs[name] = column !== undefined && isById ? hasOne(() => table, column) : () => table;
    } catch (error) {
      if (!(error instanceof NotFoundError || error instanceof UnsupportedError)) throw error;
    }
  }
  return refs;
}

function defaultTitles({ columns }: SqliteSchema): readonly string[] {
  return columns.map((column) => column.name).filter((name) => name === "name" || name === "title").slice(0, 1);
}

/** The text columns, or else those without a type, as in a full-text table. */
function defaultSearched({ columns }: SqliteSchema): readonly string[] {
  const texts = columns.filter((column) => column.affinity === "text" && column.kind !== "json");
  const searched = texts.length > 0 ? texts : columns.filter((column) => column.type === "");
  return searched.map((column) => column.name);
}

function checkColumns(chosen: readonly string[], { name, columns }: SqliteSchema): void {
  const names = columns.map((column) => column.name);
  for (const column of chosen) {
    if (names.includes(column)) continue;
    throw new TypeError(`${describe(name)} has no column ${describe(column)}; accepted are ${names.join(", ")}`);
  }
}

function flagsOf(
  column: SqliteColumn,
  { key }: SqliteSchema,
  titles: readonly string[],
  searched: readonly string[],
): readonly ColumnFlag[] {
  return [
    ...(key.columns.includes(column) ? ["id" as const] : []),
    ...(titles.includes(column.name) ? ["title" as const] : []),
    ...(searched.includes(column.name) ? ["searchable" as const] : []),
    ...(column.mandatory ? ["mandatory" as const] : []),
    ...(column.generated ? ["generated" as const] : []),
  ];
}
