import type { Value } from "../../table/row.ts";
import { anyOf } from "./postgres_any.ts";
import { postgresBytes } from "./postgres_array.ts";
import { comparesDate, equalsDates } from "./postgres_dates.ts";
import { documentSql, equalsDocument } from "./postgres_documents.ts";
import { comparesNumber, equalsNumber, numberSql } from "./postgres_numbers.ts";
import { comparesText, containsText, equalsText, textTerm } from "./postgres_texts.ts";
import { quoteName } from "./quote_name.ts";
import { bind, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign, SqlDialect } from "./sql_dialect.ts";

/** The collation that knows the case of all letters, if PostgreSQL was built with ICU, as its packages are. */
const ICU = "und-x-icu";

/**
 * PostgreSQL, from version 14. Every value is bound as a text and cast in SQL, so that it does not matter what a client
 * would make of it. The types that matter: `float4`, `float8`, `numeric`, the integers, `timestamp`, `date`, `uuid`; other
 * columns of text whose type is not `text` or `varchar` are compared as texts. Documents whose type begins with
 * `_` are arrays.
 */
export const postgres: SqlDialect = postgresDialect();

/** The dialect for a database that folds the case of letters by this collation. */
export function postgresDialect(foldingCollation: string = ICU): SqlDialect {
  return {
    name: "PostgreSQL",
    maxParams: 65_535,
    // A query has at most 1664 columns, those of its order included.
    maxOrderTerms: 600,
    quote: quoteName,
    placeholder: (position) => `$${position}`,
    isNull,
    equalsAny,
    compares,
    contains: (column, search) => containsText(column, search, foldingCollation),
    order,
    page: ({ limit, skip }) => sql`LIMIT ${bind(whole(limit))}::text::int8 OFFSET ${bind(whole(skip))}::text::int8`,
  };
}

/** Whether a column is read as `null`: `NULL`, and the document `null`. */
function isNull(column: SqlColumn): Sql {
  const name = quoteName(column.name);
  return column.kind === "document" ? sql`${name} IS NULL OR ${documentSql(column)} = 'null'` : sql`${name} IS NULL`;
}

function equalsAny(column: SqlColumn, operands: readonly Value[]): Sql {
  const name = quoteName(column.name);
  switch (column.kind) {
    case "boolean":
      return anyOf(name, operands.map(String), "bool");
    case "number":
      return equalsNumber(column, operands as readonly (number | bigint)[]); // As their kind says.
    case "text":
      return equalsText(column, operands as readonly string[]);
    case "date":
      return equalsDates(column, operands as readonly Date[]);
    case "bytes":
      return anyOf(name, (operands as readonly Uint8Array[]).map(postgresBytes), "bytea");
    case "document":
      return equalsDocument(column, operands);
    default:
      return column.kind satisfies never;
  }
}

function compares(column: SqlColumn, sign: Sign, operand: Value): Sql {
  const name = quoteName(column.name);
  switch (column.kind) {
    case "boolean":
      return sql`${name} ${sign} ${bind(String(operand))}::text::bool`;
    case "number":
      return comparesNumber(column, sign, operand as number | bigint); // As its kind says.
    case "text":
      return comparesText(column, sign, operand as string);
    case "date":
      return comparesDate(column, sign, (operand as Date).getTime());
    case "bytes":
      return sql`${name} ${sign} ${bind(postgresBytes(operand as Uint8Array))}::text::bytea`;
    case "document":
      return NEVER;
    default:
      return column.kind satisfies never;
  }
}

function order(column: SqlColumn, direction: "asc" | "desc"): readonly string[] {
  const nulls = column.notNull === true ? "" : direction === "asc" ? " NULLS FIRST" : " NULLS LAST";
  return [`${termOf(column)} ${direction === "asc" ? "ASC" : "DESC"}${nulls}`];
}

function termOf(column: SqlColumn): string {
  if (column.kind === "text") return textTerm(column);
  return column.kind === "number" ? numberSql(column) : quoteName(column.name);
}

/** A page far beyond all rows is as empty as any. */
function whole(count: number): string {
  return String(BigInt(Math.min(count, Number.MAX_SAFE_INTEGER)));
}
