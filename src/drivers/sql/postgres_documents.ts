import type { Value } from "../../table/row.ts";
import { anyOf } from "./postgres_any.ts";
import { arrayDocument, arrayOperand } from "./postgres_array.ts";
import { quoteName } from "./quote_name.ts";
import type { Sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";

/** Whether a column of documents equals one of the operands. */
export function equalsDocument(column: SqlColumn, operands: readonly Value[]): Sql {
  const texts = operands.map((operand) => arrayOperand(operand, column.type ?? "")).filter((text) =>
    text !== undefined
  );
  return anyOf(documentSql(column), texts, "jsonb");
}

/** SQL for a column of documents, which can be compared. */
export function documentSql({ name, type = "" }: SqlColumn): string {
  // PostgreSQL's names of arrays start so.
  if (type.startsWith("_")) return arrayDocument(quoteName(name), type);
  if (type === "json") return comparableJson(quoteName(name));
  return type === "jsonb" ? quoteName(name) : `${quoteName(name)}::jsonb`;
}

/** An escaped NUL, or half of a surrogate pair, in JSON whose escaped backslashes are gone. */
const NOT_IN_JSONB = String.raw`\\\\u(0000|[dD][89abAB]..(?!\\\\u[dD][c-fC-F]))|` +
  String.raw`(?<!\\\\u[dD][89abAB]..)\\\\u[dD][c-fC-F]`;

/** SQL for a `json` as a `jsonb`; `NULL` where that cannot hold it: it equals no operand, and must not fail a statement. */
export function comparableJson(value: string): string {
  const unescaped = String.raw`replace(${value}::text, E'\\\\', ' ')`;
  return `CASE WHEN ${unescaped} ~ E'${NOT_IN_JSONB}' THEN NULL ELSE ${value}::jsonb END`;
}
