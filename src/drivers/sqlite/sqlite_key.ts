import { quoteName, type SqliteStatements } from "./sqlite_handle.ts";
import { UnsupportedError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import type { SqliteColumn } from "./sqlite_schema.ts";

/** What identifies the rows of a table. */
export interface SqliteKey {
  /** The columns whose values make up the id; if empty, the id is the rowid. */
  readonly columns: readonly SqliteColumn[];
  /** An SQL name of the rowid, if there is one that no column hides. */
  readonly rowid: string | undefined;
  /** Whether the database assigns ids to new rows. */
  readonly givesIds: boolean;
  /** Whether the schema guarantees unique ids. */
  readonly unique: boolean;
}

/** A table whose key is being determined. */
export interface KeyOwner {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly SqliteColumn[];
  readonly isView: boolean;
  readonly hasRowid: boolean;
}

/**
 * The columns that `idField` names, or else the primary key, or else the rowid.
 *
 * @throws {UnsupportedError} if there is none of these.
 * @throws {TypeError} if `idField` names an unknown column, or an incomplete part of the primary key.
 */
export function findKey(
  db: SqliteStatements,
  owner: KeyOwner,
  idField: string | readonly string[] | undefined,
): SqliteKey {
  const primary = owner.columns.filter((column) => column.primary > 0).sort((a, b) => a.primary - b.primary);
  const columns = idField === undefined ? primary : namedColumns(owner, [idField].flat());
  const rowid = owner.hasRowid ? rowidOf(owner.columns) : undefined;
  if (columns.length === 0 && rowid === undefined) {
    throw new UnsupportedError(
      `${describe(owner.name)} has no key; name one or more of its columns, unique together, as idField`,
    );
  }
  const alias = owner.hasRowid && primary.length === 1 && isRowid(db, owner, primary[0]);
  const isAlias = alias && columns.length === 1 && columns[0] === primary[0];
  const unique = columns.length === 0 || (alias && columns.includes(primary[0] as SqliteColumn)) ||
    (!owner.isView && hasUniqueIndex(db, owner, columns));
  const isPart = columns.every((column) => column.primary > 0) && columns.length < primary.length;
  if (!unique && isPart) {
    const names = primary.map((column) => column.name).join(", ");
    throw new TypeError(
      `${describe(columns.map((column) => column.name).join(", "))} cannot be the idField of ${
        describe(owner.name)
      }: rows are unique in ${names} together, which is the default`,
    );
  }
  return { columns, rowid, givesIds: columns.length === 0 || isAlias, unique };
}

/**
 * Only a column declared as exactly `INTEGER`, without `DESC`, is an alias of the rowid; it then has no index of its
 * own.
 */
function isRowid(db: SqliteStatements, { schema, name }: KeyOwner, primary: SqliteColumn | undefined): boolean {
  if (!/^INTEGER$/i.test(primary?.type ?? "")) return false;
  return db.get("SELECT 1 AS found FROM pragma_index_list(?, ?) WHERE origin = 'pk'", [name, schema]) === undefined;
}

function hasUniqueIndex(
  db: SqliteStatements,
  { schema, name }: KeyOwner,
  columns: readonly SqliteColumn[],
): boolean {
  const indexes = db.all('SELECT name FROM pragma_index_list(?, ?) WHERE "unique" = 1 AND partial = 0', [name, schema]);
  const names = columns.map((column) => column.name);
  return indexes.some((index) => {
    const parts = db.all("SELECT name FROM pragma_index_xinfo(?, ?) WHERE key = 1", [String(index.name), schema]);
    return parts.length > 0 && parts.every((part) => part.name !== null && names.includes(String(part.name)));
  });
}

function namedColumns({ name, columns }: KeyOwner, names: readonly string[]): readonly SqliteColumn[] {
  return names.map((wanted) => {
    const column = columns.find((candidate) => candidate.name === wanted);
    if (column !== undefined) return column;
    const accepted = columns.map((candidate) => candidate.name).join(", ");
    throw new TypeError(
      `${describe(name)} has no column ${describe(wanted)} to use as idField; accepted are ${accepted}`,
    );
  });
}

/** A name of the rowid that no column uses. */
function rowidOf(columns: readonly SqliteColumn[]): string | undefined {
  const taken = columns.map((column) => column.name.toLowerCase());
  const free = ["rowid", "_rowid_", "oid"].find((alias) => !taken.includes(alias));
  return free === undefined ? undefined : quoteName(free);
}
