import { isBytes, isDate } from "../base/realm.ts";
import { describe } from "../base/describe.ts";
import { MAX_ROW_DEPTH, type Row, setField, toValue, type Value } from "../table/row.ts";

/** JSON, as returned by `JSON.parse`. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The longest bigint to read: the time to parse one grows with the square of its length. */
const MAX_BIGINT_LENGTH = 4096;

/**
 * A value as JSON, without loss. Values that JSON lacks become an object with one key that starts with `$`:
 *
 * ```text
 * {"$bigint":"5"}   {"$date":5}  milliseconds, null if invalid   {"$bytes":"AQI="}  base64   {"$number":"NaN"}
 * {"$object":{"$date":5}}   an object that only looks like one of these
 * ```
 */
export function toWire(value: Value): Json {
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (typeof value === "number") return Number.isFinite(value) ? value : { $number: String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (isDate(value)) return { $date: Number.isNaN(value.getTime()) ? null : value.getTime() };
  if (isBytes(value)) return { $bytes: toBase64(value) };
  if (Array.isArray(value)) return value.map(toWire);
  const object = mapFields(value as Row, toWire);
  return markOf(object) === undefined ? object : { $object: object };
}

/** A row as JSON. Its columns are never taken for marks. */
export function rowToWire(row: Row): Json {
  return mapFields(row, toWire);
}

/**
 * Reads a value written by {@linkcode toWire}.
 *
 * @throws {TypeError} if the content of a mark is invalid, or the value is nested deeper than a row can be.
 */
export function fromWire(wire: Json): Value {
  return read(wire, 0);
}

/**
 * Reads a row written by {@linkcode rowToWire}.
 *
 * @throws {TypeError} if it is not a row.
 */
export function rowFromWire(wire: Json | undefined): Row {
  if (typeof wire !== "object" || wire === null || isList(wire)) {
    throw new TypeError(`A row must be an object, got ${describe(wire)}`);
  }
  return Object.freeze(mapFields(wire, within(0)));
}

/** The value of an object's own key; `undefined` if this is not an object, or has no such key. */
export function memberOf(json: Json | undefined, name: string): Json | undefined {
  if (typeof json !== "object" || json === null || isList(json) || !Object.hasOwn(json, name)) return undefined;
  return json[name];
}

/** Like `Array.isArray`, but narrows to readonly arrays. */
export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/** Reads a value inside `depth` arrays and objects. */
function read(wire: Json, depth: number): Value {
  if (typeof wire !== "object" || wire === null) return toValue(wire, "value");
  if (isList(wire)) return Object.freeze(wire.map(within(depth)));
  const mark = markOf(wire);
  return mark === undefined
    ? Object.freeze(mapFields(wire, within(depth)))
    : readMarked(mark, wire[mark] ?? null, depth);
}

/** A reader for the members of an array or object inside `depth` others. */
function within(depth: number): (wire: Json) => Value {
  if (depth >= MAX_ROW_DEPTH) throw new TypeError(`A row has at most ${MAX_ROW_DEPTH} levels`);
  return (wire) => read(wire, depth + 1);
}

function readMarked(mark: string, content: Json, depth: number): Value {
  switch (mark) {
    case "$bigint":
      if (typeof content === "string" && content.length <= MAX_BIGINT_LENGTH && /^-?\d+$/.test(content)) {
        return BigInt(content);
      }
      break;
    case "$number":
      if (content === "NaN" || content === "Infinity" || content === "-Infinity") return Number(content);
      break;
    case "$date":
      if (content === null || typeof content === "number") return new Date(content ?? NaN);
      break;
    case "$bytes":
      if (typeof content === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(content) && content.length % 4 === 0) {
        return fromBase64(content);
      }
      break;
    case "$object":
      if (typeof content === "object" && content !== null && !isList(content)) {
        return Object.freeze(mapFields(content, within(depth)));
      }
      break;
  }
  throw new TypeError(`Cannot read a value: ${JSON.stringify(mark)} has invalid content`);
}

/** The only key of an object, if it looks like a mark. */
function markOf(object: { readonly [key: string]: Json }): string | undefined {
  const [name, second] = Object.keys(object);
  return second === undefined && name?.startsWith("$") ? name : undefined;
}

function mapFields<From, To extends Value>(
  object: { readonly [key: string]: From },
  convert: (value: From) => To,
): { readonly [key: string]: To } {
  const result: Record<string, To> = {};
  for (const [name, value] of Object.entries(object)) setField(result, name, convert(value));
  return result;
}

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
