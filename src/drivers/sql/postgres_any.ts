import { postgresArray } from "./postgres_array.ts";
import { bind, NEVER, type Sql, sql } from "./sql.ts";

/**
 * Several operands are one array, so that the statement is the same however many there are; with a single one, an index
 * can also serve the order.
 */
export function anyOf(left: string, texts: readonly string[], type: string): Sql {
  const [only, second] = texts;
  if (only === undefined) return NEVER;
  if (second === undefined) return sql`${left} = ${bind(only)}::text::${type}`;
  return sql`${left} = ANY(${bind(postgresArray(texts))}::text::${type}[])`;
}
