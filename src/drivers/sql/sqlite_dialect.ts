import { UnsupportedError } from "../../table/errors.ts";
import { isBytes } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import { bind, type Bound, joinSql, NEVER, Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign, SqlDialect } from "./sql_dialect.ts";
import { floatComparison, isFloat, isInteger64, isStorableText, storableText } from "./storable.ts";
import { quoteName } from "./quote_name.ts";

/**
 * SQLite, from version 3.38, in UTF-8. Booleans are 0 and 1. Dates are texts as `toISOString` writes them, of the years 0
 * to 9999, or milliseconds since 1970 where the column's type is `INTEGER`. A search ignores the case of the letters a to
 * z only. Of documents, text, numbers and booleans are compared.
 */
export const sqlite: SqlDialect = {
  name: "SQLite",
  // https://www.sqlite.org/limits.html
  maxParams: 32_766,
  maxOrderTerms: 2_000,
  quote: quoteName,
  placeholder: () => "?",
  isNull,
  equalsAny,
  compares,
  contains: ({ name }, search) => {
    return sql`instr(lower(${quoteName(name)}), lower(${bind(search)})) > 0`;
  },
  order: (column, direction) => [`${leftOf(column)} ${direction === "asc" ? "ASC" : "DESC"}`],
  page: ({ limit, skip }) => sql`LIMIT ${bind(limit)} OFFSET ${bind(skip)}`,
};

/** Whether a column is read as `null`: `NULL`, and the document `null`. */
function isNull(column: SqlColumn): Sql {
  const name = quoteName(column.name);
  return column.kind === "document" ? sql`${name} IS NULL OR json_type(${name}) = 'null'` : sql`${name} IS NULL`;
}

function equalsAny(column: SqlColumn, operands: readonly Value[]): Sql {
  if (column.kind === "document") return equalsDocument(column, operands);
  return oneOf(leftOf(column), operands.filter(isStorable).map((operand) => boundTo(column, operand)));
}

function compares(column: SqlColumn, sign: Sign, operand: Value): Sql {
  const left = leftOf(column);
  switch (typeof operand) {
    case "number":
    case "bigint": {
      if (Number.isNaN(operand)) return sign.startsWith("<") ? sql`${left} IS NOT NULL` : NEVER;
      if (typeof operand === "bigint" && isInteger64(operand)) return sql`${left} ${sign} ${bind(operand)}`;
      const float = floatComparison(sign, operand);
      return sql`${left} ${float.sign} ${bind(float.operand)}`;
    }
    case "string": {
      const storable = storableText(sign, operand, true);
      return sql`${left} ${storable.sign} ${bind(storable.operand)}`;
    }
    default:
      return sql`${left} ${sign} ${boundTo(column, operand)}`;
  }
}

function equalsDocument(column: SqlColumn, operands: readonly Value[]): Sql {
  const { name } = column;
  const [type, value] = [`json_type(${quoteName(name)})`, `json_extract(${quoteName(name)}, '$')`];
  const pieces = operands.filter(isStorable).map((operand) => {
    switch (typeof operand) {
      case "boolean":
        return sql`${type} = ${operand ? "'true'" : "'false'"}`;
      case "string":
        return sql`${type} = 'text' AND ${value} = ${bind(operand)}`;
      case "number":
      case "bigint":
        return sql`${type} IN ('integer', 'real') AND ${value} = ${boundTo(column, operand)}`;
      default:
        throw new UnsupportedError(`Cannot compare the document ${describe(name)} with ${describe(operand)} in SQLite`);
    }
  });
  return pieces.length === 0 ? NEVER : joinSql(pieces, "OR");
}

/** Whether a database could hold a value that equals the operand. */
function isStorable(operand: Value): boolean {
  if (typeof operand === "string") return isStorableText(operand, true);
  if (typeof operand === "bigint") return isInteger64(operand) || isFloat(operand);
  return !Number.isNaN(operand);
}

function oneOf(left: string, operands: readonly Bound[]): Sql {
  if (operands.length === 0) return NEVER;
  return new Sql([`${left} IN (`, ...operands.flatMap((operand, at) => at === 0 ? [operand] : [", ", operand]), ")"]);
}

function leftOf({ name, kind }: SqlColumn): string {
  return kind === "text" || kind === "date" ? `${quoteName(name)} COLLATE BINARY` : quoteName(name);
}

function boundTo({ type = "" }: SqlColumn, operand: Value): Bound {
  switch (typeof operand) {
    case "boolean":
      return bind(operand ? 1 : 0);
    case "bigint":
      return bind(isInteger64(operand) ? operand : Number(operand));
    case "number":
    case "string":
      return bind(operand);
    default:
      if (isBytes(operand)) return bind(operand);
      return bind(/INT/i.test(type) ? (operand as Date).getTime() : dateText(operand as Date));
  }
}

/** Dates beyond those that are stored come before or after all of them, as `-` and `~` do. */
function dateText(date: Date): string {
  const year = date.getUTCFullYear();
  return year < 0 ? "-" : year > 9999 ? "~" : date.toISOString();
}
