import { quoteName, type SqliteRow, type SqliteStatements, type SqliteValue } from "../sqlite/sqlite_handle.ts";
import { ConflictError, NotFoundError, RejectedError, UnsupportedError } from "../table/errors.ts";
import { OPERATORS } from "../table/query.ts";
import { isBytes } from "../table/realm.ts";
import { describe, field, type Row, setField, type Value } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import { Table } from "../table/table.ts";
import type { Capabilities, Column, ColumnFlag, TableLike } from "../table/table_like.ts";
import { NO_WRITES } from "../table/source_capabilities.ts";
import type { SourceCall, TableSource } from "../table/table_source.ts";
import { mayComeFromTrigger, refusal } from "./sqlite_errors.ts";
import { joinParams, orderSql, pageSql, type Sql, whereSql } from "./sqlite_query.ts";
import { readSchema, type SqliteColumn, type SqliteSchema } from "./sqlite_schema.ts";
import { fromSqlite, keepsId, toSqlite } from "./sqlite_values.ts";

/** Options of a `SqliteTable`. */
export interface SqliteTableOptions {
  /** The column that holds the id; default the primary key, if that is a single column. */
  readonly idField?: string | undefined;
  /** The columns that name a row for people; default `name` or `title`, if there is one. */
  readonly titleFields?: readonly string[] | undefined;
  /** The columns that are searched; default all columns of text. */
  readonly searchFields?: readonly string[] | undefined;
  /** More related tables by name, besides those that foreign keys point to. */
  readonly refs?: Readonly<Record<string, () => TableLike>> | undefined;
}

/** The SQL of one table. */
export class SqliteSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string;
  readonly capabilities: Partial<Capabilities>;
  readonly refs: Readonly<Record<string, () => TableLike>>;
  readonly scoped = true;
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #searchFields: readonly string[];
  readonly #select: string;

  constructor(db: SqliteStatements, name: string, options: SqliteTableOptions, opened: Map<string, Table>) {
    const schema = readSchema(db, name, options.idField);
    const titles = options.titleFields ?? defaultTitles(schema);
    const searched = options.searchFields ?? defaultSearched(schema);
    checkColumns([...titles, ...searched], schema);
    this.#db = db;
    this.#schema = schema;
    this.#searchFields = searched;
    this.#select = schema.columns.map((column) => quoteName(column.name)).join(", ");
    this.name = name;
    this.idField = schema.key.name;
    this.columns = schema.columns.map((column) => ({
      name: column.name,
      type: column.type,
      flags: flagsOf(column, schema, titles, searched),
    }));
    this.capabilities = { page: true, where: OPERATORS, orderBy: true, search: true, ...(schema.isView && NO_WRITES) };
    opened.set(name, new Table(this));
    this.refs = { ...referencedTables(db, schema, opened), ...options.refs };
  }

  list({ query }: SourceCall): Rows {
    const where = this.#where(query);
    const page = pageSql(query);
    const sql = `SELECT ${this.#select} FROM ${this.#table}${where.text}${orderSql(query, this.#schema)}${page.text}`;
    const found = this.#db.all(sql, joinParams(where.params, page.params));
    return rowsOf(new Map(found.map((raw) => [this.#idOf(raw), this.#rowOf(raw)])));
  }

  get(id: string, { query }: SourceCall): Row | undefined {
    const where = this.#where(query, id);
    const raw = this.#db.get(`SELECT ${this.#select} FROM ${this.#table}${where.text}`, joinParams(where.params));
    return raw && this.#rowOf(raw);
  }

  count({ query }: SourceCall): number {
    const where = this.#where(query);
    const sql = `SELECT count(*) AS n FROM ${this.#table}${where.text}`;
    return Number(this.#db.get(sql, joinParams(where.params))?.n);
  }

  insert(id: string, row: Row, call: SourceCall): Row {
    this.#checkId(id);
    const inserted = this.#insert({ ...row, [this.idField]: id }, "ON CONFLICT DO NOTHING");
    const stored = inserted === undefined ? this.get(id, { ...call, query: {} }) : this.#rowOf(inserted);
    if (stored !== undefined) return stored;
    throw new ConflictError(
      `Cannot insert row ${describe(id)} into ${describe(this.name)}: another row has one of its unique values`,
    );
  }

  replace(id: string, row: Row): Row {
    this.#checkId(id);
    const key = this.#schema.key;
    const given = { ...row, [key.name]: id };
    // A primary key beside the id is no content: taking it away would be to take the row away.
    const kept = (column: SqliteColumn): boolean => column.primary && !Object.hasOwn(row, column.name);
    const columns = this.#schema.columns.filter((column) => !column.generated && column !== key && !kept(column));
    const updates = columns.map((column) => {
      const name = quoteName(column.name);
      return `${name} = ${Object.hasOwn(given, column.name) ? `excluded.${name}` : `(${column.defaultSql ?? "NULL"})`}`;
    });
    const name = quoteName(key.name);
    if (updates.length === 0) updates.push(`${name} = excluded.${name}`);
    // A key with a collation of its own can collide with another id.
    const action = `DO UPDATE SET ${updates.join(", ")} WHERE ${this.#table}.${name} COLLATE BINARY = excluded.${name}`;
    const stored = this.#insert(given, `ON CONFLICT (${name}) ${action}`);
    if (stored !== undefined) return this.#rowOf(stored);
    throw new ConflictError(
      `Cannot replace row ${describe(id)} of ${describe(this.name)}: its key counts as that of another row`,
    );
  }

  patch(id: string, partial: Row, { query }: SourceCall): Row {
    const columns = this.#writable(partial);
    const where = this.#where(query, id);
    const set = columns.map(({ name }) => `${quoteName(name)} = ?`).join(", ");
    const sql = columns.length === 0
      ? `SELECT ${this.#select} FROM ${this.#table}${where.text}`
      : `UPDATE ${this.#table} SET ${set}${where.text} RETURNING ${this.#select}`;
    const raw = this.#write(sql, joinParams(this.#bind(columns, partial), where.params));
    if (raw === undefined) throw new NotFoundError(`${describe(this.name)} has no row ${describe(id)} in this set`);
    return this.#rowOf(raw);
  }

  delete(id: string, { query }: SourceCall): void {
    this.#remove(this.#where(query, id));
  }

  deleteAll({ query }: SourceCall): void {
    this.#remove(this.#where(query));
  }

  insertReturnId(row: Row): string {
    const { key, givesIds } = this.#schema;
    const given = field(row, key.name) !== null || givesIds || key.defaultSql !== undefined;
    const inserted = this.#insert(given ? row : { ...row, [key.name]: crypto.randomUUID() }, "");
    return this.#idOf(inserted ?? {});
  }

  get #table(): string {
    return quoteName(this.name);
  }

  #checkId(id: string): void {
    if (keepsId(id, this.#schema.key.type)) return;
    throw new RejectedError(
      `${describe(this.name)} cannot hold a row ${describe(id)}: its key is of type ${this.#schema.key.type}`,
    );
  }

  #where(query: SourceCall["query"], id?: string): Sql {
    return whereSql(query, this.#schema, this.#searchFields, id);
  }

  #insert(row: Row, onConflict: string): SqliteRow | undefined {
    const columns = this.#writable(row);
    const names = columns.map(({ name }) => quoteName(name)).join(", ");
    const values = columns.length === 0 ? "DEFAULT VALUES" : `(${names}) VALUES (${columns.map(() => "?").join(", ")})`;
    return this.#write(
      `INSERT INTO ${this.#table} ${values} ${onConflict} RETURNING ${this.#select}`,
      this.#bind(columns, row),
    );
  }

  #remove({ text, params }: Sql): void {
    const bound = joinParams(params);
    this.#refusing(() => this.#db.run(`DELETE FROM ${this.#table}${text}`, bound), true);
  }

  /** Runs a statement that answers with the row it wrote. */
  #write(sql: string, params: readonly SqliteValue[]): SqliteRow | undefined {
    return this.#refusing(() => this.#db.write(sql, params), false)[0];
  }

  #refusing<T>(write: () => T, deleting: boolean): T {
    try {
      return write();
    } catch (error) {
      if (mayComeFromTrigger(error, deleting) && this.#mayFailHalfway()) throw error;
      throw refusal(error, this.name);
    }
  }

  /** Whether anything in the database says `FAIL`, which leaves a statement half done. Looked at only after an error. */
  #mayFailHalfway(): boolean {
    try {
      const schema = this.#db.all("SELECT sql FROM sqlite_schema UNION ALL SELECT sql FROM sqlite_temp_schema");
      return schema.some(({ sql }) => /\bFAIL\b/i.test(String(sql)));
    } catch {
      // Nobody can tell, and the write's own error is the one to hear of.
      return true;
    }
  }

  #writable(row: Row): readonly SqliteColumn[] {
    const columns = this.#schema.columns.filter((column) => !column.generated);
    for (const name of Object.keys(row)) {
      if (columns.some((column) => column.name === name)) continue;
      const accepted = columns.map((column) => column.name).join(", ");
      throw new TypeError(
        `${describe(this.name)} has no column ${describe(name)} that can be written; accepted are ${accepted}`,
      );
    }
    return columns.filter((column) => Object.hasOwn(row, column.name));
  }

  #bind(columns: readonly SqliteColumn[], row: Row): SqliteValue[] {
    return columns.map(({ name, kind }) => toSqlite(field(row, name), name, kind));
  }

  #idOf(raw: SqliteRow): string {
    const id = fromSqlite(raw[this.idField] ?? null, "plain");
    if (isBytes(id) || id === null) {
      throw new TypeError(`A row of ${describe(this.name)} has the id ${describe(id)}`);
    }
    return String(id);
  }

  #rowOf(raw: SqliteRow): Row {
    const row: Record<string, Value> = {};
    for (const { name, kind } of this.#schema.columns) setField(row, name, fromSqlite(raw[name] ?? null, kind));
    return Object.freeze(row);
  }
}

/** The tables that foreign keys point to, read now so that `getRef` asks nobody. What cannot be a table is left out. */
function referencedTables(
  db: SqliteStatements,
  schema: SqliteSchema,
  opened: Map<string, Table>,
): Record<string, () => TableLike> {
  const refs: Record<string, () => TableLike> = {};
  for (const name of schema.references) {
    try {
      const table = opened.get(name) ?? new Table(new SqliteSource(db, name, {}, opened));
      refs[name] = () => table;
    } catch (error) {
      if (!(error instanceof NotFoundError || error instanceof UnsupportedError)) throw error;
    }
  }
  return refs;
}

function defaultTitles({ columns }: SqliteSchema): readonly string[] {
  return columns.map((column) => column.name).filter((name) => name === "name" || name === "title").slice(0, 1);
}

function defaultSearched({ columns }: SqliteSchema): readonly string[] {
  return columns.filter((column) => /CHAR|CLOB|TEXT/i.test(column.type)).map((column) => column.name);
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
  schema: SqliteSchema,
  titles: readonly string[],
  searched: readonly string[],
): readonly ColumnFlag[] {
  return [
    ...(column === schema.key ? ["id" as const] : []),
    ...(titles.includes(column.name) ? ["title" as const] : []),
    ...(searched.includes(column.name) ? ["searchable" as const] : []),
    ...(column.mandatory ? ["mandatory" as const] : []),
  ];
}
