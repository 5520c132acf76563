import { checkOptions } from "../../base/check_options.ts";
import { describe } from "../../base/describe.ts";
import { rememberSelf } from "../../base/self.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { Query } from "../../table/query.ts";
import type { Value } from "../../table/row.ts";
import { type Sql, sql } from "./sql.ts";
import type { SqlColumn } from "./sql_column.ts";
import { type SqlTarget, whereSql } from "./sql_conditions.ts";
import type { SqlDialect } from "./sql_dialect.ts";
import { orderSql } from "./sql_order.ts";
import { type SqlStatement, statementOf } from "./sql_statement.ts";

/** What `SqlQueries` need to know of a table. */
export interface SqlQueriesOptions {
  /** The database system. */
  readonly dialect: SqlDialect;
  /** The table's name; with its schema, `["shop", "products"]`. */
  readonly table: string | readonly string[];
  /** The columns to select, and to compare. */
  readonly columns: readonly SqlColumn[];
  /** The column or columns that, together, are different for each row. Every order ends in them. */
  readonly key: string | readonly string[];
  /** The columns to search; default all of kind `text`. */
  readonly searchFields?: readonly string[] | undefined;
}

/**
 * Turns queries into SQL for one table, with the meaning that they have everywhere: `ne` and `notIn` hold for `null`,
 * only values of one kind are compared, text goes by code point, and `null` comes first. Values are bound, names are
 * quoted. Use it in the functions of `defineTable`, with any client or query builder.
 *
 * @example A table over any client
 * ```ts
 * import { SqlQueries, sqlite } from "@vantage/live/sql";
 * import assert from "node:assert/strict";
 *
 * const products = new SqlQueries({
 *   dialect: sqlite,
 *   table: "products",
 *   columns: [{ name: "id", kind: "text" }, { name: "price", kind: "number" }],
 *   key: "id",
 * });
 *
 * assert.deepEqual(products.list({ where: [["price", "gt", 5]] }), {
 *   text: 'SELECT "id", "price" FROM "products" WHERE "price" > ? ORDER BY "id"',
 *   params: [5],
 * });
 * ```
 */
export class SqlQueries {
  readonly #target: SqlTarget;
  readonly #from: string;

  /**
   * Checks the description of a table.
   *
   * @throws {TypeError} if an option is unknown, or names an unknown column.
   */
  constructor(options: SqlQueriesOptions) {
    rememberSelf(this, SqlQueries);
    checkOptions("SqlQueries", options, ["dialect", "table", "columns", "key", "searchFields"]);
    const { dialect, table, columns } = options;
    const names = [table].flat();
    const key = [options.key].flat();
    const searchFields = options.searchFields ?? columns.filter(({ kind }) => kind === "text").map(({ name }) => name);
    for (const name of [...key, ...searchFields]) {
      if (columns.some((column) => column.name === name)) continue;
      const accepted = columns.map((column) => column.name).join(", ");
      throw new TypeError(`${describe(names.join("."))} has no column ${describe(name)}; accepted are ${accepted}`);
    }
    if (key.length === 0) throw new TypeError(`key of ${describe(names.join("."))} must name a column`);
    this.#target = { name: names.join("."), dialect, columns, key, searchFields };
    this.#from = names.map((name) => dialect.quote(name)).join(".");
  }

  /** Selects all columns of the rows that a query leaves, in its order and on its page. */
  list(query: Query): SqlStatement {
    const { dialect, columns } = this.#target;
    const names = columns.map(({ name }) => dialect.quote(name)).join(", ");
    const page = query.pagination === undefined ? sql`` : sql` ${dialect.page(query.pagination)}`;
    const where = this.#where(query);
    return this.#statement(sql`SELECT ${names} FROM ${this.#from}${where} ORDER BY ${this.orderBy(query)}${page}`);
  }

  /**
   * Selects the row with this value in its key, if it is in the query's set.
   *
   * @throws {UnsupportedError} if the key has several columns: then add a condition for each to the query of `list`.
   */
  get(id: Value, query: Query = {}): SqlStatement {
    const [key = "", second] = this.#target.key;
    if (second !== undefined) {
      throw new UnsupportedError(`The key of ${describe(this.#target.name)} has ${this.#target.key.length} columns`);
    }
    return this.list({ where: [...query.where ?? [], [key, "eq", id]], search: query.search });
  }

  /** Selects the size of the query's set as `count`; its page does not matter. */
  count(query: Query): SqlStatement {
    return this.#statement(sql`SELECT count(*) AS count FROM ${this.#from}${this.#where(query)}`);
  }

  /**
   * The condition for the set of a query, for a statement of your own; `TRUE` for all rows.
   *
   * @param first the position of its first placeholder
   * @throws {UnsupportedError} if the database cannot compare as required.
   */
  where(query: Query, first = 1): SqlStatement {
    return statementOf(whereSql(query, this.#target) ?? sql`TRUE`, this.#target.dialect, first);
  }

  /** The terms of the query's order, ending in the key. */
  orderBy(query: Query): string {
    return orderSql(query, this.#target);
  }

  #where(query: Query): Sql {
    const where = whereSql(query, this.#target);
    return where === undefined ? sql`` : sql` WHERE ${where}`;
  }

  #statement(piece: Sql): SqlStatement {
    return statementOf(piece, this.#target.dialect);
  }
}
