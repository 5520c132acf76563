import { quoteName, type SqliteStatements } from "../sqlite/sqlite_handle.ts";
import { NotFoundError, UnsupportedError } from "../table/errors.ts";
import { describe } from "../table/row.ts";
import { type ColumnKind, columnKind } from "./sqlite_values.ts";

/** A column, as the database describes it. */
export interface SqliteColumn {
  readonly name: string;
  readonly type: string;
  readonly kind: ColumnKind;
  /** The SQL of its default, if it has one. */
  readonly defaultSql: string | undefined;
  /** Whether a new row must give it. */
  readonly mandatory: boolean;
  /** Whether it is the primary key, or a part of it. */
  readonly primary: boolean;
  /** Whether the database computes it. */
  readonly generated: boolean;
}

/** What must be known of a table to read and write it. */
export interface SqliteSchema {
  readonly name: string;
  readonly columns: readonly SqliteColumn[];
  /** The column that holds the id. */
  readonly key: SqliteColumn;
  /** Whether the database gives new rows their ids. */
  readonly givesIds: boolean;
  /** What orders rows that are equal otherwise: the order of insertion where there is one. */
  readonly naturalOrder: string;
  /** Whether it can only be read. */
  readonly isView: boolean;
  /** The tables that its foreign keys point to. */
  readonly references: readonly string[];
}

/**
 * Reads a table's columns, key and foreign keys.
 *
 * @throws {NotFoundError} if there is no such table or view.
 * @throws {UnsupportedError} if no single column is its key and `idField` names none.
 * @throws {TypeError} if `idField` is not one of its columns.
 */
export function readSchema(db: SqliteStatements, name: string, idField?: string): SqliteSchema {
  const table = db.get("SELECT type, wr FROM pragma_table_list WHERE schema = 'main' AND name = ?", [name]);
  if (table === undefined) throw unknownTable(db, name);
  const columns = readColumns(db, name);
  const primary = columns.filter((column) => column.primary).map((column) => column.name);
  const key = findKey(name, columns, idField ?? (primary.length === 1 ? primary[0] : undefined));
  const isView = table.type === "view";
  const hasRowid = !isView && Number(table.wr) === 0;
  const references = db.all('SELECT "table" AS name FROM pragma_foreign_key_list(?)', [name]);
  return {
    name,
    columns,
    key,
    givesIds: hasRowid && primary[0] === key.name && /^INTEGER$/i.test(key.type),
    naturalOrder: (hasRowid ? rowidOf(columns) : undefined) ?? quoteName(key.name),
    isView,
    references: [...new Set(references.map((row) => String(row.name)))],
  };
}

function readColumns(db: SqliteStatements, table: string): readonly SqliteColumn[] {
  const described = db.all(
    'SELECT name, type, "notnull" AS required, dflt_value, pk, hidden FROM pragma_table_xinfo(?) WHERE hidden <> 1',
    [table],
  );
  return described.map((column) => ({
    name: String(column.name),
    type: String(column.type),
    kind: columnKind(String(column.type)),
    defaultSql: column.dflt_value === null ? undefined : String(column.dflt_value),
    mandatory: Number(column.required) === 1 && column.dflt_value === null && Number(column.pk) === 0,
    primary: Number(column.pk) > 0,
    generated: Number(column.hidden) > 0,
  }));
}

/** A name of the row's number that no column has taken. */
function rowidOf(columns: readonly SqliteColumn[]): string | undefined {
  const taken = columns.map((column) => column.name.toLowerCase());
  return ["rowid", "_rowid_", "oid"].find((alias) => !taken.includes(alias));
}

function unknownTable(db: SqliteStatements, name: string): NotFoundError {
  const known = db.all(
    "SELECT name FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  );
  const names = known.map((row) => String(row.name)).join(", ");
  return new NotFoundError(
    `There is no table ${describe(name)}; ${names === "" ? "the database has none" : `there are ${names}`}`,
  );
}

function findKey(table: string, columns: readonly SqliteColumn[], idField: string | undefined): SqliteColumn {
  if (idField === undefined) {
    throw new UnsupportedError(`${describe(table)} has no key of a single column; name a unique column as idField`);
  }
  const key = columns.find((column) => column.name === idField);
  if (key !== undefined) return key;
  const names = columns.map((column) => column.name).join(", ");
  throw new TypeError(`${describe(table)} has no column ${describe(idField)} to be its idField; accepted are ${names}`);
}
