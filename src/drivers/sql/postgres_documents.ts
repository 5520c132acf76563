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
  return type === "jsonb" ? quoteName(name) : `${quoteName(name)}::jsonb`;
}
