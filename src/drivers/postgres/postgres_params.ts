import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import type { Value } from "../../table/row.ts";
import { jsonText } from "../sql/json_text.ts";
import { arrayItem, postgresBytes } from "../sql/postgres_array.ts";
import { postgresTime } from "../sql/postgres_time.ts";
import { bind, type Sql, sql } from "../sql/sql.ts";
import { isStorableText } from "../sql/storable.ts";
import { isArray, type PostgresColumn } from "./postgres_column.ts";

const MS_PER_DAY = 86_400_000;

/** SQL for a value that is written to a column. The type has no length here, so one that is too long is refused. */
export function paramSql(value: Value, column: PostgresColumn): Sql {
  return sql`${bind(toPostgres(value, column))}::text::${column.cast}`;
}

/**
 * Converts a value of a row to a text that PostgreSQL reads as a value of the column's type.
 *
 * @throws {TypeError} if the column holds values of another kind; it names the column.
 * @throws {RangeError} for a date that the column cannot hold.
 */
export function toPostgres(value: Value, column: PostgresColumn): string | null {
  if (value === null) return null;
  switch (column.kind) {
    case "boolean":
      return typeof value === "boolean" ? String(value) : refuse(value, column);
    case "number":
      return isNumber(value) ? String(value) : refuse(value, column);
    case "text":
      if (column.type === "numeric" && isNumber(value)) return String(value);
      return typeof value === "string" ? checkedText(value, column) : refuse(value, column);
    case "date":
      return isDate(value) ? timeText(value, column) : refuse(value, column);
    case "bytes":
      return isBytes(value) ? postgresBytes(value) : refuse(value, column);
    case "document":
      if (!isArray(column)) return documentText(value, column);
      return Array.isArray(value) ? arrayText(value, column) : refuse(value, column);
    default:
      return column.kind satisfies never;
  }
}

function isNumber(value: Value): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function checkedText(text: string, column: PostgresColumn): string {
  if (isStorableText(text, false)) return text;
  throw new TypeError(
    `Column ${describe(column.name)} cannot hold ${describe(text)}: PostgreSQL stores neither a NUL nor half of a ` +
      "surrogate pair",
  );
}

function timeText(date: Date, { name, type }: Pick<PostgresColumn, "name" | "type">): string {
  const ms = date.getTime();
  if (Number.isNaN(ms)) throw new RangeError(`Column ${describe(name)} cannot hold an invalid date`);
  if (type === "date" && ms % MS_PER_DAY !== 0) {
    throw new RangeError(
      `Column ${describe(name)} holds days, and ${date.toISOString()} is none; a day is midnight in UTC`,
    );
  }
  return postgresTime(ms);
}

function documentText(value: Value, column: PostgresColumn): string {
  const text = holdsBigint(value) ? undefined : jsonText(value);
  return text ?? refuse(value, column);
}

/** A number of JSON is read as a float. */
function holdsBigint(value: Value): boolean {
  if (typeof value === "bigint") return true;
  if (typeof value !== "object" || value === null || isDate(value) || isBytes(value)) return false;
  return Object.values(value).some(holdsBigint);
}

function arrayText(list: readonly Value[], column: PostgresColumn): string {
  const items = list.map((item) => {
    if (item === null) return "NULL";
    return Array.isArray(item) ? arrayText(item, column) : arrayItem(itemText(item, column));
  });
  return `{${items.join(",")}}`;
}

function itemText(item: Value, column: PostgresColumn): string {
  if (column.type === "_json" || column.type === "_jsonb") return documentText(item, column);
  if (typeof item === "string") return checkedText(item, column);
  if (typeof item === "boolean" || isNumber(item)) return String(item);
  if (isDate(item)) return timeText(item, { name: column.name, type: column.type.slice(1) });
  return isBytes(item) ? postgresBytes(item) : refuse(item, column);
}

function refuse(value: Value, { name, declared }: PostgresColumn): never {
  const which = typeof value === "object" && value !== null && !isDate(value) && !isBytes(value) ? "this value" : "";
  throw new TypeError(`Column ${describe(name)} (${declared}) cannot hold ${which || describe(value)}`);
}
