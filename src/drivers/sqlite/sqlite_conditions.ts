import { quoteName, type SqliteValue } from "./sqlite_handle.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Condition } from "../../table/query.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import { dateMsSql } from "./sqlite_date_sql.ts";
import { jsonNumberSql, jsonTextSql, jsonTypeSql } from "./sqlite_json_sql.ts";
import type { Sql } from "./sqlite_query.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { isStorable, textDecoder, textOf } from "./sqlite_text.ts";
import { LARGEST_INTEGER, toSqlite } from "./sqlite_values.ts";

type Sign = "<" | "<=" | ">" | ">=";

/** SQL for the values of a column that are of the operand's kind, and the operand. */
interface Comparand {
  /** True for values of that kind only. */
  readonly guard: string;
  /** The expression to compare where the guard holds. */
  readonly left: string;
  readonly bound: SqliteValue;
}

const NEVER: Sql = { text: "FALSE", params: [] };

/**
 * SQL for one condition. Compares only values of one kind: SQLite itself would find every text greater than every
 * number, and a boolean equal to a number.
 *
 * @throws {UnsupportedError} if there is no such column, or it holds documents, which do not support the comparison.
 */
export function conditionSql([name, operator, operand = null]: Condition, schema: SqliteSchema): Sql {
  const column = schema.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new UnsupportedError(`${describe(schema.name)} has no column ${describe(name)}`);
  switch (operator) {
    case "eq":
      return oneOfSql(column, [operand], schema);
    case "ne":
      return notTrue(oneOfSql(column, [operand], schema));
    case "in":
      return oneOfSql(column, listOf(operand), schema);
    case "notIn":
      return notTrue(oneOfSql(column, listOf(operand), schema));
    case "isNull":
      return isNullSql(column);
    case "notNull":
      return notTrue(isNullSql(column));
    case "gt":
      return comparisonSql(column, ">", operand);
    case "gte":
      return comparisonSql(column, ">=", operand);
    case "lt":
      return comparisonSql(column, "<", operand);
    case "lte":
      return comparisonSql(column, "<=", operand);
    default:
      return operator satisfies never;
  }
}

function comparisonSql(column: SqliteColumn, sign: Sign, operand: Value): Sql {
  if (column.kind === "json" && operand !== null) {
    throw new UnsupportedError(`Cannot order documents by "${sign}": the column ${describe(column.name)} is JSON`);
  }
  if (isBeyondAll(operand)) {
    const guard = guardOf(column, operand);
    return sign.startsWith("<") ? { text: guard, params: [] } : NEVER;
  }
  if (typeof operand === "bigint" && !fits(operand)) return hugeSql(column, sign, operand);
  const comparand = comparandOf(column, operand);
  if (comparand === undefined) return NEVER;
  const { guard, left, bound } = comparand;
  return { text: `${left} ${sign} ? AND ${guard}`, params: [bound] };
}

/** A bigint beyond 64 bits is either a float or lies between two. */
function hugeSql(column: SqliteColumn, sign: Sign, operand: bigint): Sql {
  const near = Number(operand);
  const above = near === Infinity || (near !== -Infinity && BigInt(near) > operand);
  if (isFloat(operand)) return comparisonSql(column, sign, near);
  const strict = above
    ? { "<": "<", "<=": "<", ">": ">=", ">=": ">=" }
    : { "<": "<=", "<=": "<=", ">": ">", ">=": ">" };
  return comparisonSql(column, strict[sign] as Sign, near);
}

function oneOfSql(column: SqliteColumn, operands: readonly Value[], { encoding }: SqliteSchema): Sql {
  const groups = new Map<string, { readonly comparand: Comparand; readonly bounds: SqliteValue[] }>();
  const parts: Sql[] = operands.includes(null) ? [isNullSql(column)] : [];
  for (const operand of operands) {
    const comparand = isIllFormed(operand, encoding)
      ? bytesComparand(column, operand)
      : operand !== null && canBeHeld(operand, encoding)
      ? comparandOf(column, operand)
      : undefined;
    if (comparand === undefined) continue;
    const key = `${comparand.left} ${comparand.guard}`;
    const group = groups.get(key) ?? { comparand, bounds: [] };
    groups.set(key, group);
    group.bounds.push(comparand.bound);
  }
  for (const { comparand: { left, guard }, bounds } of groups.values()) {
    parts.push({ text: `${left} IN (${bounds.map(() => "?").join(", ")}) AND ${guard}`, params: bounds });
  }
  if (parts.length === 0) return NEVER;
  return { text: parts.map((part) => `(${part.text})`).join(" OR "), params: parts.flatMap((part) => part.params) };
}

/** `NULL`, and the document `null`, which is read as the same value. */
function isNullSql({ name, kind }: SqliteColumn): Sql {
  const column = quoteName(name);
  const document = kind === "json" ? ` OR ${jsonTypeSql(column)} = 'null'` : "";
  return { text: `${column} IS NULL${document}`, params: [] };
}

function notTrue({ text, params }: Sql): Sql {
  return { text: `(${text}) IS NOT TRUE`, params };
}

function listOf(operand: Value): readonly Value[] {
  return Array.isArray(operand) ? operand : [operand];
}

/** Whether the operand sorts after every value of its kind that a database can hold. */
function isBeyondAll(operand: Value): boolean {
  return Number.isNaN(isDate(operand) ? operand.getTime() : operand);
}

function fits(operand: bigint): boolean {
  return operand <= LARGEST_INTEGER && operand >= -LARGEST_INTEGER - 1n;
}

function numberOf(operand: number | bigint): SqliteValue {
  return typeof operand === "bigint" && !fits(operand) ? Number(operand) : toSqlite(operand, "", "plain");
}

/** Whether a float can hold this integer exactly. */
function isFloat(operand: bigint): boolean {
  const near = Number(operand);
  return Number.isFinite(near) && BigInt(near) === operand;
}

/** Whether a database could hold a value that equals the operand. */
function canBeHeld(operand: Value, encoding: string): boolean {
  if (typeof operand === "string") return isStorable(operand, encoding);
  return !isBeyondAll(operand) && (typeof operand !== "bigint" || fits(operand) || isFloat(operand));
}

/** How to compare a column with the operand; `undefined` if it has no values of the operand's kind. */
function comparandOf(column: SqliteColumn, operand: Value): Comparand | undefined {
  if (column.kind === "json") return jsonComparand(column, operand);
  const guard = guardOf(column, operand);
  if (guard === "FALSE") return undefined;
  const name = quoteName(column.name);
  if (isDate(operand)) return { guard: "TRUE", left: dateMsSql(name), bound: BigInt(operand.getTime()) };
  const bound = typeof operand === "bigint" ? numberOf(operand) : toSqlite(operand, column.name, column.kind);
  // SQLite converts the operand to the affinity of the column. Where that could change the operand, a plus turns it
  // off; elsewhere the column's index can be used, which has the collation BINARY unless declared otherwise.
  const { affinity } = column;
  const converts = typeof bound === "string" ? affinity === "number" || affinity === "integer" : affinity === "text";
  return { guard, left: `${converts && !isBytes(bound) ? "+" : ""}${name} COLLATE BINARY`, bound };
}

/** Bytes that are not well-formed text may also be a stored text, which is read as its bytes. */
function isIllFormed(operand: Value, encoding: string): operand is Uint8Array {
  return isBytes(operand) && textOf(operand, textDecoder(encoding)) === undefined;
}

function bytesComparand(column: SqliteColumn, operand: Uint8Array): Comparand {
  const name = quoteName(column.name);
  return { guard: `typeof(${name}) IN ('text', 'blob')`, left: `CAST(${name} AS BLOB)`, bound: operand };
}

function jsonComparand({ name, kind }: SqliteColumn, operand: Value): Comparand {
  const column = quoteName(name);
  switch (typeof operand) {
    case "boolean":
      return { guard: "TRUE", left: jsonTypeSql(column), bound: String(operand) };
    case "string":
      return { guard: "TRUE", left: jsonTextSql(column), bound: toSqlite(operand, name, "plain") };
    case "number":
    case "bigint":
      return { guard: "TRUE", left: jsonNumberSql(column), bound: numberOf(operand) };
    default:
      if (isBytes(operand)) return { guard: `typeof(${column}) = 'blob'`, left: column, bound: operand };
      throw new UnsupportedError(`Cannot compare the ${kind} column ${describe(name)} with ${describe(operand)}`);
  }
}

/** SQL for whether a stored value is read as the operand's kind. */
function guardOf({ name: column, kind }: SqliteColumn, operand: Value): string {
  const name = quoteName(column);
  switch (typeof operand) {
    case "boolean":
      return kind === "boolean" ? `typeof(${name}) IN ('integer', 'real') AND ${name} IN (0, 1)` : "FALSE";
    case "number":
    case "bigint": {
      const isNumber = `typeof(${name}) IN ('integer', 'real')`;
      if (kind === "boolean") return `${isNumber} AND ${name} NOT IN (0, 1)`;
      return kind === "date" ? `${isNumber} AND ${dateMsSql(name)} IS NULL` : isNumber;
    }
    case "string":
      return `typeof(${name}) = 'text'${kind === "date" ? ` AND ${dateMsSql(name)} IS NULL` : ""}`;
    default:
      if (isDate(operand)) return kind === "date" ? `${dateMsSql(name)} IS NOT NULL` : "FALSE";
      return isBytes(operand) ? `typeof(${name}) = 'blob'` : "FALSE";
  }
}
