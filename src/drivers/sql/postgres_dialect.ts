import { UnsupportedError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import { arrayDocument, postgresArray } from "./postgres_array.ts";
import { jsonText } from "./json_text.ts";
import { earliestTime, FIRST_MS, LAST_MS } from "./postgres_date.ts";
import { bind, joinSql, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign, SqlDialect } from "./sql_dialect.ts";
import { floatComparison, hexOf, isFloat, isInteger64, isStorableText, storableText } from "./storable.ts";

/** The collation that knows the case of all letters, if PostgreSQL was built with ICU, as its packages are. */
const ICU = "und-x-icu";

/**
 * PostgreSQL, from version 14. Every value is bound as a text and cast in SQL, so that it does not matter what a client
 * would make of it. The types that matter: `float4`, `float8`, `numeric`, the integers, `timestamp`, `date`, `uuid`; other
 * columns of text whose type is not `text` or `varchar` are compared as `column::text`. Documents whose type begins with
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
    contains: (column, search) => {
      const text = `lower(${textSql(column)} COLLATE ${quoteName(foldingCollation)})`;
      if (!isStorableText(search, false)) return NEVER;
      return sql`strpos(${text}, ${bind(search.toLowerCase())}::text) > 0`;
    },
    order,
    page: ({ limit, skip }) => sql`LIMIT ${bind(whole(limit))}::text::int8 OFFSET ${bind(whole(skip))}::text::int8`,
  };
}

/** Quotes a name, whatever it contains. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
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
      return equalsText(column, (operands as readonly string[]).filter((text) => isStorableText(text, false)));
    case "date":
      return joinSql((operands as readonly Date[]).map((date) => equalsDate(column, date.getTime())), "OR");
    case "bytes":
      return anyOf(name, (operands as readonly Uint8Array[]).map(postgresBytes), "bytea");
    case "document":
      return anyOf(documentSql(column), operands.map(jsonText).filter((text) => text !== undefined), "jsonb");
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
  const name = quoteName(column.name);
  const isText = column.kind === "text" && column.type !== "uuid";
  if (column.kind === "text") refuseNumeric(column);
  const term = isText ? `${textSql(column)} COLLATE "C"` : column.kind === "number" ? numberSql(column) : name;
  const nulls = column.notNull === true ? "" : direction === "asc" ? " NULLS FIRST" : " NULLS LAST";
  return [`${term} ${direction === "asc" ? "ASC" : "DESC"}${nulls}`];
}

/** All operands are one array, so that the statement stays the same however many there are. */
function anyOf(left: string, texts: readonly string[], type: string): Sql {
  return texts.length === 0 ? NEVER : sql`${left} = ANY(${bind(postgresArray(texts))}::text::${type}[])`;
}

function equalsNumber(column: SqlColumn, operands: readonly (number | bigint)[]): Sql {
  const left = numberSql(column);
  if (isFloating(column)) return anyOf(left, operands.filter(isFloat).map(numberText), "float8");
  const integers = operands.filter(isInteger64);
  const others = operands.filter((operand) => !isInteger64(operand));
  const pieces = integers.length === 0 ? [] : [anyOf(left, integers.map(integerText), "int8")];
  // Integers equal none of these.
  if (others.length > 0 && !isInteger(column)) pieces.push(anyOf(left, others.map(numberText), "numeric"));
  return pieces.length === 0 ? NEVER : joinSql(pieces, "OR");
}

function comparesNumber(column: SqlColumn, sign: Sign, operand: number | bigint): Sql {
  const left = numberSql(column);
  if (isFloating(column)) {
    const float = floatComparison(sign, operand);
    return sql`${left} ${float.sign} ${bind(numberText(float.operand))}::text::float8`;
  }
  // An index on integers serves comparisons with integers only.
  if (isInteger64(operand)) return sql`${left} ${sign} ${bind(integerText(operand))}::text::int8`;
  return sql`${left} ${sign} ${bind(numberText(operand))}::text::numeric`;
}

/** A `numeric` that is a number is one of JavaScript's. */
function numberSql({ name, type }: SqlColumn): string {
  return type === "numeric" ? `${quoteName(name)}::float8` : quoteName(name);
}

function isFloating({ type }: SqlColumn): boolean {
  return type === "float4" || type === "float8" || type === "numeric";
}

function isInteger({ type }: SqlColumn): boolean {
  return type === "int2" || type === "int4" || type === "int8";
}

function equalsText(column: SqlColumn, operands: readonly string[]): Sql {
  const name = quoteName(column.name);
  if (column.type === "uuid") return anyOf(name, operands.filter(isUuid), "uuid");
  const exact = anyOf(`${textSql(column)} COLLATE "C"`, operands, "text");
  // The column's own collation may take different texts for equal. Only a comparison by it can use an index.
  return exact === NEVER || !isPlainText(column) ? exact : sql`${anyOf(name, operands, "text")} AND ${exact}`;
}

function comparesText(column: SqlColumn, sign: Sign, operand: string): Sql {
  refuseNumeric(column);
  if (column.type === "uuid" && isUuid(operand)) {
    return sql`${quoteName(column.name)} ${sign} ${bind(operand)}::text::uuid`;
  }
  const storable = storableText(sign, operand, false);
  return sql`${textSql(column)} COLLATE "C" ${storable.sign} ${bind(storable.operand)}::text`;
}

/** As texts, `10` comes before `9`, which is not what a user means. */
function refuseNumeric({ name, type }: SqlColumn): void {
  if (type !== "numeric") return;
  throw new UnsupportedError(`Cannot order by ${describe(name)}: its numbers are read as texts`);
}

function textSql(column: SqlColumn): string {
  return isPlainText(column) ? quoteName(column.name) : `${quoteName(column.name)}::text`;
}

function isPlainText({ type }: SqlColumn): boolean {
  return type === undefined || type === "text" || type === "varchar";
}

/** A UUID as PostgreSQL writes it. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text);
}

function equalsDate(column: SqlColumn, ms: number): Sql {
  const from = comparesDate(column, ">=", ms);
  return ms >= LAST_MS ? from : sql`${from} AND ${comparesDate(column, "<=", ms)}`;
}

function comparesDate({ name, type }: SqlColumn, sign: Sign, ms: number): Sql {
  const isLess = sign.startsWith("<");
  const isAfter = sign === "<=" || sign === ">";
  // What is read as this millisecond is before the next one.
  const next = ms <= FIRST_MS ? FIRST_MS + 1 : ms + 1;
  if (isAfter && ms >= LAST_MS) return isLess ? sql`${quoteName(name)} IS NOT NULL` : NEVER;
  const bound = bind(earliestTime(isAfter ? next : ms));
  const cast = type === "timestamp" || type === "date" ? "timestamp" : "timestamptz";
  return sql`${quoteName(name)} ${isLess ? "<" : ">="} ${bound}::text::${cast}`;
}

function documentSql({ name, type = "" }: SqlColumn): string {
  // PostgreSQL's names of arrays start so.
  if (type.startsWith("_")) return arrayDocument(quoteName(name), type);
  return type === "jsonb" ? quoteName(name) : `${quoteName(name)}::jsonb`;
}

/** Bytes as PostgreSQL reads them. */
export function postgresBytes(bytes: Uint8Array): string {
  return `\\x${hexOf(bytes)}`;
}

function integerText(operand: number | bigint): string {
  return String(BigInt(operand));
}

function numberText(operand: number | bigint): string {
  return String(operand);
}

/** A page far beyond all rows is as empty as any. */
function whole(count: number): string {
  return String(BigInt(Math.min(count, Number.MAX_SAFE_INTEGER)));
}
