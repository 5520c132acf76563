import { UnsupportedError } from "../../table/errors.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import { bind, NEVER, Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign, SqlDialect } from "./sql_dialect.ts";
import { floatComparison, hexOf, isFloat, isStorableText, storableText } from "./storable.ts";

/** The last times of `DATETIME`: https://dev.mysql.com/doc/refman/8.4/en/datetime.html */
const [FIRST_MS, LAST_MS] = [Date.UTC(1000, 0, 1), Date.UTC(9999, 11, 31, 23, 59, 59, 999)];

/** The most digits of a `DECIMAL`. */
const MAX_DIGITS = 65;

/**
 * MySQL from version 8.0.17, and MariaDB. The client's character set must be `utf8mb4`. Booleans are 0 and 1. Dates are
 * UTC: `DATETIME`s as they are, `TIMESTAMP`s where the session's `time_zone` is `+00:00`. Every value is bound as a text
 * and cast in SQL. The types that matter are `DOUBLE` and `FLOAT`. Documents support only tests for `null`.
 */
export const mysql: SqlDialect = {
  name: "MySQL",
  maxParams: 65_535,
  // A sort has as many keys as a table has columns.
  maxOrderTerms: 1_000,
  quote: quoteName,
  placeholder: () => "?",
  isNull,
  equalsAny,
  compares,
  contains: ({ name }, search) => {
    return sql`instr(CAST(lower(${unicode(name)}) AS BINARY), CAST(lower(${text(search)}) AS BINARY)) > 0`;
  },
  order: (column, direction) => [`${leftOf(column)} ${direction === "asc" ? "ASC" : "DESC"}`],
  // Some clients bind numbers as floats, which a page does not take. These are whole numbers of a Pagination.
  page: ({ limit, skip }) => sql`LIMIT ${whole(limit)} OFFSET ${whole(skip)}`,
};

function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

/** Whether a column is read as `null`: `NULL`, and the document `null`. */
function isNull(column: SqlColumn): Sql {
  const name = quoteName(column.name);
  return column.kind === "document" ? sql`${name} IS NULL OR json_type(${name}) = 'NULL'` : sql`${name} IS NULL`;
}

function equalsAny(column: SqlColumn, operands: readonly Value[]): Sql {
  if (column.kind === "document") {
    throw new UnsupportedError(`Cannot compare the document ${describe(column.name)} in MySQL`);
  }
  const held = operands.filter((operand) => isHeld(operand, column));
  const exact = oneOf(leftOf(column), held.map((operand) => operandSql(operand, column)));
  if (column.kind !== "text" || held.length === 0) return exact;
  // The column's own collation takes more texts for equal. Only a comparison by it can use an index.
  return sql`${oneOf(quoteName(column.name), held.map((operand) => sql`${bind(String(operand))}`))} AND ${exact}`;
}

function compares(column: SqlColumn, sign: Sign, operand: Value): Sql {
  const left = leftOf(column);
  if (typeof operand === "string") {
    const storable = storableText(sign, operand, true);
    return sql`${left} ${storable.sign} ${operandSql(storable.operand, column)}`;
  }
  const beyond = beyondAll(operand);
  if (beyond === undefined && typeof operand === "bigint" && isFloating(column)) {
    const float = floatComparison(sign, operand);
    return sql`${left} ${float.sign} ${operandSql(float.operand, column)}`;
  }
  if (beyond === undefined) return sql`${left} ${sign} ${operandSql(operand, column)}`;
  return (beyond === "above") === sign.startsWith("<") ? sql`${left} IS NOT NULL` : NEVER;
}

/** Whether an operand comes before or after all values that a column can hold. */
function beyondAll(operand: Value): "below" | "above" | undefined {
  if (typeof operand === "bigint") {
    if (digitsIn(operand) <= MAX_DIGITS || isFloat(operand)) return undefined;
    return operand > 0n ? "above" : "below";
  }
  if (typeof operand === "number") {
    if (Number.isFinite(operand)) return undefined;
    return operand < 0 ? "below" : "above";
  }
  if (!isDate(operand)) return undefined;
  return operand.getTime() < FIRST_MS ? "below" : operand.getTime() > LAST_MS ? "above" : undefined;
}

function isHeld(operand: Value, column: SqlColumn): boolean {
  if (typeof operand === "string") return isStorableText(operand, true);
  if (typeof operand === "bigint" && isFloating(column)) return isFloat(operand);
  return beyondAll(operand) === undefined;
}

function isFloating({ type = "" }: SqlColumn): boolean {
  return /^(double|float|real)/i.test(type);
}

function digitsIn(integer: bigint): number {
  return String(integer).replace("-", "").length;
}

function oneOf(left: string, operands: readonly Sql[]): Sql {
  if (operands.length === 0) return NEVER;
  const parts = operands.flatMap((operand, at) => at === 0 ? operand.parts : [", ", ...operand.parts]);
  return new Sql([`${left} IN (`, ...parts, ")"]);
}

/** Bytes of UTF-8 are in the order of code points; every collation of texts has another, or ignores spaces. */
function leftOf({ name, kind }: SqlColumn): string {
  return kind === "text" ? `CAST(${unicode(name)} AS BINARY)` : quoteName(name);
}

function unicode(name: string): string {
  return `CONVERT(${quoteName(name)} USING utf8mb4)`;
}

function operandSql(operand: Value, column: SqlColumn): Sql {
  switch (typeof operand) {
    case "boolean":
      return operand ? sql`1` : sql`0`;
    case "string":
      return sql`CAST(${text(operand)} AS BINARY)`;
    case "bigint":
    case "number":
      return numberSql(operand, column);
    default:
      if (isBytes(operand)) return sql`unhex(${bind(hexOf(operand))})`;
      return sql`CAST(${bind((operand as Date).toISOString().slice(0, -1).replace("T", " "))} AS DATETIME(3))`;
  }
}

/** Whole numbers are exact, others are floats, as in JavaScript. A float compares with floats only. */
function numberSql(operand: number | bigint, column: SqlColumn): Sql {
  const integer = typeof operand === "bigint" || Number.isInteger(operand) ? BigInt(operand) : undefined;
  if (integer === undefined || isFloating(column) || digitsIn(integer) > MAX_DIGITS) {
    return sql`CAST(${bind(String(Number(operand)))} AS DOUBLE)`;
  }
  return sql`CAST(${bind(String(integer))} AS DECIMAL(65))`;
}

function text(value: string): Sql {
  return sql`CONVERT(${bind(value)} USING utf8mb4)`;
}

function whole(count: number): string {
  return String(BigInt(Math.min(count, Number.MAX_SAFE_INTEGER)));
}
