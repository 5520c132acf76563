import { quoteName } from "../sql/quote_name.ts";
import { Sql, sql } from "../sql/sql.ts";
import type { Assignment } from "./postgres_assignments.ts";
import type { PostgresSchema } from "./postgres_schema.ts";

/** The name by which a statement speaks of the row that it finds. */
export const ROW = '"stored row"';

/** An `INSERT`, without what follows the values. */
export function insertSql({ sqlName }: PostgresSchema, assignments: readonly Assignment[]): Sql {
  if (assignments.length === 0) return sql`INSERT INTO ${sqlName} AS ${ROW} DEFAULT VALUES`;
  const names = assignments.map(({ column }) => quoteName(column.name)).join(", ");
  const values = listSql(assignments.map((assignment) => assignment.sql));
  // An id that is named counts, also where the database would always give one.
  const overriding = assignments.some(({ column }) => column.identity === "a") ? " OVERRIDING SYSTEM VALUE" : "";
  return sql`INSERT INTO ${sqlName} AS ${ROW} (${names})${overriding} VALUES (${values})`;
}

/** Joins pieces by commas. */
export function listSql(pieces: readonly Sql[]): Sql {
  return new Sql(pieces.flatMap(({ parts }, at) => at === 0 ? parts : [", ", ...parts]));
}
