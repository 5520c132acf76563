import { toValue, type Value } from "../../table/row.ts";
import { arrayDocument } from "../sql/postgres_array.ts";
import { postgresText } from "../sql/postgres_texts.ts";
import { FIRST_MS, LAST_MS } from "../sql/postgres_time.ts";
import { isArray, type PostgresColumn } from "./postgres_column.ts";

/**
 * SQL that reads a column as a text that is exact, whatever the client makes of types.
 *
 * @param name the quoted name, or another expression of the column's type
 */
export function readSql({ type, kind }: PostgresColumn, name: string): string {
  switch (kind) {
    case "date":
      // Exact from version 14, where `extract` is a numeric.
      return `floor(extract(epoch FROM ${name}) * 1000)::text`;
    case "bytes":
      return `encode(${name}, 'hex')`;
    case "document":
      if (type === "_int8") return `to_jsonb(${name}::text[])::text`;
      return isArray({ type }) ? `${arrayDocument(name, type)}::text` : `${name}::text`;
    case "text":
      return `${postgresText(name, type)}::text`;
    default:
      // A float of 4 bytes has more digits as a float of 8, as which it is compared.
      return type === "float4" ? `${name}::float8::text` : `${name}::text`;
  }
}

/** Whether different stored values may be read as the same, so that writing what was read would change them. */
export function isReadRoughly({ type, kind }: PostgresColumn): boolean {
  return (kind === "date" && type !== "date") || (kind === "number" && type === "numeric") || type === "json";
}

/** Converts what `readSql` reads to a value of a row. */
export function fromPostgres(text: unknown, column: PostgresColumn): Value {
  if (text === null || text === undefined) return null;
  const read = String(text);
  switch (column.kind) {
    case "boolean":
      return read === "true";
    case "number":
      return column.type === "int8" ? integerOf(read) : numberOf(read);
    case "text":
      return read;
    case "date":
      return new Date(Math.min(Math.max(Number(read), FIRST_MS), LAST_MS));
    case "bytes":
      return bytesOf(read);
    case "document":
      return documentOf(read, column);
    default:
      return column.kind satisfies never;
  }
}

/** An integer as a number if that is exact, otherwise as a bigint. */
function integerOf(text: string): number | bigint {
  const near = Number(text);
  return Number.isSafeInteger(near) ? near : BigInt(text);
}

function numberOf(text: string): number {
  const number = Number(text);
  return number === 0 ? 0 : number;
}

/** The bytes of hexadecimal digits. */
export function bytesOf(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = (digitOf(hex.charCodeAt(2 * at)) << 4) | digitOf(hex.charCodeAt(2 * at + 1));
  }
  return bytes;
}

/** The value of a hexadecimal digit, whose letters are small. */
function digitOf(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}

function documentOf(text: string, { type }: PostgresColumn): Value {
  const document: unknown = JSON.parse(text);
  if (type === "_int8") return toValue(itemsOf(document, integerOf), "array");
  // JSON has no other floats, so these are texts there.
  if (type === "_float4" || type === "_float8") return toValue(itemsOf(document, Number), "array");
  return toValue(document, "document");
}

/** A list of any depth, its texts converted. */
function itemsOf(document: unknown, convert: (text: string) => number | bigint): unknown {
  if (Array.isArray(document)) return document.map((item) => itemsOf(item, convert));
  return typeof document === "string" ? convert(document) : document;
}
