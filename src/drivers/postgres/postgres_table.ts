import type { Row } from "../../table/row.ts";
import { Table } from "../../table/table.ts";
import { sourceOf } from "../../table/table_source.ts";
import type { PostgresClient } from "./postgres_client.ts";
import { databaseOf } from "./postgres_database.ts";
import { PostgresSource, type PostgresTableOptions } from "./postgres_source.ts";

/**
 * An existing table or view in PostgreSQL, from version 14, through the client that you have: postgres.js, `pg`, PGlite
 * or Bun's `SQL`. Conditions, order, search, pages and counts become SQL with bound parameters and quoted names. Rows are
 * in the order of the key by default.
 *
 * The id is the text of the primary key (several columns joined by commas). Integers beyond 2^53 are bigints, `numeric`
 * is a text with all its digits unless `numeric: "number"`, dates and timestamps are `Date`s, `bytea` is a `Uint8Array`,
 * JSON and arrays are documents, and everything else is the text that PostgreSQL writes. What a client makes of types
 * does not matter. A search ignores the case of all letters where PostgreSQL has the collation for it.
 *
 * A write is one statement or one transaction, and returns the stored row. `docs/postgres.md` has the details in tables.
 *
 * @example Any client, here one that answers from memory
 * ```ts
 * import { PostgresTable } from "@vantage/live/postgres";
 * import { NotFoundError } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * // In an application: postgres("postgres://…"), new Pool(…), new PGlite(…) or new SQL("postgres://…").
 * const client = { query: async () => [], transaction: async () => assert.fail("not used here") };
 *
 * await assert.rejects(PostgresTable.open(client, "shop.products"), NotFoundError);
 * ```
 */
export class PostgresTable<R extends object = Row> extends Table<R> {
  private constructor(source: PostgresSource) {
    super(sourceOf(source));
  }

  /**
   * Opens a table by its name, which is looked up as SQL would, or by its schema and name: `shop.products`. The
   * table needs no closing; the client stays yours to close.
   *
   * @throws {NotFoundError} if there is no such table.
   * @throws {UnauthorizedError} if the user may not connect, or may not read it.
   * @throws {UnavailableError} if PostgreSQL does not answer.
   * @throws {UnsupportedError} if the rows have no key: no primary key and no `idField`.
   * @throws {TypeError} if the client is none of the known ones, an option names an unknown column, or `idField` is an
   * incomplete part of the primary key.
   */
  static async open<R extends object = Row>(
    client: PostgresClient,
    tableName: string,
    options: PostgresTableOptions = {},
  ): Promise<PostgresTable<R>> {
    return new PostgresTable(await PostgresSource.open(databaseOf(client), tableName, options));
  }
}
