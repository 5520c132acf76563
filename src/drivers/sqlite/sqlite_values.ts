import { exactInteger, type SqliteValue } from "./sqlite_handle.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import { MistakeError } from "../../table/mistake_error.ts";
import { toValue, type Value } from "../../table/row.ts";
import { type DateFormat, readDate, writeDate } from "./sqlite_dates.ts";

/** How the values of a column are stored: SQLite has no booleans, dates or documents, so the declared type decides. */
export type ColumnKind = "plain" | "boolean" | "date" | "json";

/** The kind for a declared type. */
export function columnKind(declaredType: string): ColumnKind {
  if (/BOOL/i.test(declaredType)) return "boolean";
  if (/^(SMALL)?(DATE|TIMESTAMP)/i.test(declaredType)) return "date";
  return /JSON/i.test(declaredType) ? "json" : "plain";
}

/** The largest integer that SQLite stores as one. */
export const LARGEST_INTEGER: bigint = 2n ** 63n - 1n;

/**
 * Converts a value of a row to one that can be bound.
 *
 * @param format how to write a date in a date column
 * @throws {TypeError} if the column cannot store it, and {RangeError} if SQLite cannot; both name the column.
 */
export function toSqlite(value: Value, column: string, kind: ColumnKind, format?: DateFormat): SqliteValue {
  if (value === null) return null;
  if (kind === "json") return toJson(value, column);
  switch (typeof value) {
    case "boolean":
      return value ? 1n : 0n;
    case "number":
      // An unconverted number would be bound as a float, which a text column would store as "5.0".
      return Number.isSafeInteger(value) ? BigInt(value) : checkedFloat(value, column);
    case "bigint":
      if (value > LARGEST_INTEGER || value < -LARGEST_INTEGER - 1n) {
        throw new RangeError(`Column ${describe(column)} cannot hold ${value}: SQLite's integers have 64 bits`);
      }
      return value;
    case "string":
      if (!value.isWellFormed()) {
        throw new MistakeError(
          `Column ${describe(column)} cannot hold ${describe(value)}: it has half of a surrogate pair`,
        );
      }
      return value;
    default:
      return compoundToSqlite(value, column, format);
  }
}

/** Converts a stored value to one of a row. */
export function fromSqlite(value: SqliteValue, kind: ColumnKind): Value {
  if (kind === "date" && value !== null) {
    const date = readDate(value);
    if (date !== undefined) return new Date(date.ms);
  }
  if (typeof value === "bigint" || typeof value === "number") {
    // SQLite keeps plain numbers in JSON columns as numbers of any size; JSON has only one kind.
    if (kind === "json") return Number(value);
    const number = typeof value === "bigint" ? exactInteger(value) : value === 0 ? 0 : value;
    return kind === "boolean" && (number === 0 || number === 1) ? number === 1 : number;
  }
  if (isBytes(value)) return new Uint8Array(value);
  if (typeof value !== "string") return value ?? null;
  return kind === "json" ? fromJson(value) : value;
}

function checkedFloat(value: number, column: string): number {
  if (Number.isNaN(value)) throw new RangeError(`Column ${describe(column)} cannot hold NaN: SQLite would store null`);
  return value;
}

function compoundToSqlite(
  value: Exclude<Value, null | boolean | number | bigint | string>,
  column: string,
  format: DateFormat | undefined,
): SqliteValue {
  if (isBytes(value)) return value;
  if (!isDate(value)) {
    throw new MistakeError(
      `Column ${describe(column)} cannot hold ${describe(value)}; only a column declared as JSON can`,
    );
  }
  if (Number.isNaN(value.getTime())) throw new RangeError(`Column ${describe(column)} cannot hold an invalid date`);
  return writeDate(value.getTime(), format);
}

function toJson(value: Value, column: string): string {
  return JSON.stringify(value, function (this: Readonly<Record<string, unknown>>, key: string): unknown {
    // JSON.stringify has turned a Date into a string before it calls this.
    const original = this[key];
    const lost = typeof original === "bigint" || isDate(original) || isBytes(original) ||
      (typeof original === "number" && !Number.isFinite(original));
    if (lost) throw new MistakeError(`Column ${describe(column)} is JSON, which cannot hold ${describe(original)}`);
    return original;
  });
}

function fromJson(text: string): Value {
  try {
    return toValue(JSON.parse(text), "json");
  } catch {
    // Not JSON, or nested deeper than a row can be.
    return text;
  }
}
