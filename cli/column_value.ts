import type { Column, Value } from "@vantage/live";
import { BadInput } from "./bad_input.ts";
import { parseJsonForm } from "./json_form.ts";

type Kind = "boolean" | "date" | "integer" | "number" | "json" | "text" | "any";

const WHOLE = "a whole number of at most 64 bits";

/** A column and its new value. */
export interface Assignment {
  readonly column: string;
  readonly value: Value;
}

/**
 * Reads `column=value`; the declared type decides which values are accepted.
 *
 * @throws {BadInput} if it has no `=`, the column is unknown, or its type does not accept the value.
 */
export function parseAssignment(text: string, columns: readonly Column[]): Assignment {
  const sign = text.indexOf("=");
  if (sign < 1) throw new BadInput(`${JSON.stringify(text)} is not of the form column=value`);
  const column = findColumn(text.slice(0, sign), columns);
  return { column: column.name, value: parseValue(text.slice(sign + 1), column) };
}

/**
 * Finds a column by name.
 *
 * @throws {BadInput} that names all columns if there is none of this name.
 */
export function findColumn(name: string, columns: readonly Column[]): Column {
  const column = columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const accepted = columns.map((candidate) => candidate.name).join(", ");
  throw new BadInput(`Unknown column ${JSON.stringify(name)}; accepted are ${accepted}`);
}

/**
 * Reads a value for a column: a number, `true` or `false`, JSON, or else text.
 *
 * @throws {BadInput} if the column's type does not accept it.
 */
export function parseValue(text: string, column: Column): Value {
  switch (kindOf(column)) {
    case "boolean":
      if (text === "true" || text === "false") return text === "true";
      throw refusal(column, "true or false", text);
    case "integer":
      if (/^-?\d+$/.test(text) && fits(BigInt(text))) return exactInteger(BigInt(text));
      throw refusal(column, WHOLE, text);
    case "number":
      if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(Number(text))) return Number(text);
      throw refusal(column, "a number", text);
    case "json":
      return parseJson(text, `${column.name} takes JSON`);
    case "date":
      if (Number.isFinite(Date.parse(text))) return new Date(text);
      throw refusal(column, "a date like 2025-01-02T07:00:00Z", text);
    case "text":
    case "any":
      return text;
  }
}

/**
 * Checks that a column's type accepts a value.
 *
 * @throws {BadInput} if it does not.
 */
export function checkValue(value: Value, column: Column): void {
  const type = typeof value;
  if (value === null) return;
  switch (kindOf(column)) {
    case "boolean":
      if (type !== "boolean") throw refusal(column, "true or false", value);
      return;
    case "integer":
      if (typeof value === "bigint" ? !fits(value) : !Number.isInteger(value)) throw refusal(column, WHOLE, value);
      return;
    case "number":
      if (type !== "bigint" && type !== "number") throw refusal(column, "a number", value);
      return;
    case "date":
      if (!(value instanceof Date)) throw refusal(column, "a date", value);
      return;
    case "text":
      if (type !== "string") throw refusal(column, "text", value);
      return;
    case "json":
    case "any":
  }
}

/**
 * Reads JSON.
 *
 * @throws {BadInput} if it is malformed; the message starts with `what`, which says what is expected.
 */
export function parseJson(text: string, what: string): Value {
  try {
    return parseJsonForm(text);
  } catch (cause) {
    throw new BadInput(`${what}, and ${JSON.stringify(text)} is malformed JSON`, { cause });
  }
}

/** The declared type decides by parts of its name, as in SQLite; SurrealDB has types of other names. */
function kindOf({ type = "" }: Column): Kind {
  const [declared = ""] = type.split(" | ").filter((one) => one !== "none" && one !== "null");
  if (declared === "datetime") return "date";
  if (declared === "string") return "text";
  if (/BOOL/i.test(type)) return "boolean";
  if (/INT/i.test(type)) return "integer";
  if (/REAL|FLOA|DOUB|NUM|DEC/i.test(type)) return "number";
  if (/JSON/i.test(type)) return "json";
  return /CHAR|CLOB|TEXT/i.test(type) ? "text" : "any";
}

function fits(integer: bigint): boolean {
  return BigInt.asIntN(64, integer) === integer;
}

function exactInteger(integer: bigint): number | bigint {
  const number = Number(integer);
  return Number.isSafeInteger(number) ? number : integer;
}

function refusal({ name }: Column, accepted: string, value: Value): BadInput {
  const given = typeof value === "string" ? JSON.stringify(value) : describe(value);
  return new BadInput(`${name} takes ${accepted}, not ${given}`);
}

function describe(value: Value): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (Array.isArray(value)) return "an array";
  return value instanceof Date ? "a date" : value instanceof Uint8Array ? "bytes" : "an object";
}
