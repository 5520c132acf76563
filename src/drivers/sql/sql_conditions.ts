import { kindOf } from "../../table/compare_values.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Condition, Query } from "../../table/query.ts";
import { isDate } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Value } from "../../table/row.ts";
import { joinSql, NEVER, type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import type { Sign, SqlDialect } from "./sql_dialect.ts";

/** The table that a query is for. */
export interface SqlTarget {
  /** Its name, for messages. */
  readonly name: string;
  readonly dialect: SqlDialect;
  readonly columns: readonly SqlColumn[];
  /** The columns whose values, together, are different for each row. */
  readonly key: readonly string[];
  /** The columns of text that a search looks into. */
  readonly searchFields: readonly string[];
}

/** The most conditions in a statement. */
export const MAX_CONDITIONS = 10_000;

/**
 * The condition for the set of a query, or `undefined` for all rows.
 *
 * @throws {UnsupportedError} if there are too many conditions, or one that the column does not support.
 */
export function whereSql(query: Query, target: SqlTarget): Sql | undefined {
  const conditions = query.where ?? [];
  if (conditions.length > MAX_CONDITIONS) {
    throw new UnsupportedError(
      `Cannot narrow ${describe(target.name)} by ${conditions.length} conditions; at most ${MAX_CONDITIONS}`,
    );
  }
  const pieces = conditions.map((condition) => conditionSql(condition, target));
  if (query.search) pieces.push(searchSql(query.search, target));
  return pieces.length === 0 ? undefined : joinSql(pieces, "AND");
}

/** The column of this name. */
export function columnOf(name: string, { name: table, columns }: SqlTarget): SqlColumn {
  const column = columns.find((candidate) => candidate.name === name);
  if (column === undefined) throw new UnsupportedError(`${describe(table)} has no column ${describe(name)}`);
  return column;
}

function conditionSql([name, operator, operand = null]: Condition, target: SqlTarget): Sql {
  const column = columnOf(name, target);
  const { dialect } = target;
  switch (operator) {
    case "eq":
      return oneOfSql(column, [operand], dialect);
    case "ne":
      return opposite(oneOfSql(column, [operand], dialect));
    case "in":
      return oneOfSql(column, Array.isArray(operand) ? operand : [], dialect);
    case "notIn":
      return opposite(oneOfSql(column, Array.isArray(operand) ? operand : [], dialect));
    case "isNull":
      return dialect.isNull(column);
    case "notNull":
      return opposite(dialect.isNull(column));
    case "gt":
      return comparisonSql(column, ">", operand, dialect);
    case "gte":
      return comparisonSql(column, ">=", operand, dialect);
    case "lt":
      return comparisonSql(column, "<", operand, dialect);
    case "lte":
      return comparisonSql(column, "<=", operand, dialect);
    default:
      return operator satisfies never;
  }
}

/** Holds where the piece does not, also where it is unknown. */
function opposite(piece: Sql): Sql {
  return sql`(${piece}) IS NOT TRUE`;
}

function oneOfSql(column: SqlColumn, operands: readonly Value[], dialect: SqlDialect): Sql {
  const pieces: Sql[] = operands.includes(null) ? [dialect.isNull(column)] : [];
  const values = operands.filter((operand) => isOfKind(operand, column) && !isInvalid(operand));
  if (values.length > 0) pieces.push(dialect.equalsAny(column, values));
  return pieces.length === 0 ? NEVER : joinSql(pieces, "OR");
}

function comparisonSql(column: SqlColumn, sign: Sign, operand: Value, dialect: SqlDialect): Sql {
  if (column.kind === "document" && operand !== null) {
    throw new UnsupportedError(
      `Cannot compare documents by "${sign}": the column ${describe(column.name)} holds documents`,
    );
  }
  if (!isOfKind(operand, column)) return NEVER;
  // No database stores an invalid date, and it comes after every other.
  if (isInvalid(operand)) return sign.startsWith("<") ? opposite(dialect.isNull(column)) : NEVER;
  return dialect.compares(column, sign, operand);
}

function isOfKind(operand: Value, { kind }: SqlColumn): boolean {
  return operand !== null && (kind === "document" || kind === kindOf(operand));
}

function isInvalid(operand: Value): boolean {
  return isDate(operand) && Number.isNaN(operand.getTime());
}

function searchSql(search: string, target: SqlTarget): Sql {
  const columns = target.searchFields.map((name) => columnOf(name, target)).filter(({ kind }) => kind === "text");
  if (columns.length === 0 || !search.isWellFormed()) return NEVER;
  return joinSql(columns.map((column) => target.dialect.contains(column, search)), "OR");
}
