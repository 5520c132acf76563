import { field, type Row } from "../../table/row.ts";
import { isUuid } from "../sql/postgres_texts.ts";
import { quoteName } from "../sql/quote_name.ts";
import { sql } from "../sql/sql.ts";
import { type Assignment, ofId, ofRow } from "./postgres_assignments.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import type { Session } from "./postgres_database.ts";
import { keyParts } from "./postgres_ids.ts";
import { insertSql } from "./postgres_insert.ts";
import { paramSql } from "./postgres_params.ts";
import type { PostgresReader } from "./postgres_reader.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** A row that is to get a new id. */
export interface NewRow {
  readonly schema: PostgresSchema;
  readonly reader: PostgresReader;
  readonly row: Row;
  /** The id that the caller made for it. */
  readonly newId: string | undefined;
}

/**
 * Inserts a row under a new id: that in the row, else `newId` if the key can hold it, else what the database gives; a UUID
 * if it gives none and the key is a text.
 *
 * @returns the id; `undefined` if nothing was inserted.
 */
export async function insertWithNewId(session: Session, newRow: NewRow): Promise<string | undefined> {
  const { schema, reader, newId } = newRow;
  const { assignments, isNewId } = keyOf(newRow);
  const insert = insertSql(schema, [...assignments, ...ofRow(schema, newRow.row)]);
  const names = schema.key.columns.map(({ name }) => quoteName(name)).join(", ");
  const known = isNewId && schema.key.unique ? sql` ON CONFLICT (${names}) DO NOTHING` : sql``;
  const [inserted] = await reader.query(session, sql`${insert}${known} RETURNING ${reader.selected}`);
  // If a row has the id that was made for this one, the same write was done before.
  return inserted?.id ?? (isNewId && !schema.hasTriggers ? newId : undefined);
}

function keyOf({ schema, row, newId }: NewRow): {
  readonly assignments: readonly Assignment[];
  readonly isNewId: boolean;
} {
  const given = schema.key.columns
    .filter((column) => !column.generated && field(row, column.name) !== null)
    .map((column) => ({ column, sql: paramSql(field(row, column.name), column) }));
  const [column, second] = schema.key.columns;
  if (column === undefined || second !== undefined || given.length > 0) return { assignments: given, isNewId: false };
  if (newId !== undefined && canHold(column, newId) && keyParts(schema, newId)?.[0] === newId) {
    return { assignments: ofId(schema, newId), isNewId: true };
  }
  const lacksId = !column.hasDefault && !column.generated && canHold(column, crypto.randomUUID());
  return { assignments: lacksId ? ofId(schema, crypto.randomUUID()) : [], isNewId: false };
}

function canHold({ type, generated }: PostgresColumn, id: string): boolean {
  return !generated && (type === "text" || type === "varchar" || (type === "uuid" && isUuid(id)));
}
