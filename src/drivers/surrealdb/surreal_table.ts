import type { Row } from "../../table/row.ts";
import { Table } from "../../table/table.ts";
import { sourceOf } from "../../table/table_source.ts";
import type { SurrealHandle } from "./surreal_handle.ts";
import { SurrealSource, type SurrealTableOptions } from "./surreal_source.ts";

/**
 * An existing table, edge table or view in SurrealDB, from version 3, through a connected `Surreal` of the npm package
 * `surrealdb`: embedded (`mem://`, `surrealkv://`) or over `ws://` and `http://`. Conditions, order, search, pages and
 * counts become SurrealQL with bound parameters and quoted names. Rows are in the order of their keys by default.
 *
 * The id is what stands after the colon of a record id: the text of a text, the digits of an integer, `u'…'` for a UUID,
 * JSON for arrays and objects. Integers beyond 2^53 are bigints; decimals, durations, UUIDs and links (`person:tobie`) are
 * texts, geometries GeoJSON, datetimes `Date`s, bytes `Uint8Array`s. Values are written as the type of their column; where a
 * table has no schema, a value that is written back as it was read stays what it is.
 *
 * A write is one statement, and returns the stored row. `docs/surrealdb.md` has the details in tables.
 *
 * @example Any client, here one that answers from memory
 * ```ts
 * import { SurrealTable } from "@vantage/live/surrealdb";
 * import { NotFoundError } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * // In an application: a Surreal after connect() and use().
 * const results = [[], { fields: [], indexes: [] }, []];
 * const responses = async () => results.map((result) => ({ success: true, result }) as const);
 * const client = { query: () => Object.assign(Promise.resolve(results), { responses }) };
 *
 * await assert.rejects(SurrealTable.open(client, "products"), NotFoundError);
 * ```
 */
export class SurrealTable<R extends object = Row> extends Table<R> {
  private constructor(source: SurrealSource) {
    super(sourceOf(source));
  }

  /**
   * Opens a table by its name, in the namespace and database that the client uses. The table needs no closing; the client
   * stays yours to close.
   *
   * @throws {NotFoundError} if there is no such table.
   * @throws {UnauthorizedError} if the user may not read definitions, and the option `fields` is not given.
   * @throws {UnavailableError} if SurrealDB does not answer.
   * @throws {UnsupportedError} if SurrealDB is older than version 3.
   * @throws {TypeError} if the client has no `query`, or an option names an unknown column.
   */
  static async open<R extends object = Row>(
    client: SurrealHandle,
    tableName: string,
    options: SurrealTableOptions = {},
  ): Promise<SurrealTable<R>> {
    return new SurrealTable(await SurrealSource.open(client, tableName, options));
  }
}
