import { isBytes, isDate } from "../base/realm.ts";
import type { Value } from "./row.ts";

/** The kinds of value in their order; numbers and bigints are one kind. */
const KINDS = ["null", "boolean", "number", "date", "text", "bytes", "list", "object"] as const;

/** A kind of value. */
export type ValueKind = typeof KINDS[number];

/** The kind of a value. */
export function kindOf(value: Value): ValueKind {
  switch (typeof value) {
    case "string":
      return "text";
    case "number":
    case "bigint":
      return "number";
    case "boolean":
      return "boolean";
    default:
      if (value === null) return "null";
      if (Array.isArray(value)) return "list";
      return isDate(value) ? "date" : isBytes(value) ? "bytes" : "object";
  }
}

/**
 * The one total order of all values: below zero if `a` comes first, above if `b` does, zero if they are equal.
 *
 * Kinds come in the order null, boolean, number, date, text, bytes, list, object. Numbers and bigints compare by value,
 * exactly; `NaN` equals itself and comes after every number, an invalid date after every date. Text compares by code
 * point, as UTF-8 does; lists and bytes item by item, then by length; objects by their fields in the order of the names.
 */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b);
  const [kindOfA, kindOfB] = [kindOf(a), kindOf(b)];
  if (kindOfA !== kindOfB) return KINDS.indexOf(kindOfA) - KINDS.indexOf(kindOfB);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (isDate(a) && isDate(b)) return compareNumbers(timeOf(a), timeOf(b));
  if (isBytes(a) && isBytes(b)) return compareBytes(a, b);
  if (Array.isArray(a) && Array.isArray(b)) return compareLists(a, b);
  return kindOfA === "object" ? compareLists(fieldsOf(a), fieldsOf(b)) : 0;
}

/** Whether two values are equal where conditions and orders are concerned: `1` equals `1n`, and `NaN` equals itself. */
export function equalValues(a: Value, b: Value): boolean {
  return a === b || compareValues(a, b) === 0;
}

/** Whether `gt`, `gte`, `lt` and `lte` compare two values at all: of one kind, and neither null, lists nor objects. */
export function areComparable(a: Value, b: Value): boolean {
  const kind = kindOf(a);
  return kind !== "null" && kind !== "list" && kind !== "object" && kind === kindOf(b);
}

/** The time of a date of any realm. */
function timeOf(date: Date): number {
  return Date.prototype.getTime.call(date);
}

function isNumeric(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function compareNumbers(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** By code point: `<` compares UTF-16 units, which puts U+FFFD after an emoji. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  let index = 0;
  while (index < length && a.charCodeAt(index) === b.charCodeAt(index)) index++;
  if (index === length) return a.length - b.length;
  // The units that differ may be the second halves of code points, or of one only.
  const before = index === 0 ? 0 : pointAt(a, index - 1) - pointAt(b, index - 1);
  return before !== 0 ? before : pointAt(a, index) - pointAt(b, index);
}

function pointAt(text: string, index: number): number {
  return Number(text.codePointAt(index));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = Number(a[index]) - Number(b[index]);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

function compareLists(a: readonly Value[], b: readonly Value[]): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const difference = compareValues(a[index] ?? null, b[index] ?? null);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** An object as a list of its fields, sorted by name. */
function fieldsOf(object: Value): Value[] {
  return Object.entries(object as { readonly [name: string]: Value }) // Its kind is "object".
    .sort(([one], [other]) => compareText(one, other));
}
