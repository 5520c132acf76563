import { quoteName, type SqliteValue } from "../sqlite/sqlite_handle.ts";
import { UnsupportedError } from "../table/errors.ts";
import type { Condition, Query } from "../table/query.ts";
import { describe, type Value } from "../table/row.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { keepsId, toSqlite } from "./sqlite_values.ts";

/** SQL with the values of its parameters, in order. */
export interface Sql {
  readonly text: string;
  readonly params: readonly SqliteValue[];
}

/** The most parameters that a statement takes: https://www.sqlite.org/limits.html#max_variable_number */
const MAX_PARAMS = 32_766;

/**
 * The parameters of one statement.
 *
 * @throws {UnsupportedError} if they are more than SQLite takes.
 */
export function joinParams(...parts: readonly (readonly SqliteValue[])[]): readonly SqliteValue[] {
  const params = parts.flat();
  if (params.length <= MAX_PARAMS) return params;
  throw new UnsupportedError(`Cannot compare with ${params.length} values at once; SQLite takes at most ${MAX_PARAMS}`);
}

/** ` WHERE …` for the set that a query narrows to; empty for all rows. */
export function whereSql(query: Query, schema: SqliteSchema, searchFields: readonly string[], id?: string): Sql {
  const parts: Sql[] = (query.where ?? []).map((condition) => conditionSql(condition, schema));
  if (id !== undefined) parts.unshift(idSql(schema.key, id));
  if (query.search !== undefined) parts.push(searchSql(query.search, searchFields));
  if (parts.length === 0) return { text: "", params: [] };
  return {
    text: ` WHERE ${parts.map((part) => `(${part.text})`).join(" AND ")}`,
    params: parts.flatMap((part) => part.params),
  };
}

/** ` ORDER BY …`, ending in the natural order, so that pages neither repeat nor skip a row. */
export function orderSql(query: Query, schema: SqliteSchema): string {
  const columns = (query.orderBy ?? []).map(([column, direction]) =>
    `${compared(column)} ${direction === "asc" ? "ASC" : "DESC"}`
  );
  return ` ORDER BY ${[...columns, schema.naturalOrder].join(", ")}`;
}

/** ` LIMIT … OFFSET …` of the query's page; empty for all rows. */
export function pageSql({ pagination }: Query): Sql {
  if (pagination === undefined) return { text: "", params: [] };
  return { text: " LIMIT ? OFFSET ?", params: [pagination.limit, pagination.skip] };
}

/** Ids are strings; a key of another type is compared as text only where SQLite does not convert by itself. */
function idSql({ name, type }: SqliteColumn, id: string): Sql {
  if (!keepsId(id, type)) return { text: "FALSE", params: [] };
  const converts = /INT|CHAR|CLOB|TEXT|REAL|FLOA|DOUB|NUM|DEC/i.test(type);
  if (!converts) return { text: `CAST(${quoteName(name)} AS TEXT) COLLATE BINARY = ?`, params: [id] };
  // The first finds it by the key's own index, whatever its collation.
  return { text: `${quoteName(name)} = ? AND ${compared(name)} = ?`, params: [id, id] };
}

function conditionSql([name, operator, operand = null]: Condition, schema: SqliteSchema): Sql {
  const column = schema.columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new UnsupportedError(`${describe(schema.name)} has no column ${describe(name)}`);
  switch (operator) {
    case "eq":
      return oneOfSql(column, [operand]);
    case "ne":
      return notTrue(oneOfSql(column, [operand]));
    case "in":
      return oneOfSql(column, listOf(operand));
    case "notIn":
      return notTrue(oneOfSql(column, listOf(operand)));
    case "isNull":
      return { text: `${quoteName(name)} IS NULL`, params: [] };
    case "notNull":
      return { text: `${quoteName(name)} IS NOT NULL`, params: [] };
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

function comparisonSql(column: SqliteColumn, sign: string, operand: Value): Sql {
  if (operand === null) return { text: "FALSE", params: [] };
  if (column.kind === "json") {
    throw new UnsupportedError(`Cannot order documents by "${sign}": the column ${describe(column.name)} is JSON`);
  }
  return {
    text: `${compared(column.name)} ${sign} ? AND ${ofKind(column, operand)}`,
    params: [bind(column, operand)],
  };
}

function oneOfSql(column: SqliteColumn, operands: readonly Value[]): Sql {
  const groups = new Map<string, SqliteValue[]>();
  for (const operand of operands) {
    const kind = ofKind(column, operand);
    const group = groups.get(kind) ?? [];
    groups.set(kind, group);
    if (operand !== null) group.push(bind(column, operand));
  }
  const parts = [...groups].map(([kind, bounds]): Sql =>
    bounds.length === 0
      ? { text: kind, params: [] }
      : { text: `${compared(column.name)} IN (${bounds.map(() => "?").join(", ")}) AND ${kind}`, params: bounds }
  );
  if (parts.length === 0) return { text: "FALSE", params: [] };
  return { text: parts.map((part) => `(${part.text})`).join(" OR "), params: parts.flatMap((part) => part.params) };
}

/**
 * A column as its values are compared and ordered: character by character, also where it is declared with a collation.
 * `BINARY` is what a column has otherwise, so its indexes serve.
 */
function compared(column: string): string {
  return `${quoteName(column)} COLLATE BINARY`;
}

function notTrue({ text, params }: Sql): Sql {
  return { text: `(${text}) IS NOT TRUE`, params };
}

function searchSql(search: string, fields: readonly string[]): Sql {
  if (fields.length === 0) return { text: "FALSE", params: [] };
  return {
    text: fields.map((field) => `instr(lower(${quoteName(field)}), lower(?)) > 0`).join(" OR "),
    params: fields.map(() => search),
  };
}

function listOf(operand: Value): readonly Value[] {
  return Array.isArray(operand) ? operand : [operand];
}

function bind(column: SqliteColumn, operand: Value): SqliteValue {
  if (column.kind === "json" && typeof operand === "object" && operand !== null) {
    throw new UnsupportedError(`Cannot compare the JSON column ${describe(column.name)} with ${describe(operand)}`);
  }
  // An object can equal nothing that a column without JSON holds, and is refused by name there.
  return toSqlite(operand, column.name, column.kind);
}

/** A text of the form in which dates are kept, as `GLOB` has it. */
const DATE_PATTERNS = ["????-??-??T??:??:??.???Z", "[+-]??????-??-??T??:??:??.???Z"];

/**
 * Whether what is stored comes back as a value of the operand's kind. Only values of one kind are compared: SQLite itself
 * would find every text greater than every number, and a boolean equal to a number.
 */
function ofKind({ name: column, kind }: SqliteColumn, operand: Value): string {
  const name = quoteName(column);
  if (operand === null) return `${name} IS NULL`;
  if (kind === "json") return `${name} IS NOT NULL`;
  const isDate = `(${DATE_PATTERNS.map((pattern) => `${name} GLOB '${pattern}'`).join(" OR ")})`;
  switch (typeof operand) {
    case "boolean":
      return kind === "boolean" ? `${name} IN (0, 1)` : "FALSE";
    case "number":
    case "bigint":
      return `typeof(${name}) IN ('integer', 'real')${kind === "boolean" ? ` AND ${name} NOT IN (0, 1)` : ""}`;
    case "string":
      return `typeof(${name}) = 'text'${kind === "date" ? ` AND NOT ${isDate}` : ""}`;
    default:
      if (operand instanceof Date) return kind === "date" ? `typeof(${name}) = 'text' AND ${isDate}` : "FALSE";
      return `typeof(${name}) = 'blob'`;
  }
}
