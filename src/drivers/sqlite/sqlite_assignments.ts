import { quoteName, type SqliteStatements, type SqliteValue } from "./sqlite_handle.ts";
import { RejectedError } from "../../table/errors.ts";
import { isDate } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import { MistakeError } from "../../table/mistake_error.ts";
import { field, type Row, sameValue, type Value } from "../../table/row.ts";
import { type DateFormat, declaredFormat, readDate } from "./sqlite_dates.ts";
import { defaultExpression } from "./sqlite_defaults.ts";
import { keepsPart, type KeyPart, keyParts, RawText, rowidIn } from "./sqlite_ids.ts";
import type { FoundRow } from "./sqlite_reader.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { fromSqlite, toSqlite } from "./sqlite_values.ts";
import { isStorable } from "./sqlite_text.ts";

/** A column and the SQL of its new value. */
export interface Assignment {
  readonly column: SqliteColumn;
  readonly sql: string;
  readonly params: readonly SqliteValue[];
}

/** How many rows are read to find out how a column stores dates. */
const MAX_SAMPLE = 100;

/** Turns rows and ids into column assignments, and checks that they can be written. */
export class SqliteAssignments {
  readonly #db: SqliteStatements;
  readonly #schema: SqliteSchema;
  readonly #names: ReadonlySet<string>;
  readonly #generated: readonly SqliteColumn[];
  readonly #formats = new Map<string, DateFormat>();

  constructor(db: SqliteStatements, schema: SqliteSchema) {
    this.#db = db;
    this.#schema = schema;
    this.#names = new Set(schema.columns.map((column) => column.name));
    this.#generated = schema.columns.filter((column) => column.generated);
  }

  /** Assignments for the writable columns of a row. */
  ofRow(row: Row): readonly Assignment[] {
    return this.#schema.columns
      .filter((column) => !column.generated && Object.hasOwn(row, column.name))
      .map((column) => this.#assign(column, field(row, column.name)));
  }

  /** Assignments for the key columns, from an id. */
  ofId(id: string, row: Row): readonly Assignment[] {
    const { columns } = this.#schema.key;
    const parts = keyParts(this.#schema, id);
    if (parts === undefined) {
      if (columns.length === 0 && rowidIn(this.#schema, id) !== undefined) return [];
      throw this.elsewhere(id);
    }
    return columns.flatMap((column, at): Assignment[] => {
      const part = parts[at] ?? null;
      this.#checkPart(id, column, part, row);
      if (!keepsPart(column, part)) throw this.elsewhere(id);
      if (column.generated) return [];
      if (part instanceof RawText) return [{ column, sql: "CAST(? AS TEXT)", params: [part.bytes] }];
      return [{ column, sql: "?", params: [part] }];
    });
  }

  /**
   * Assignments for key columns that the database does not fill itself, for a row that needs a new id: the given one, if
   * the column can hold it.
   */
  ofNewKey(row: Row, newId?: string): readonly Assignment[] {
    const { columns, givesIds } = this.#schema.key;
    const [column, second] = columns;
    if (column === undefined || second !== undefined || givesIds || column.generated) return [];
    if (field(row, column.name) !== null || column.defaultSql !== undefined) return [];
    if (column.affinity !== "integer") {
      const isId = newId !== undefined && keyParts(this.#schema, newId)?.[0] === newId && keepsPart(column, newId);
      return [{ column, sql: "?", params: [isId ? newId : crypto.randomUUID()] }];
    }
    const name = quoteName(column.name);
    const last = `SELECT max(${name}) FROM ${this.#schema.sqlName} WHERE typeof(${name}) = 'integer'`;
    return [{ column, sql: `coalesce((${last}), 0) + 1`, params: [] }];
  }

  /** Assignments for the columns that differ from the stored row. All others keep their exact bytes. */
  ofChanges(found: FoundRow, row: Row, columns: readonly SqliteColumn[]): readonly Assignment[] {
    return columns
      .filter((column) => !column.generated && !this.#schema.key.columns.includes(column))
      .flatMap((column) => this.#change(column, row, found));
  }

  /** @throws {TypeError} if the row has a column that the table does not have. */
  checkColumns(row: Row): void {
    for (const name of Object.keys(row)) if (!this.#names.has(name)) throw this.#notWritable(name);
  }

  /** Refuses to write generated columns, unless the row repeats the value that was read. */
  checkGenerated(row: Row, rows: readonly Row[]): void {
    for (const { name } of this.#generated) {
      if (!Object.hasOwn(row, name)) continue;
      if (!rows.some((known) => sameValue(field(row, name), field(known, name)))) throw this.#notWritable(name);
    }
  }

  /** @throws {TypeError} if the row would change the key of the found row. */
  checkKey({ id, raw }: FoundRow, row: Row): void {
    const { columns } = this.#schema.key;
    if (!columns.some(({ name }) => Object.hasOwn(row, name))) return;
    const parts = keyParts(this.#schema, id);
    for (const [at, column] of columns.entries()) {
      this.#checkPart(id, column, parts?.[at] ?? raw[column.name] ?? null, row);
    }
  }

  /** The error for a row that cannot be stored under its id. */
  elsewhere(id: string): RejectedError {
    const types = this.#schema.key.columns.map(({ name, type }) => `${name} ${type}`.trim()).join(", ");
    return new RejectedError(
      `${describe(this.#schema.name)} cannot hold a row ${describe(id)}: its key (${
        types || "the row's number"
      }) or a trigger changes the id`,
    );
  }

  #change(column: SqliteColumn, row: Row, found: FoundRow): readonly Assignment[] {
    const { name, kind, defaultSql } = column;
    const stored = found.raw[name] ?? null;
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
    const param = toSqlite(value, name, kind, format);
    if (typeof param === "string" && !isStorable(param, this.#schema.encoding)) {
      throw new MistakeError(`Column ${describe(name)} cannot hold ${describe(value)}: its database is in UTF-16`);
    }
    return { column, sql: "?", params: [param] };
  }

  /** How a column stores dates: like the first one found, or else as its declaration says. */
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

  /** A row may include its key, as it does when read, but no other. */
  #checkPart(id: string, { name, kind }: SqliteColumn, part: KeyPart, row: Row): void {
    if (!Object.hasOwn(row, name)) return;
    const given = field(row, name);
    if (part instanceof RawText) return;
    // A float key may hold the same number as an integer in the id.
    const sameNumber = typeof given === "number" && typeof part !== "string" && part == given;
    if (sameNumber || sameValue(given, fromSqlite(part, kind)) || String(given) === String(part)) return;
    throw new MistakeError(`The row's ${describe(name)} is ${describe(given)}, but its id is ${describe(id)}`);
  }

  #notWritable(name: string): TypeError {
    const accepted = this.#schema.columns.filter((column) => !column.generated).map((column) => column.name).join(", ");
    return new MistakeError(
      `${describe(this.#schema.name)} has no column ${describe(name)} that can be written; accepted are ${accepted}`,
    );
  }
}
