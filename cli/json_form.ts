import type { Row, Value } from "@vantage/live";

/** JSON; `undefined` members are omitted. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/**
 * A value as JSON. Values that JSON lacks become an object with one key: `{"$bigint": "9007199254740993"}`, `{"$date":
 * "2026-01-31T08:00:00.000Z"}`, `{"$bytes": "<base64>"}` and `{"$number": "Infinity"}`.
 */
export function toJsonForm(value: Value): Json {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { $number: String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return { $date: Number.isNaN(value.getTime()) ? "invalid" : value.toISOString() };
  if (value instanceof Uint8Array) return { $bytes: base64(value) };
  if (isList(value)) return value.map(toJsonForm);
  return rowToJson(value);
}

/** A row as JSON. */
export function rowToJson(row: Row): { readonly [column: string]: Json } {
  return Object.fromEntries(Object.entries(row).map(([column, value]) => [column, toJsonForm(value)]));
}

/**
 * Reads a value from a JSON document in this form.
 *
 * @throws {SyntaxError} if it is not JSON, or one of the four forms has invalid content.
 */
export function parseJsonForm(text: string): Value {
  return JSON.parse(text, (_, value: unknown) => fromForm(value));
}

function fromForm(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const [entry, ...more] = Object.entries(value);
  if (entry === undefined || more.length > 0 || typeof entry[1] !== "string") return value;
  const [form, text] = entry;
  switch (form) {
    case "$bigint":
      return BigInt(text);
    case "$date":
      return dateOf(text);
    case "$bytes":
      return bytesOf(text);
    case "$number":
      return Number(text);
    default:
      return value;
  }
}

function dateOf(text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) throw new SyntaxError(`${JSON.stringify(text)} is not a date`);
  return date;
}

function bytesOf(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (cause) {
    throw new SyntaxError(`${JSON.stringify(text)} is not base64`, { cause });
  }
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value);
}
