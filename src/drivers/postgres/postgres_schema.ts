import { describe } from "../../base/describe.ts";
import { NotFoundError, UnauthorizedError, UnsupportedError } from "../../table/errors.ts";
import type { Session } from "./postgres_database.ts";
import { columnOf, type FoundColumn, type PostgresColumn } from "./postgres_column.ts";
import { findKey, type FoundIndex, type PostgresKey } from "./postgres_key.ts";
import { postgresDialect } from "../sql/postgres_dialect.ts";
import { quoteName } from "../sql/quote_name.ts";
import type { SqlDialect } from "../sql/sql_dialect.ts";

/** Options that affect how a table is read. */
export interface SchemaOptions {
  readonly idField?: string | readonly string[] | undefined;
  readonly numeric?: "text" | "number" | undefined;
}

/** Before this version, times are read as floats, which are not exact. */
const OLDEST = 140_000;

/** What is needed to read and write a table. */
export interface PostgresSchema {
  /** The name of the table for users. */
  readonly name: string;
  /** Its quoted name, qualified by its schema. */
  readonly sqlName: string;
  /** The names of its schema and of itself, as they are stored. */
  readonly place: readonly [schema: string, table: string];
  readonly columns: readonly PostgresColumn[];
  readonly key: PostgresKey;
  readonly dialect: SqlDialect;
  /** Whether rows can be written: only those of tables. */
  readonly isTable: boolean;
  /** Whether what is stored may differ from what a statement returns, or be ignored. */
  readonly hasTriggers: boolean;
  /** The first letters of result columns, which no column of the table begins with. */
  readonly prefix: string;
}

interface FoundTable {
  readonly version: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly visible: boolean;
  readonly readable: boolean;
  readonly triggers: boolean;
  readonly folding: string | null;
  readonly columns: readonly FoundColumn[] | null;
  readonly indexes: readonly FoundIndex[] | null;
}

/**
 * Reads a table's columns and key.
 *
 * @throws {NotFoundError} if there is no such table or view.
 * @throws {UnauthorizedError} if it may not be read.
 * @throws {UnsupportedError} if its rows have no key, or the server is too old.
 * @throws {TypeError} if the name is none, or `idField` is not one of its columns, or cannot be the key.
 */
export async function readSchema(db: Session, table: string, options: SchemaOptions): Promise<PostgresSchema> {
  if (typeof table !== "string" || table === "") throw new TypeError(`A table has a name, got ${describe(table)}`);
  const [row] = await db.query(TABLE_SQL, [table]);
  if (row === undefined) throw await missing(db, table);
  const found = JSON.parse(String(row.found)) as FoundTable; // As the query below makes it.
  if (found.version < OLDEST) {
    throw new UnsupportedError(
      `A table is read from PostgreSQL 14 on; the server is version ${Math.floor(found.version / 10_000)}`,
    );
  }
  if (!found.readable) throw new UnauthorizedError(`The user may not read ${describe(table)}`);
  const columns = (found.columns ?? []).map((column) => columnOf(column, options.numeric ?? "text"));
  if (columns.length === 0) throw new UnsupportedError(`${describe(table)} has no columns`);
  const isTable = found.kind === "r" || found.kind === "p";
  const name = found.visible ? found.name : `${found.schema}.${found.name}`;
  let prefix = "v";
  while (columns.some((column) => column.name.startsWith(prefix))) prefix += "v";
  return {
    name,
    sqlName: `${quoteName(found.schema)}.${quoteName(found.name)}`,
    place: [found.schema, found.name],
    columns,
    key: findKey({ name, columns, indexes: found.indexes ?? [] }, options.idField),
    // Where no collation knows the case of all letters, that of "C" knows the case of a to z.
    dialect: postgresDialect(found.folding ?? "C"),
    isTable,
    hasTriggers: found.triggers,
    prefix,
  };
}

async function missing(db: Session, table: string): Promise<NotFoundError> {
  const rows = await db.query(NAMES_SQL, []);
  const names = rows.map(({ name }) => String(name)).join(", ");
  return new NotFoundError(
    `There is no table ${describe(table)}; ${names === "" ? "the database has none" : `there are ${names}`}`,
  );
}

/** A name finds what SQL would find; with a schema in front, what is there. */
const TABLE_SQL = `
SELECT json_build_object(
  'version', current_setting('server_version_num')::int,
  'schema', n.nspname,
  'name', c.relname,
  'kind', c.relkind,
  'visible', pg_table_is_visible(c.oid),
  'readable', has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'),
  'triggers', c.relhasrules OR EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal),
  'folding', (
    SELECT collname FROM pg_collation WHERE collname IN ('und-x-icu', 'pg_unicode_fast', 'pg_c_utf8')
    ORDER BY collname = 'und-x-icu' DESC, collname = 'pg_unicode_fast' DESC LIMIT 1
  ),
  'columns', (
    SELECT json_agg(json_build_object(
      'name', a.attname,
      'type', (
        WITH RECURSIVE base AS (
          SELECT t.typname, t.typbasetype
          UNION ALL SELECT d.typname, d.typbasetype FROM base JOIN pg_type d ON d.oid = base.typbasetype
        ) SELECT typname FROM base WHERE typbasetype = 0
      ),
      'cast', quote_ident(tn.nspname) || '.' || quote_ident(t.typname),
      'declared', format_type(a.atttypid, a.atttypmod),
      'notNull', a.attnotnull,
      'hasDefault', a.atthasdef OR a.attidentity <> '',
      'identity', a.attidentity,
      'generated', a.attgenerated <> '',
      'deterministic', coalesce((SELECT collisdeterministic FROM pg_collation WHERE oid = a.attcollation), TRUE)
    ) ORDER BY a.attnum)
    FROM pg_attribute a
    JOIN pg_type t ON t.oid = a.atttypid
    JOIN pg_namespace tn ON tn.oid = t.typnamespace
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  ),
  'indexes', (
    SELECT json_agg(json_build_object('primary', i.indisprimary, 'immediate', i.indimmediate, 'columns', (
      SELECT json_agg(a.attname ORDER BY k.place)
      FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, place)
      JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
      WHERE k.place <= i.indnkeyatts
    )))
    FROM pg_index i
    WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  )
)::text AS found
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND ((c.relname = $1::text AND pg_table_is_visible(c.oid)) OR n.nspname || '.' || c.relname = $1::text)
ORDER BY c.relname = $1::text DESC LIMIT 1`;

/** Tables to name in a message. */
const NAMES_SQL = `
SELECT c.relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND pg_table_is_visible(c.oid)
  AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY c.relname LIMIT 20`;
