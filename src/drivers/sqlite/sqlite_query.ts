import { quoteName, type SqliteValue } from "./sqlite_handle.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Query } from "../../table/query.ts";
import { describe } from "../../base/describe.ts";
import { conditionSql } from "./sqlite_conditions.ts";
import { dateMsSql } from "./sqlite_date_sql.ts";
import { idSql } from "./sqlite_ids.ts";
import { jsonTextSql } from "./sqlite_json_sql.ts";
import type { SqliteColumn, SqliteSchema } from "./sqlite_schema.ts";
import { isStorable } from "./sqlite_text.ts";

/** SQL with the values of its parameters, in order. */
export interface Sql {
  readonly text: string;
  readonly params: readonly SqliteValue[];
}

/** SQL without a condition. */
export const NOTHING: Sql = { text: "", params: [] };

/** The most parameters of a statement: https://www.sqlite.org/limits.html#max_variable_number */
export const MAX_PARAMS = 32_766;

/** The most conditions in a statement. */
export const MAX_CONDITIONS = 10_000;

/** The most terms of an order: https://www.sqlite.org/limits.html#max_column */
export const MAX_ORDER_TERMS = 2_000;

/**
 * Joins the parameters of a statement.
 *
 * @throws {UnsupportedError} if there are more than SQLite allows.
 */
export function joinParams(...parts: readonly (readonly SqliteValue[])[]): readonly SqliteValue[] {
  const params = parts.length === 1 ? parts[0] ?? [] : parts.flat();
  if (params.length <= MAX_PARAMS) return params;
  throw new UnsupportedError(`Cannot compare with ${params.length} values at once; SQLite takes at most ${MAX_PARAMS}`);
}

/**
 * ` WHERE …` for the set of a query; empty for all rows.
 *
 * @throws {UnsupportedError} if there are too many conditions.
 */
export function whereSql(query: Query, schema: SqliteSchema, searchFields: readonly string[], id?: string): Sql {
  const conditions = query.where ?? [];
  if (conditions.length === 0 && query.search === undefined) {
    if (id === undefined) return NOTHING;
    const { text, params } = idSql(schema, id);
    return { text: ` WHERE ${text}`, params };
  }
  if (conditions.length > MAX_CONDITIONS) {
    throw new UnsupportedError(
      `Cannot narrow ${describe(schema.name)} by ${conditions.length} conditions; at most ${MAX_CONDITIONS}`,
    );
  }
  const parts: Sql[] = conditions.map((condition) => conditionSql(condition, schema));
  if (id !== undefined) parts.unshift(idSql(schema, id));
  if (query.search !== undefined) parts.push(searchSql(query.search, schema, searchFields));
  const texts = parts.map((part) => `(${part.text})`);
  return { text: ` WHERE ${joinBalanced(texts, " AND ")}`, params: parts.flatMap((part) => part.params) };
}

/**
 * ` ORDER BY …`, ending in the natural order, so that pages neither repeat nor skip rows.
 *
 * @throws {UnsupportedError} if it orders by documents, or by too many columns.
 */
export function orderSql(query: Query, schema: SqliteSchema): string {
  // Only the first order of a column counts.
  const orders = new Map<string, "asc" | "desc">();
  for (const [name, direction] of query.orderBy ?? []) if (!orders.has(name)) orders.set(name, direction);
  const terms = [...orders].flatMap(([name, direction]) => {
    const column = schema.columns.find((candidate) => candidate.name === name);
    return column === undefined
      ? []
      : sortTerms(schema, column).map((term) => `${term} ${direction === "asc" ? "ASC" : "DESC"}`);
  });
  if (terms.length >= MAX_ORDER_TERMS) {
    throw new UnsupportedError(
      `Cannot order ${
        describe(schema.name)
      } by ${orders.size} columns: that takes ${terms.length} terms of ${MAX_ORDER_TERMS}`,
    );
  }
  return ` ORDER BY ${[...terms, schema.naturalOrder].join(", ")}`;
}

/** ` LIMIT … OFFSET …` for the query's page; empty for all rows. */
export function pageSql({ pagination }: Query): Sql {
  if (pagination === undefined) return { text: "", params: [] };
  return { text: " LIMIT ? OFFSET ?", params: [pagination.limit, pagination.skip] };
}

/** The sort terms of a column. Kinds are ordered null, boolean, number, date, text, bytes. */
function sortTerms({ alias }: SqliteSchema, { name, kind }: SqliteColumn): readonly string[] {
  // Qualified, since a result column of the same name would take precedence.
  const column = `${alias}.${quoteName(name)}`;
  const ms = dateMsSql(column);
  switch (kind) {
    case "plain":
      return [`${column} COLLATE BINARY`];
    case "boolean":
      return [
        `CASE WHEN ${column} IS NULL THEN 0 WHEN typeof(${column}) IN ('integer', 'real') AND ${column} IN (0, 1) THEN 1 ELSE 2 END`,
        `${column} COLLATE BINARY`,
      ];
    case "date":
      return [
        `CASE WHEN ${ms} IS NOT NULL THEN 3 ELSE CASE typeof(${column}) ` +
        `WHEN 'null' THEN 0 WHEN 'text' THEN 4 WHEN 'blob' THEN 5 ELSE 2 END END`,
        ms,
        `CASE WHEN ${ms} IS NULL THEN ${column} END COLLATE BINARY`,
      ];
    case "json":
      throw new UnsupportedError(`Cannot order documents: the column ${describe(name)} is JSON`);
    default:
      return kind satisfies never;
  }
}

function searchSql(search: string, schema: SqliteSchema, fields: readonly string[]): Sql {
  const columns = schema.columns.filter((column) => fields.includes(column.name));
  if (columns.length === 0 || !isStorable(search, schema.encoding)) return { text: "FALSE", params: [] };
  return {
    text: joinBalanced(columns.map((column) => `instr(lower(${textSql(column)}), lower(?)) > 0`), " OR "),
    params: columns.map(() => search),
  };
}

/** SQL for the column where it is read as a text, otherwise `NULL`. */
function textSql({ name, kind }: SqliteColumn): string {
  const column = quoteName(name);
  if (kind === "json") return jsonTextSql(column);
  const isText = `typeof(${column}) = 'text'`;
  return `CASE WHEN ${kind === "date" ? `${isText} AND ${dateMsSql(column)} IS NULL` : isText} THEN ${column} END`;
}

/** Joins as a balanced tree: a chain would be as deep as it is long, and SQLite limits the depth of expressions. */
export function joinBalanced(texts: readonly string[], operator: " AND " | " OR " | " || "): string {
  if (texts.length <= 16) return texts.join(operator);
  const middle = texts.length >> 1;
  const halves = [texts.slice(0, middle), texts.slice(middle)];
  return halves.map((half) => `(${joinBalanced(half, operator)})`).join(operator);
}
