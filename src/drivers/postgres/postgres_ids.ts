import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import { bind, joinSql, NEVER, type Sql, sql } from "../sql/sql.ts";
import { hexOf, isInteger64, isStorableText } from "../sql/storable.ts";
import type { PostgresColumn } from "./postgres_column.ts";
import { bytesOf, readSql } from "./postgres_values.ts";
import type { PostgresSchema } from "./postgres_schema.ts";
import { isUuid } from "../sql/postgres_texts.ts";
import { FIRST_MS, LAST_MS } from "../sql/postgres_time.ts";
import { quoteName } from "../sql/quote_name.ts";

/** The text of a key column's value; `null` for `NULL`. */
export type KeyPart = string | null;

const TIME_FORMATS: Readonly<Record<string, string>> = {
  timestamptz: `'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'`,
  timestamp: `'YYYY-MM-DD"T"HH24:MI:SS.US'`,
  date: "'YYYY-MM-DD'",
};

/** SQL that reads the text of a key column's value, of dates with all microseconds. */
export function keySql(column: PostgresColumn): string {
  const name = quoteName(column.name);
  if (column.kind !== "date") return readSql(column, name);
  const utc = column.type === "timestamptz" ? `${name} AT TIME ZONE 'UTC'` : name;
  const era = `CASE WHEN extract(year FROM ${utc}) < 0 THEN ' BC' ELSE '' END`;
  // Infinities have no digits.
  return `CASE WHEN isfinite(${name}) THEN to_char(${utc}, ${
    TIME_FORMATS[column.type]
  }) || ${era} ELSE ${name}::text END`;
}

/**
 * The id of a row: the text of the key's value, or the texts of all key columns joined by commas. `~'` marks a text that
 * begins with `~`, `~x` bytes, and `~n` is `NULL`. With several columns, each `~` and `,` in a value is escaped by `~`. So
 * different rows have different ids.
 */
export function idOf({ key: { columns } }: PostgresSchema, parts: readonly KeyPart[]): string {
  const texts = columns.map((column, at) => encodePart(parts[at] ?? null, column));
  return texts.length === 1 ? String(texts[0]) : texts.map((text) => text.replace(/[~,]/g, "~$&")).join(",");
}

/** The texts of the key columns' values in this id; `undefined` if no row can have it. */
export function keyParts({ key: { columns } }: PostgresSchema, id: string): readonly KeyPart[] | undefined {
  if (!isStorableText(id, false)) return undefined;
  const texts = columns.length === 1 ? [id] : splitId(id);
  if (texts?.length !== columns.length) return undefined;
  const parts: KeyPart[] = [];
  for (const [at, column] of columns.entries()) {
    const part = decodePart(texts[at] ?? "", column);
    // Each value has exactly one id, so a row cannot be found under another.
    if (part === undefined || encodePart(part, column) !== texts[at]) return undefined;
    parts.push(part);
  }
  return parts;
}

/** SQL for the row with this id. */
export function idSql(schema: PostgresSchema, id: string): Sql {
  const parts = keyParts(schema, id);
  if (parts === undefined) return NEVER;
  return joinSql(schema.key.columns.map((column, at) => partSql(column, parts[at] ?? null, schema)), "AND");
}

/** Whether a key column stores the text of an id unchanged, or refuses it. */
export function keepsPart({ kind, type, deterministic }: PostgresColumn, part: KeyPart): boolean {
  // The row that a write finds may have another text.
  if (!deterministic) return false;
  // Spaces at the end of a text that is too long are cut off.
  if (type === "varchar") return part?.endsWith(" ") !== true;
  return kind === "bytes" || kind === "boolean" || ["int2", "int4", "int8", "text", "uuid"].includes(type);
}

/**
 * A row may include its key, as it does when it is read, but no other.
 *
 * @throws {TypeError} if it has another.
 */
export function checkKey(schema: PostgresSchema, id: string, row: Row): void {
  const parts = keyParts(schema, id);
  for (const [at, column] of schema.key.columns.entries()) {
    if (!Object.hasOwn(row, column.name)) continue;
    const given = field(row, column.name);
    if (isPart(given, parts?.[at] ?? null, column)) continue;
    throw new TypeError(`The row's ${describe(column.name)} is ${describe(given)}, but its id is ${describe(id)}`);
  }
}

function isPart(given: Value, part: KeyPart, column: PostgresColumn): boolean {
  if (part === null || given === null) return part === given;
  if (isDate(given)) return given.getTime() === timeIn(part, column);
  if (isBytes(given)) return hexOf(given) === part;
  return String(given) === part;
}

function encodePart(part: KeyPart, { kind }: PostgresColumn): string {
  if (part === null) return "~n";
  if (kind === "bytes") return `~x${part}`;
  return part.startsWith("~") ? `~'${part}` : part;
}

function decodePart(text: string, column: PostgresColumn): KeyPart | undefined {
  if (!text.startsWith("~")) return canHave(text, column) ? text : undefined;
  switch (text.slice(0, 2)) {
    case "~n":
      return null;
    case "~'":
      return text.slice(2);
    case "~x":
      return column.kind === "bytes" && /^([0-9a-f]{2})*$/.test(text.slice(2)) ? text.slice(2) : undefined;
    default:
      return undefined;
  }
}

/** Whether a value of the column could have this text. What is not known here is found out by comparing texts. */
function canHave(text: string, column: PostgresColumn): boolean {
  switch (column.kind) {
    case "boolean":
      return text === "true" || text === "false";
    case "bytes":
      return false;
    case "date":
      return timeIn(text, column) !== undefined;
    case "number":
      return !isInteger(column) || (/^(0|-?[1-9]\d{0,18})$/.test(text) && isInteger64(BigInt(text)));
    default:
      return column.type !== "uuid" || isUuid(text);
  }
}

/** The texts that were joined by commas; `undefined` if the id is malformed. */
function splitId(id: string): readonly string[] | undefined {
  if (!/^(?:[^~]|~[~,])*$/.test(id)) return undefined;
  const texts = [""];
  for (const [token] of id.matchAll(/~[~,]|,|[^~,]+/g)) {
    if (token === ",") texts.push("");
    else texts.push(texts.pop() + (token.startsWith("~") ? token.slice(1) : token));
  }
  return texts;
}

function partSql(column: PostgresColumn, part: KeyPart, { dialect }: PostgresSchema): Sql {
  const name = quoteName(column.name);
  if (part === null) return sql`${name} IS NULL`;
  switch (column.kind) {
    case "boolean":
      return dialect.equalsAny(column, [part === "true"]);
    case "bytes":
      return dialect.equalsAny(column, [bytesOf(part)]);
    case "text":
      return dialect.equalsAny(column, [part]);
    case "date":
      return sql`${name} = ${bind(part)}::text::${column.cast}`;
    default:
      if (isInteger(column)) return dialect.equalsAny(column, [BigInt(part)]);
      return sql`${keySql(column)} = ${bind(part)}::text`;
  }
}

function isInteger({ type }: PostgresColumn): boolean {
  return type === "int2" || type === "int4" || type === "int8";
}

/** A time as `keySql` writes it. */
const TIME = /^(\d{4,6})-(\d\d-\d\d)(?:T(\d\d:\d\d:\d\d\.\d{3})\d{3})?(Z)?( BC)?$/;

/** The time in the text of a key, in milliseconds since 1970; `undefined` if it is none of this type. */
function timeIn(part: string, { type }: PostgresColumn): number | undefined {
  if (part === "infinity") return LAST_MS;
  if (part === "-infinity") return FIRST_MS;
  const [, digits = "", day = "", time, zone, era] = TIME.exec(part) ?? [];
  const isOfType = (time === undefined) === (type === "date") && (zone !== undefined) === (type === "timestamptz");
  const number = Number(digits);
  if (!isOfType || number === 0 || digits !== String(number).padStart(4, "0")) return undefined;
  const text = `${yearText(era === undefined ? number : 1 - number)}-${day}T${time ?? "00:00:00.000"}Z`;
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text ? date.getTime() : undefined;
}

/** A year as `toISOString` writes it. */
function yearText(year: number): string {
  if (year >= 0 && year <= 9999) return String(year).padStart(4, "0");
  return `${year < 0 ? "-" : "+"}${String(Math.abs(year)).padStart(6, "0")}`;
}
