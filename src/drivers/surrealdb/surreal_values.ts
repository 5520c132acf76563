import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { InvalidAnswerError, UnsupportedError } from "../../table/errors.ts";
import { frozenRow, isPlainObject, type Row, setField, type Value } from "../../table/row.ts";
import { classOf, isRecordId } from "./surreal_classes.ts";
import { idOf, idValue, isOfOtherTable, linkText } from "./surreal_ids.ts";
import { columnOf, type SurrealSchema } from "./surreal_schema.ts";

/** A row that was found, and its id. */
export interface FoundRow {
  readonly id: string;
  readonly row: Row;
}

/** Converts a record to a row. Absent fields stay absent. */
export function rowOf(record: unknown, schema: SurrealSchema): FoundRow {
  const { name, idType, decimals } = schema;
  if (!isPlainObject(record) || !isRecordId(record.id) || isOfOtherTable(record.id, name)) {
    throw new InvalidAnswerError(
      `SurrealDB answered with ${describe(record)} where a row of ${describe(name)} was meant`,
    );
  }
  const id = idOf(record.id.id, idType);
  const fields: Record<string, Value> = { id: idValue(id, idType) };
  for (const [column, value] of Object.entries(record)) {
    if (column === "id" || value === undefined) continue;
    const read = fromSurreal(value, column, decimals);
    // The client has a number for -2^53 and 2^53.
    const isLong = typeof read === "number" && !Number.isSafeInteger(read) &&
      columnOf(schema, column)?.type.kind === "int";
    setField(fields, column, isLong ? BigInt(read) : read);
  }
  return { id, row: frozenRow(fields) };
}

/**
 * Converts what the client makes of a value.
 *
 * @param place where it stands, for messages
 * @throws {UnsupportedError} if a row cannot hold it.
 */
export function fromSurreal(value: unknown, place: string, decimals: "text" | "number"): Value {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      return value === 0 ? 0 : value;
    case "bigint":
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case "object":
      if (value === null) return null;
      return fromObject(value, place, decimals);
    default:
      return refuse(value, place);
  }
}

function fromObject(value: object, place: string, decimals: "text" | "number"): Value {
  const convert = (inner: unknown, at: string | number): Value => fromSurreal(inner, `${place}.${at}`, decimals);
  if (Array.isArray(value)) {
    return Object.freeze(value.map((inner, at) => inner === undefined ? null : convert(inner, at)));
  }
  if (isDate(value)) return new Date(value.getTime());
  if (isBytes(value)) return new Uint8Array(value);
  switch (Object.prototype.toString.call(value)) {
    case "[object ArrayBuffer]":
      return new Uint8Array((value as ArrayBuffer).slice(0)); // As its tag says.
    case "[object Set]":
      return Object.freeze([...value as Set<unknown>].map(convert)); // As its tag says.
  }
  switch (classOf(value)) {
    case "RecordId":
      return isRecordId(value) ? linkText(value) : refuse(value, place);
    case "DateTime":
      return dateOf(value, place);
    case "Decimal":
      return decimals === "number" ? Number(String(value)) + 0 : decimalText(String(value));
    case "Duration":
    case "Uuid":
      return String(value);
    case "Geometry":
      return fromSurreal(jsonOf(value), place, decimals);
    case undefined:
      return isPlainObject(value) ? fieldsOf(value, convert) : refuse(value, place);
  }
}

function fieldsOf(value: Record<string, unknown>, convert: (inner: unknown, name: string) => Value): Value {
  const fields: Record<string, Value> = {};
  for (const [name, inner] of Object.entries(value)) {
    if (inner !== undefined) setField(fields, name, convert(inner, name));
  }
  return frozenRow(fields);
}

/** Nanoseconds are cut off. */
function dateOf(time: object, place: string): Date {
  const date: unknown = "toDate" in time && typeof time.toDate === "function" ? time.toDate() : undefined;
  return isDate(date) ? date : refuse(time, place);
}

/** SurrealDB has a negative zero. */
function decimalText(text: string): string {
  return /^-0(\.0*)?$/.test(text) ? "0" : text;
}

function jsonOf(value: object): unknown {
  return "toJSON" in value && typeof value.toJSON === "function" ? value.toJSON() : undefined;
}

function refuse(value: unknown, place: string): never {
  throw new UnsupportedError(`${describe(place)} holds ${describe(value)}, which a row cannot hold`);
}
