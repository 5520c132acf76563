import { describe } from "../../base/describe.ts";
import { RejectedError } from "../../table/errors.ts";
import { field, type Row, sameValue } from "../../table/row.ts";
import { postgresBytes } from "../sql/postgres_array.ts";
import { comparableJson } from "../sql/postgres_documents.ts";
import { quoteName } from "../sql/quote_name.ts";
import { bind, type Sql, sql } from "../sql/sql.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import { keepsPart, keyParts } from "./postgres_ids.ts";
import { paramSql } from "./postgres_params.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import { bytesOf, isReadRoughly, readSql } from "./postgres_values.ts";

/** A column and the SQL of its new value. */
export interface Assignment {
  readonly column: PostgresColumn;
  readonly sql: Sql;
}

/** Assignments for the columns of a row that can be written, apart from its key. */
export function ofRow({ columns, key }: PostgresSchema, row: Row): readonly Assignment[] {
  return columns
    .filter((column) => !column.generated && !key.columns.includes(column) && Object.hasOwn(row, column.name))
    .map((column) => ({ column, sql: paramSql(field(row, column.name), column) }));
}

/**
 * Assignments for the key columns, from an id.
 *
 * @throws {RejectedError} if no row can have this id.
 */
export function ofId(schema: PostgresSchema, id: string): readonly Assignment[] {
  const parts = keyParts(schema, id);
  if (parts === undefined) throw elsewhere(schema, id);
  return schema.key.columns.map((column, at): Assignment => {
    const part = parts[at] ?? null;
    if (column.generated) throw elsewhere(schema, id);
    const text = part !== null && column.kind === "bytes" ? postgresBytes(bytesOf(part)) : part;
    return { column, sql: sql`${bind(text)}::text::${column.cast}` };
  });
}

/**
 * The new value of a column in an update. Where a stored value is read as what is written, it stays, with all that
 * reading does not show, such as microseconds.
 */
export function updateSql(column: PostgresColumn, { written, stored }: { written: Sql; stored: string }): Sql {
  const set = quoteName(column.name);
  if (!isReadRoughly(column)) return sql`${set} = ${written}`;
  // A document that cannot be compared is no NULL.
  const isAlike = column.type === "json" ? sql`(${stored} IS NULL) = ((${written}) IS NULL) AND ` : sql``;
  const kept = sql`${isAlike}${comparable(column, stored)} IS NOT DISTINCT FROM ${comparableSql(column, written)}`;
  return sql`${set} = CASE WHEN ${kept} THEN ${stored} ELSE ${written} END`;
}

/** Whether every write of this id stores it as it is, or is refused. */
export function keepsId(schema: PostgresSchema, id: string): boolean {
  const parts = keyParts(schema, id) ?? [];
  return schema.key.columns.every((column, at) => keepsPart(column, parts[at] ?? null));
}

/** Refuses to write generated columns, unless the row repeats what is stored. */
export function checkGenerated({ name: table, columns }: PostgresSchema, row: Row, stored: Row): void {
  for (const { name, generated } of columns) {
    if (!generated || !Object.hasOwn(row, name) || sameValue(field(row, name), field(stored, name))) continue;
    throw new TypeError(`${describe(table)} computes the column ${describe(name)}, which cannot be written`);
  }
}

/** The error for a row that cannot be stored under its id. */
export function elsewhere({ name: table, key }: PostgresSchema, id: string): RejectedError {
  const types = key.columns.map(({ name, declared }) => `${name} ${declared}`).join(", ");
  return new RejectedError(
    `${describe(table)} cannot hold a row ${
      describe(id)
    }: its key (${types}) or a trigger changes the id, or another row has an equal key`,
  );
}

function comparable(column: PostgresColumn, value: string): string {
  if (column.type === "json") return comparableJson(value);
  return column.kind === "number" ? `${value}::float8` : readSql(column, value);
}

function comparableSql(column: PostgresColumn, written: Sql): Sql {
  if (column.type === "json") return sql`(${written})::jsonb`;
  if (column.kind === "number") return sql`(${written})::float8`;
  return sql`floor(extract(epoch FROM ${written}) * 1000)::text`;
}
