import { exactInteger, type SqliteValue } from "../sqlite/sqlite_handle.ts";
import { isBytes, isDate } from "../table/realm.ts";
import { describe, toValue, type Value } from "../table/row.ts";

/** How the values of a column are kept: SQLite has no booleans, dates or documents, so the declared type decides. */
export type ColumnKind = "plain" | "boolean" | "date" | "json";

/** The kind that a declared type stands for. */
export function columnKind(declaredType: string): ColumnKind {
  if (/BOOL/i.test(declaredType)) return "boolean";
  if (/^(DATE|TIMESTAMP)/i.test(declaredType)) return "date";
  return /JSON/i.test(declaredType) ? "json" : "plain";
}

/** A text that SQLite would turn into a number in a column of numbers; it stops at a NUL. */
const NUMERIC = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*(\0|$)/i;
const INTEGER = /^(0|-?[1-9]\d*)$/;

/** Whether a key of this type keeps an id as it is, rather than as a number that is written in another way. */
export function keepsId(id: string, keyType: string): boolean {
  if (!/INT/i.test(keyType) || !NUMERIC.test(id)) return true;
  return INTEGER.test(id) && BigInt(id) <= LARGEST_INTEGER && BigInt(id) >= -LARGEST_INTEGER - 1n;
}

const LARGEST_INTEGER = 2n ** 63n - 1n;

/** The form in which a `Date` is kept: other texts in a date column stay texts. */
const ISO_DATE = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/**
 * A value as it is bound.
 *
 * @throws {TypeError} if the column cannot keep it, and {RangeError} if it is beyond what SQLite can; both name the column.
 */
export function toSqlite(value: Value, column: string, kind: ColumnKind): SqliteValue {
  if (value === null) return null;
  if (kind === "json") return toJson(value, column);
  switch (typeof value) {
    case "boolean":
      return value ? 1n : 0n;
    case "number":
      // A number is bound as a float, which a column of text would keep as "5.0".
      return Number.isSafeInteger(value) ? BigInt(value) : checkedFloat(value, column);
    case "bigint":
      if (value > LARGEST_INTEGER || value < -LARGEST_INTEGER - 1n) {
        throw new RangeError(`Column ${describe(column)} cannot hold ${value}: SQLite's integers have 64 bits`);
      }
      return value;
    case "string":
      if (!value.isWellFormed()) {
        throw new TypeError(
          `Column ${describe(column)} cannot hold ${describe(value)}: it has half of a surrogate pair`,
        );
      }
      return value;
    default:
      return compoundToSqlite(value, column);
  }
}

/** A value as it stands in a row. */
export function fromSqlite(value: SqliteValue, kind: ColumnKind): Value {
  if (typeof value === "bigint" || typeof value === "number") {
    // SQLite keeps the numbers among documents as numbers, whatever their size; JSON knows one kind of them.
    if (kind === "json") return Number(value);
    const number = typeof value === "bigint" ? exactInteger(value) : value;
    return kind === "boolean" && (number === 0 || number === 1) ? number === 1 : number;
  }
  if (isBytes(value)) return new Uint8Array(value);
  if (typeof value !== "string") return value ?? null;
  if (kind === "date") return fromDate(value);
  return kind === "json" ? fromJson(value) : value;
}

function fromDate(text: string): Date | string {
  const date = ISO_DATE.test(text) ? new Date(text) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? text : date;
}

function checkedFloat(value: number, column: string): number {
  if (Number.isNaN(value)) throw new RangeError(`Column ${describe(column)} cannot hold NaN: SQLite would keep null`);
  return value;
}

function compoundToSqlite(
  value: Exclude<Value, null | boolean | number | bigint | string>,
  column: string,
): SqliteValue {
  if (isBytes(value)) return value;
  if (!isDate(value)) {
    throw new TypeError(
      `Column ${describe(column)} cannot hold ${describe(value)}; only a column declared as JSON can`,
    );
  }
  if (Number.isNaN(value.getTime())) throw new RangeError(`Column ${describe(column)} cannot hold an invalid date`);
  return value.toISOString();
}

function toJson(value: Value, column: string): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string): unknown {
    // JSON.stringify has turned a Date into a string before it asks here.
    const original = this[key];
    const lost = typeof original === "bigint" || isDate(original) || isBytes(original) ||
      (typeof original === "number" && !Number.isFinite(original));
    if (lost) throw new TypeError(`Column ${describe(column)} is JSON, which cannot hold ${describe(original)}`);
    return original;
  });
}

function fromJson(text: string): Value {
  try {
    return toValue(JSON.parse(text), "json");
  } catch (error) {
    if (error instanceof SyntaxError) return text;
    throw error;
  }
}
