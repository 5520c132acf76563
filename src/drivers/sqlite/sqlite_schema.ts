import { quoteName, type SqliteRow, type SqliteStatements } from "./sqlite_handle.ts";
import { NotFoundError, UnsupportedError } from "../../table/errors.ts";
import { isError } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import { findKey, type SqliteKey } from "./sqlite_key.ts";
import { type ColumnKind, columnKind } from "./sqlite_values.ts";

/** How SQLite converts a value that is stored in a column: https://www.sqlite.org/datatype3.html#type_affinity */
export type Affinity = "text" | "number" | "integer" | "none";

/** A column, as described by the database. */
export interface SqliteColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: ColumnKind;
  readonly affinity: Affinity;
  /** The SQL of the default, if there is one. */
  readonly defaultSql: string | undefined;
  /** Whether a new row must have a value for it. */
  readonly mandatory: boolean;
  /** Whether it is declared `NOT NULL`. */
  readonly notNull: boolean;
  /** Its position in the primary key, from 1; 0 if it is not part of it. */
  readonly primary: number;
  /** Whether it is a generated column. */
  readonly generated: boolean;
}

/** What is needed to read and write a table. */
export interface SqliteSchema {
  /** The name of the table for users. */
  readonly name: string;
  /** The schema name of its database: `main`, `temp`, or the name of an attached one. */
  readonly database: string;
  /** Its name in that database. */
  readonly tableName: string;
  /** Its quoted name, qualified by the database. */
  readonly sqlName: string;
  /** Its alias in queries, and the `FROM` clause that defines it. */
  readonly alias: string;
  readonly from: string;
  readonly type: "table" | "view" | "readonly";
  readonly columns: readonly SqliteColumn[];
  readonly key: SqliteKey;
  /** The order of otherwise equal rows: insertion order where there is one. */
  readonly naturalOrder: string;
  /** Whether a constraint has a conflict clause other than refusing. */
  readonly settlesConflicts: boolean;
  /** The tables that its foreign keys point to. */
  readonly references: readonly SqliteReference[];
  /** The text encoding of the database. */
  readonly encoding: string;
}

/** A table that foreign keys point to. */
export interface SqliteReference {
  readonly name: string;
  /** The column that refers to it, if it is the only one. */
  readonly column: string | undefined;
  /** The column that it refers to; `undefined` for the primary key. */
  readonly to: string | undefined;
}

/**
 * The most columns of a table: SQLite returns up to 2000 (https://www.sqlite.org/limits.html#max_column), of which two
 * are used for the id and the types of exactly read values.
 */
const MAX_COLUMNS = 1_998;

/** Options that affect how a table is read. */
export interface SchemaOptions {
  readonly idField?: string | readonly string[] | undefined;
  readonly plainFields?: readonly string[] | undefined;
}

/**
 * Reads a table's columns, key and foreign keys.
 *
 * @throws {NotFoundError} if there is no such table or view.
 * @throws {UnsupportedError} if it cannot be read, or its rows have no key.
 * @throws {TypeError} if `idField` is not one of its columns, or cannot be the key.
 */
export function readSchema(db: SqliteStatements, tableName: string, options: SchemaOptions): SqliteSchema {
  const found = locate(db, tableName);
  const [schema, name] = [String(found.schema), String(found.name)];
  const columns = readColumns(db, schema, name, options.plainFields ?? []);
  const isView = found.type === "view";
  const key = findKey(db, {
    schema,
    name,
    columns,
    isView,
    hasRowid: !isView && Number(found.wr) === 0,
  }, options.idField);
  const plain = found.type === "table" && (!/^sqlite_/i.test(name) || /^sqlite_sequence$/i.test(name));
  const sql = db.get(`SELECT sql FROM ${quoteName(schema)}.sqlite_schema WHERE name = ? AND type = 'table'`, [name]);
  const references = db.all(
    "SELECT [table] AS name, count(*) AS count, min([from]) AS source, min([to]) AS target " +
      "FROM pragma_foreign_key_list(?, ?) GROUP BY [table] ORDER BY min(id)",
    [name, schema],
  );
  const qualifies = schema !== "main" && tableName.toLowerCase() !== name.toLowerCase();
  const qualifier = qualifies || schema !== "main" ? `${schema}.` : "";
  return {
    name: qualifies ? `${schema}.${name}` : name,
    database: schema,
    tableName: name,
    sqlName: `${quoteName(schema)}.${quoteName(name)}`,
    alias: quoteName(name),
    from: `${quoteName(schema)}.${quoteName(name)} AS ${quoteName(name)}`,
    type: isView ? "view" : plain ? "table" : "readonly",
    columns,
    key,
    naturalOrder: key.rowid ?? key.columns
      .map((column) => `${quoteName(name)}.${quoteName(column.name)} COLLATE BINARY`).join(", "),
    settlesConflicts: /\bON\s+CONFLICT\b/i.test(String(sql?.sql ?? "")),
    references: references.map(({ name, count, source, target }) => ({
      name: `${qualifier}${name}`,
      column: Number(count) === 1 ? columns.find((column) => isSameName(column.name, String(source)))?.name : undefined,
      to: target === null ? undefined : String(target),
    })),
    encoding: String(db.get("SELECT encoding FROM pragma_encoding")?.encoding ?? "UTF-8"),
  };
}

/**
 * Finds a table as SQL would, ignoring case: first in `temp`, then in `main`, then in attached databases.
 * `aux.products` is the table `products` of the database `aux`.
 */
function locate(db: SqliteStatements, name: string): SqliteRow {
  const found = db.get(
    `SELECT t.schema AS schema, t.name AS name, t.type AS type, t.wr AS wr FROM pragma_table_list AS t
      LEFT JOIN pragma_database_list AS d ON d.name = t.schema
      WHERE t.name = ? COLLATE NOCASE OR t.schema || '.' || t.name = ? COLLATE NOCASE
      ORDER BY t.name = ? COLLATE NOCASE DESC, t.schema = 'temp' DESC, d.seq LIMIT 1`,
    [name, name, name],
  );
  if (found !== undefined) return found;
  const known = db.all(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  const names = known.map((row) => String(row.name)).join(", ");
  throw new NotFoundError(
    `There is no table ${describe(name)}; ${names === "" ? "the database has none" : `there are ${names}`}`,
  );
}

function readColumns(
  db: SqliteStatements,
  schema: string,
  table: string,
  plainFields: readonly string[],
): readonly SqliteColumn[] {
  return describeColumns(db, schema, table).map((column) => {
    const [name, type] = [String(column.name), String(column.type)];
    const [notNull, primary] = [Number(column.required) === 1, Number(column.pk)];
    const generated = Number(column.hidden) > 0;
    return {
      name,
      type,
      kind: plainFields.includes(name) ? "plain" : columnKind(type),
      affinity: affinityOf(type),
      defaultSql: column.dflt_value === null ? undefined : String(column.dflt_value),
      mandatory: notNull && column.dflt_value === null && primary === 0 && !generated,
      notNull,
      primary,
      generated,
    };
  });
}

function describeColumns(db: SqliteStatements, schema: string, table: string): readonly SqliteRow[] {
  let columns: readonly SqliteRow[];
  try {
    columns = db.all(
      `SELECT name, type, "notnull" AS required, dflt_value, pk, hidden FROM pragma_table_xinfo(?, ?)
        WHERE hidden <> 1`,
      [table, schema],
    );
  } catch (cause) {
    const reason = isError(cause) ? cause.message : String(cause);
    throw new UnsupportedError(`The columns of ${describe(table)} cannot be read: ${reason}`, { cause });
  }
  if (columns.length > MAX_COLUMNS) {
    throw new UnsupportedError(
      `${describe(table)} has ${columns.length} columns; rows of at most ${MAX_COLUMNS} can be read`,
    );
  }
  if (columns.length > 0) return columns;
  throw new UnsupportedError(`The columns of ${describe(table)} cannot be read: its underlying tables are missing`);
}

/** The rules of SQLite, in their order of precedence. */
function affinityOf(type: string): Affinity {
  if (/INT/i.test(type)) return "integer";
  if (/CHAR|CLOB|TEXT/i.test(type)) return "text";
  return type === "" || /BLOB/i.test(type) ? "none" : "number";
}

/** Whether two names are the same to SQLite, which ignores case. */
export function isSameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
