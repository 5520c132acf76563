import type { Pagination } from "../../table/pagination.ts";
import type { Value } from "../../table/row.ts";
import type { Sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";

/** How two values of one kind are compared. */
export type Sign = "<" | "<=" | ">" | ">=";

/**
 * What differs between databases in the SQL of a query. All functions are about one column and know nothing of the
 * query: what operators mean is the same everywhere.
 *
 * Operands are of the column's kind, and neither `null` nor invalid dates; a document's may be of any kind. Where a
 * database has no value that equals an operand, such as `NaN` or half of a surrogate pair, the SQL must still hold for
 * the rows that it would hold for in memory. A piece need not hold or fail for `NULL`: it may be unknown.
 */
export interface SqlDialect {
  /** The name of the database system. */
  readonly name: string;
  /** The most values that a statement can bind. */
  readonly maxParams: number;
  /** The most terms of an order. */
  readonly maxOrderTerms: number;
  /** Quotes a name, whatever it contains. */
  quote(name: string): string;
  /** The placeholder of a bound value, by its position from 1. */
  placeholder(position: number): string;
  /** Whether the column is read as `null`. */
  isNull(column: SqlColumn): Sql;
  /** Whether the column equals one of the operands, of which there is at least one. */
  equalsAny(column: SqlColumn, operands: readonly Value[]): Sql;
  /** Whether the column compares in this way with the operand. Not called for documents. */
  compares(column: SqlColumn, sign: Sign, operand: Value): Sql;
  /** Whether a text contains another, whatever the case of letters. Called for columns of text only. */
  contains(column: SqlColumn, search: string): Sql;
  /** The terms that order by the column, `NULL` first if ascending. Not called for documents. */
  order(column: SqlColumn, direction: "asc" | "desc"): readonly string[];
  /** The clause that limits a query to a page. */
  page(pagination: Pagination): Sql;
}
