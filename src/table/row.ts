import { describe } from "../base/describe.ts";
import { equalValues, kindOf } from "./compare_values.ts";
import { isBytes, isDate } from "../base/realm.ts";
import { isUnchangeable, markUnchangeable } from "../base/unchangeable.ts";

/** What one column of a row can hold. A `-0` is kept as `0`. */
export type Value =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | readonly Value[]
  | { readonly [key: string]: Value };

/** One record: column name → value. A field that is `undefined` is absent. */
export type Row = { readonly [column: string]: Value };

/** How deep arrays and objects may nest inside one row. */
export const MAX_ROW_DEPTH = 64;

/**
 * A frozen, checked copy of `input`, without its `undefined` fields. A row that was made
 * here and holds no date or bytes is its own copy: it is copied once, however often it is handed on.
 *
 * @throws {TypeError} if it is not a plain object, or holds something that is not a {@linkcode Value}; the message
 * names the place and what was found there.
 */
export function toRow(input: unknown): Row {
  if (!isPlainObject(input)) throw new TypeError(`A row must be a plain object, got ${describe(input)}`);
  return isUnchangeable(input) ? input as Row : frozenRow(copyFields(input, "", 1));
}

/**
 * A row of fields that are the caller's alone and hold copies already, as those of another row. They are frozen, not
 * copied.
 */
export function frozenRow(fields: Record<string, Value>): Row {
  if (!holdsMutable(fields)) markUnchangeable(fields);
  return Object.freeze(fields);
}

/**
 * A checked, frozen copy of `input`.
 *
 * @throws {TypeError} if it is not a {@linkcode Value}; the message names `path`, where it stands.
 */
export function toValue(input: unknown, path: string): Value {
  return copyValue(input, path, 0);
}

/** Whether two rows hold the same columns with the same values, in whatever order the columns stand. */
export function sameRow(a: Row, b: Row): boolean {
  return a === b || sameFields(a, b);
}

/** Whether two rows have the same columns, in whatever order they stand. */
export function sameColumns(a: Row, b: Row): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name));
}

/** Whether two values are equal: by content, dates by their time, bytes by their bytes, `NaN` equal to itself. */
export function sameValue(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Number.isNaN(a) && Number.isNaN(b);
  }
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return false;
  return kind === "object"
    ? sameFields(a as Row, b as Row)
    : isList(a) && isList(b)
    ? sameList(a, b)
    : equalValues(a, b);
}

/** Whether a value holds, at any depth, a `Date` or bytes: the two kinds that freezing does not protect. */
export function holdsMutable(value: Value): boolean {
  if (typeof value !== "object" || value === null || isUnchangeable(value)) return false;
  if (Array.isArray(value)) return value.some(holdsMutable);
  if (isDate(value) || isBytes(value)) return true;
  const fields = value as Row; // All other kinds are gone.
  for (const name in fields) if (holdsMutable(fields[name] ?? null)) return true;
  return false;
}

/** The value of an own column; `null` where the row has none. Never reaches the prototype. */
export function field(row: Row, column: string): Value {
  return Object.hasOwn(row, column) ? row[column] ?? null : null;
}

/** Sets an own property, whatever its name: a plain assignment to `__proto__` would set the prototype. */
export function setField(target: Record<string, Value>, name: string, value: Value): void {
  if (name !== "__proto__") {
    target[name] = value;
    return;
  }
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}

function copyFields(input: Record<string, unknown>, path: string, depth: number): Record<string, Value> {
  if (depth > MAX_ROW_DEPTH) {
    throw new TypeError(`The row holds a cycle, or more than ${MAX_ROW_DEPTH} levels, at ${path.slice(0, 80)}`);
  }
  const copy: Record<string, Value> = {};
  for (const name of Object.keys(input)) {
    const value = input[name];
    if (value !== undefined) setField(copy, name, copyValue(value, path === "" ? name : `${path}.${name}`, depth));
  }
  return copy;
}

function copyValue(input: unknown, path: string, depth: number): Value {
  switch (typeof input) {
    case "string":
    case "boolean":
    case "bigint":
      return input;
    case "number":
      return input === 0 ? 0 : input;
    case "object":
      return copyCompound(input, path, depth);
    default:
      throw new TypeError(`A row cannot hold ${describe(input)} (at ${path}); ${ACCEPTED}`);
  }
}

function copyCompound(input: object | null, path: string, depth: number): Value {
  if (input === null) return null;
  if (Array.isArray(input)) {
    if (depth >= MAX_ROW_DEPTH) {
      throw new TypeError(`The row holds a cycle, or more than ${MAX_ROW_DEPTH} levels, at ${path.slice(0, 80)}`);
    }
    return Object.freeze(Array.from(input, (inner, index) => copyValue(inner, `${path}[${index}]`, depth + 1)));
  }
  if (isPlainObject(input)) return Object.freeze(copyFields(input, path, depth + 1));
  if (isDate(input)) return new Date(Date.prototype.getTime.call(input));
  if (isBytes(input)) return new Uint8Array(input);
  throw new TypeError(`A row cannot hold ${describe(input)} (at ${path}); ${ACCEPTED}`);
}

const ACCEPTED = "accepted are null, booleans, numbers, bigints, strings, dates, Uint8Arrays, " +
  "and plain arrays and objects of these";

/** Whether a value is an object as a literal makes it, of this realm or another. */
export function isPlainObject(input: unknown): input is Record<string, unknown> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return false;
  const prototype: unknown = Object.getPrototypeOf(input);
  // An object of another realm has that realm's Object.prototype, whose prototype is null too.
  return prototype === null || prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "hasOwnProperty"));
}

function isList(value: Value): value is readonly Value[] | Uint8Array {
  return Array.isArray(value) || isBytes(value);
}

function sameFields(a: Row, b: Row): boolean {
  let surplus = 0;
  // Each miss compares a page with the one before. Looking with for…in is several times as fast as asking hasOwn for
  // each field, which is left for what differs or may be inherited.
  for (const name in a) {
    surplus++;
    const value = a[name];
    if (value !== undefined && value === b[name]) continue;
    if (!Object.hasOwn(b, name) || !sameValue(field(a, name), field(b, name))) return false;
  }
  for (const _ in b) surplus--;
  return surplus === 0;
}

function sameList(a: readonly Value[] | Uint8Array, b: readonly Value[] | Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (!sameValue(a[index] ?? null, b[index] ?? null)) return false;
  }
  return true;
}
