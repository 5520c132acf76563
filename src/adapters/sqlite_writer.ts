import { quoteName, type SqliteStatements, type SqliteValue } from "../sqlite/sqlite_handle.ts";
import { NotFoundError, RejectedError } from "../table/errors.ts";
import type { Query } from "../table/query.ts";
import { isBytes, isDate } from "../table/realm.ts";
import { describe, field, type Row, sameRow, sameValue, type Value } from "../table/row.ts";
import { type DateFormat, declaredFormat, readDate } from "./sqlite_dates.ts";
import { defaultExpression } from "./sqlite_defaults.ts";
import { refusal } from "./sqlite_errors.ts";
import { idOf, keepsPart, type KeyPart, keyParts, RawText, rowidIn } from "./sqlite_ids.ts";
import { joinParams, type Sql } from "./sqlite_query.ts";
import type { FoundRow, SqliteReader } from "./sqlite_reader.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { fromSqlite, toSqlite } from "./sqlite_values.ts";

/** SQL for a set of rows, narrowed to one id if there is one. */
export type SetSql = (query: Query, id?: string) => Sql;

/** One column with the SQL of what is to stand in it. */
interface Assignment {
  readonly column: SqliteColumn;
  readonly sql: string;
  readonly params: readonly SqliteValue[];
}

/** How many rows are looked at to see how a column's dates are written. */
const MAX_SAMPLE = 100;

/**
 * Writes rows. Each write is one transaction, or a part of its caller's: it reads what is there, changes it, reads what has
 * become of it through triggers and defaults, and is undone as a whole if that is not what was asked for.
 */
export class SqliteWriter {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #reader: SqliteReader;
  readonly #set: SetSql;
  readonly #formats = new Map<string, DateFormat>();

  constructor(db: SqliteStatements, schema: SqliteSchema, reader: SqliteReader, set: SetSql) {
    this.#db = db;
    this.#schema = schema;
    this.#reader = reader;
    this.#set = set;
  }

  insert(id: string, row: Row): Row {
    this.#checkColumns(row);
    return this.#write(`insert row ${describe(id)}`, () => {
      const there = this.#find(id);
      return there?.row ?? this.#insertAs(id, row);
    });
  }

  replace(id: string, row: Row): Row {
    this.#checkColumns(row);
    return this.#write(`replace row ${describe(id)}`, () => {
      const there = this.#find(id);
      if (there === undefined) return this.#insertAs(id, row);
      // A primary key beside the id is no content: taking it away would be to take the row away.
      const columns = this.#schema.columns.filter(({ name, primary }) => Object.hasOwn(row, name) || primary === 0);
      return this.#update(there, row, columns);
    });
  }

  patch(id: string, partial: Row, query: Query): Row {
    this.#checkColumns(partial);
    return this.#write(`patch row ${describe(id)}`, () => {
      const there = this.#reader.one(this.#set(query, id));
      if (there === undefined) {
        throw new NotFoundError(`${describe(this.#schema.name)} has no row ${describe(id)} in this set`);
      }
      return this.#update(there, partial, this.#schema.columns.filter(({ name }) => Object.hasOwn(partial, name)));
    });
  }

  delete(id: string, query: Query): void {
    this.#write(`delete row ${describe(id)}`, () => {
      const there = this.#reader.one(this.#set(query, id));
      if (there === undefined) return;
      this.#run(`DELETE FROM ${this.#schema.sqlName}`, this.#set({}, id));
      this.#checkGone([there], this.#set({}, id));
    });
  }

  deleteAll(query: Query): void {
    const where = this.#set(query);
    this.#write("delete the rows", () => {
      const before = this.#hasTriggers() ? this.#reader.all(where, NOTHING) : [];
      this.#run(`DELETE FROM ${this.#schema.sqlName}`, where);
      if (before.length > 0) this.#checkGone(before, where);
    });
  }

  insertReturnId(row: Row): string {
    this.#checkColumns(row);
    return this.#write("insert a row", () => {
      const assignments = [...this.#given(row), ...this.#newKey(row)];
      const { key } = this.#schema;
      const names = key.columns.map(({ name }) => quoteName(name));
      const parts = names.flatMap((
        name,
        at,
      ) => [`typeof(${name}) AS t${at}`, `CAST(${name} AS BLOB) AS b${at}`, `${name} AS v${at}`]);
      const number = key.rowid === undefined ? [] : [`${key.rowid} AS number`];
      const [inserted] = this.#insertRow(assignments, [...number, ...parts].join(", "));
      if (inserted === undefined) throw this.#ignored("insert a row");
      const where = key.rowid === undefined
        ? this.#set({}, idOf(this.#schema, names.map((_, at) => exactPart(inserted, at)), undefined))
        : { text: ` WHERE ${key.rowid} = ?`, params: [inserted.number ?? null] };
      const [stored] = this.#reader.all(where, NOTHING);
      if (stored === undefined) throw this.#ignored("insert a row");
      if (!key.unique && this.#find(stored.id) === undefined) throw this.#ignored("insert a row");
      return stored.id;
    });
  }

  #find(id: string): FoundRow | undefined {
    return this.#reader.one(this.#set({}, id));
  }

  #insertAs(id: string, row: Row): Row {
    const key = this.#keyAssignments(id, row);
    const given = this.#given(row).filter(({ column }) => !this.#schema.key.columns.includes(column));
    const number = rowidIn(this.#schema, id);
    const inserted = this.#insertRow([...key, ...given], "1", number);
    const stored = this.#find(id);
    if (stored === undefined) {
      throw inserted.length === 0 ? this.#ignored(`insert row ${describe(id)}`) : this.#elsewhere(id);
    }
    this.#checkGenerated(row, [stored.row]);
    return stored.row;
  }

  /** Changes what differs from what is there, and nothing else, so that all else stays byte for byte what it is. */
  #update(there: FoundRow, row: Row, columns: readonly SqliteColumn[]): Row {
    this.#checkKey(there, row);
    const assignments = columns
      .filter((column) => !column.generated && !this.#schema.key.columns.includes(column))
      .flatMap((column) => this.#change(column, row, there));
    if (assignments.length === 0) {
      this.#checkGenerated(row, [there.row]);
      return there.row;
    }
    const sets = assignments.map(({ column, sql }) => `${quoteName(column.name)} = ${sql}`).join(", ");
    const where = this.#set({}, there.id);
    const params = joinParams(assignments.flatMap((assignment) => assignment.params), where.params);
    const sql = `UPDATE ${this.#orAbort} ${this.#schema.sqlName} SET ${sets}${where.text} RETURNING 1 AS done`;
    const updated = this.#db.write(sql, params);
    const stored = this.#find(there.id);
    if (stored === undefined) throw this.#elsewhere(there.id);
    if (updated.length === 0 && sameRow(stored.row, there.row)) throw this.#ignored(`change row ${describe(there.id)}`);
    this.#checkGenerated(row, [there.row, stored.row]);
    return stored.row;
  }

  #change(column: SqliteColumn, row: Row, there: FoundRow): readonly Assignment[] {
    const { name, kind, defaultSql } = column;
    const stored = there.raw[name] ?? null;
    if (!Object.hasOwn(row, name)) {
      if (defaultSql === undefined && stored === null) return [];
      return [{ column, sql: defaultSql === undefined ? "NULL" : defaultExpression(defaultSql), params: [] }];
    }
    const value = field(row, name);
    if (sameValue(value, fromSqlite(stored, kind))) return [];
    return [this.#assign(column, value, stored)];
  }

  #assign(column: SqliteColumn, value: Value, stored: SqliteValue = null): Assignment {
    const { name, kind } = column;
    const format = kind === "date" && isDate(value) ? readDate(stored)?.format ?? this.#formatOf(column) : undefined;
    return { column, sql: "?", params: [toSqlite(value, name, kind, format)] };
  }

  #given(row: Row): readonly Assignment[] {
    return this.#schema.columns
      .filter((column) => !column.generated && Object.hasOwn(row, column.name))
      .map((column) => this.#assign(column, field(row, column.name)));
  }

  /** What the id says stands in the columns of the key. */
  #keyAssignments(id: string, row: Row): readonly Assignment[] {
    const { columns } = this.#schema.key;
    const parts = keyParts(this.#schema, id);
    if (parts === undefined) {
      if (columns.length === 0 && rowidIn(this.#schema, id) !== undefined) return [];
      throw this.#elsewhere(id);
    }
    return columns.flatMap((column, at): Assignment[] => {
      const part = parts[at] ?? null;
      this.#checkPart(id, column, part, row);
      if (!keepsPart(column, part)) throw this.#elsewhere(id);
      if (column.generated) return [];
      if (part instanceof RawText) return [{ column, sql: "CAST(? AS TEXT)", params: [part.bytes] }];
      return [{ column, sql: "?", params: [part] }];
    });
  }

  /** The columns of the key that the database does not fill by itself, for a row that is to have a new id. */
  #newKey(row: Row): readonly Assignment[] {
    const { columns, givesIds } = this.#schema.key;
    const [column, second] = columns;
    if (column === undefined || second !== undefined || givesIds || column.generated) return [];
    if (field(row, column.name) !== null || column.defaultSql !== undefined) return [];
    if (column.affinity !== "integer") return [{ column, sql: "?", params: [crypto.randomUUID()] }];
    const name = quoteName(column.name);
    const last = `SELECT max(${name}) FROM ${this.#schema.sqlName} WHERE typeof(${name}) = 'integer'`;
    return [{ column, sql: `coalesce((${last}), 0) + 1`, params: [] }];
  }

  #insertRow(
    assignments: readonly Assignment[],
    returning: string,
    number?: bigint,
  ): readonly Readonly<Record<string, SqliteValue>>[] {
    // The last of a column counts: a key that is made stands after the null that was given.
    const byName = new Map(assignments.map((assignment) => [quoteName(assignment.column.name), assignment]));
    const names = [...byName.keys()];
    const places = [...byName.values()].map(({ sql }) => sql);
    const params = [...byName.values()].flatMap((assignment) => assignment.params);
    if (number !== undefined && this.#schema.key.rowid !== undefined) {
      names.push(this.#schema.key.rowid);
      places.push("?");
      params.push(number);
    }
    const values = names.length === 0 ? "DEFAULT VALUES" : `(${names.join(", ")}) VALUES (${places.join(", ")})`;
    return this.#db.write(
      `INSERT ${this.#orAbort} INTO ${this.#schema.sqlName} ${values} RETURNING ${returning}`,
      joinParams(params),
    );
  }

  /** A constraint may say `ON CONFLICT REPLACE`; here it is to refuse. */
  get #orAbort(): string {
    return this.#schema.settlesConflicts ? "OR ABORT" : "";
  }

  #run(sql: string, where: Sql): void {
    this.#db.run(`${sql}${where.text}`, joinParams(where.params));
  }

  #write<T>(what: string, work: () => T): T {
    try {
      return this.#db.atomically(work);
    } catch (error) {
      throw refusal(error, `${what} of ${describe(this.#schema.name)}`);
    }
  }

  /** How the dates of a column are written: as the first that is found, else as its declaration tells. */
  #formatOf({ name, type, defaultSql }: SqliteColumn): DateFormat {
    const known = this.#formats.get(name);
    if (known !== undefined) return known;
    const column = quoteName(name);
    const sample = this.#db.all(
      `SELECT v FROM (SELECT ${column} AS v FROM ${this.#schema.sqlName} LIMIT ${MAX_SAMPLE}) WHERE v IS NOT NULL`,
    );
    const found = sample.map(({ v }) => readDate(v ?? null)?.format).find((format) => format !== undefined);
    if (found !== undefined) this.#formats.set(name, found);
    return found ?? declaredFormat(type, defaultSql);
  }

  #hasTriggers(): boolean {
    const [, schema = "main", name = ""] = /^"((?:[^"]|"")*)"\."((?:[^"]|"")*)"$/.exec(this.#schema.sqlName) ?? [];
    const triggers = `SELECT 1 FROM "${schema}".sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE`;
    const temporary = "SELECT 1 FROM sqlite_temp_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE";
    const table = name.replaceAll('""', '"');
    return this.#db.all(`${triggers} UNION ALL ${temporary} LIMIT 1`, [table, table]).length > 0;
  }

  /** A trigger may keep rows. One that changes them instead, as by marking them deleted, has its way. */
  #checkGone(before: readonly FoundRow[], where: Sql): void {
    const left = new Map(this.#reader.all(where, NOTHING).map(({ id, row }) => [id, row]));
    for (const { id, row } of before) {
      const after = left.get(id);
      if (after !== undefined && sameRow(after, row)) throw this.#ignored(`delete row ${describe(id)}`);
    }
  }

  #checkColumns(row: Row): void {
    for (const name of Object.keys(row)) {
      if (!this.#schema.columns.some((column) => column.name === name)) throw this.#notWritable(name);
    }
  }

  /** What the database computes cannot be written; a row that was read holds it all the same. */
  #checkGenerated(row: Row, rows: readonly Row[]): void {
    for (const { name, generated } of this.#schema.columns) {
      if (!generated || !Object.hasOwn(row, name)) continue;
      if (!rows.some((known) => sameValue(field(row, name), field(known, name)))) throw this.#notWritable(name);
    }
  }

  #notWritable(name: string): TypeError {
    const accepted = this.#schema.columns.filter((column) => !column.generated).map((column) => column.name).join(", ");
    return new TypeError(
      `${describe(this.#schema.name)} has no column ${describe(name)} that can be written; accepted are ${accepted}`,
    );
  }

  #checkKey({ id, raw }: FoundRow, row: Row): void {
    const parts = keyParts(this.#schema, id);
    for (const [at, column] of this.#schema.key.columns.entries()) {
      this.#checkPart(id, column, parts?.[at] ?? raw[column.name] ?? null, row);
    }
  }

  /** A row may hold its key, as it does when it is read, but no other. */
  #checkPart(id: string, { name, kind }: SqliteColumn, part: KeyPart, row: Row): void {
    if (!Object.hasOwn(row, name)) return;
    const given = field(row, name);
    if (part instanceof RawText) return;
    // A key of floats may hold what is an integer as an id.
    const sameNumber = typeof given === "number" && typeof part !== "string" && part == given;
    if (sameNumber || sameValue(given, fromSqlite(part, kind)) || String(given) === String(part)) return;
    throw new TypeError(`The row's ${describe(name)} is ${describe(given)}, but its id is ${describe(id)}`);
  }

  #ignored(what: string): RejectedError {
    return new RejectedError(`Cannot ${what} of ${describe(this.#schema.name)}: a trigger ignores it`);
  }

  #elsewhere(id: string): RejectedError {
    const types = this.#schema.key.columns.map(({ name, type }) => `${name} ${type}`.trim()).join(", ");
    return new RejectedError(
      `${describe(this.#schema.name)} cannot hold a row ${describe(id)}: its key (${
        types || "the row's number"
      }) or a trigger makes another of it`,
    );
  }
}

const NOTHING: Sql = { text: "", params: [] };

/** A part of a key as it was returned; a text whose driver cuts it is read from its bytes. */
function exactPart(returned: Readonly<Record<string, SqliteValue>>, at: number): KeyPart {
  const [type, bytes, value] = [returned[`t${at}`], returned[`b${at}`], returned[`v${at}`] ?? null];
  if (type !== "text" || !isBytes(bytes)) return value;
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return typeof value === "string" && text.startsWith(value) ? text : value;
}
