import { disposeByClosing } from "../../base/async_dispose.ts";
import { databaseFile, isDamage, loadSqlite, type SqliteHandle, SqliteStatements } from "./sqlite_handle.ts";
import { NotFoundError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { selfOf } from "../../base/self.ts";
import type { Row } from "../../table/row.ts";
import { Table } from "../../table/table.ts";
import { sourceOf, type TableSource } from "../../table/table_source.ts";
import { SqliteSource, type SqliteTableOptions } from "./sqlite_source.ts";

/**
 * An existing table or view in an SQLite database. Conditions, order, search, pages and counts become SQL with bound
 * parameters and quoted names. Rows are in insertion order by default.
 *
 * The id is the text of the primary key (several columns joined by commas), or the rowid if there is no key. Integers
 * beyond 2^53 are bigints; `BLOB`s are `Uint8Array`s. In columns declared as `BOOLEAN`, `DATE…` or `TIMESTAMP…` and
 * `JSON`, values are read as booleans, dates (in the usual text and number formats, in UTC) and documents; other values
 * in them are read as stored. Documents support only `eq`, `ne`, `in` and `notIn`. Texts are compared and ordered by
 * character, whatever the declared collation; an index with another collation than `BINARY` is used only for ids. A
 * search ignores the case of the letters a to z only.
 *
 * A write is one transaction, and returns the stored row. `docs/sqlite.md` has the details in tables.
 *
 * @example A table in an in-memory database
 * ```ts
 * import { SqliteTable } from "@vantage/live/sqlite";
 * import { DatabaseSync } from "node:sqlite";
 * import assert from "node:assert/strict";
 *
 * const db = new DatabaseSync(":memory:");
 * db.exec("CREATE TABLE products (id TEXT PRIMARY KEY, name TEXT NOT NULL, price REAL)");
 * const products = await SqliteTable.open(db, "products");
 *
 * await products.insertValue("a", { name: "Bun", price: 2.5 });
 *
 * assert.deepEqual(await products.getValue("a"), { id: "a", name: "Bun", price: 2.5 });
 * ```
 */
export class SqliteTable<R extends object = Row> extends Table<R> implements AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #db: SqliteStatements;
  readonly #opened: SqliteHandle | undefined;
  #closed = false;

  private constructor(source: TableSource, db: SqliteStatements, opened: SqliteHandle | undefined) {
    super(sourceOf(source));
    disposeByClosing(SqliteTable.prototype);
    this.#db = db;
    this.#opened = opened;
  }

  /**
   * Opens a table: of the database file at a path, which must exist, or of an open handle. `close()` closes a file, but
   * not a handle of the caller.
   *
   * @throws {NotFoundError} if there is no such file or table.
   * @throws {UnsupportedError} if the rows have no key (a view without `idField`) or cannot be read (a virtual table
   * whose module is missing), or the runtime has no built-in SQLite.
   * @throws {TypeError} if the file is not an SQLite database or is damaged, an option names an unknown column, or
   * `idField` is an incomplete part of the primary key.
   */
  static async open<R extends object = Row>(
    pathOrHandle: string | SqliteHandle,
    tableName: string,
    options: SqliteTableOptions = {},
  ): Promise<SqliteTable<R>> {
    if (typeof pathOrHandle !== "string") {
      const db = new SqliteStatements(pathOrHandle);
      return new SqliteTable(new SqliteSource(db, tableName, options, new Map()), db, undefined);
    }
    const found = await databaseFile(pathOrHandle);
    if (found === "missing") throw new NotFoundError(`There is no database file ${describe(pathOrHandle)}`);
    if (found === "damaged") throw damaged(pathOrHandle);
    const handle = (await loadSqlite())(pathOrHandle);
    try {
      const db = new SqliteStatements(handle);
      return new SqliteTable(new SqliteSource(db, tableName, options, new Map()), db, handle);
    } catch (error) {
      handle.close();
      throw isDamage(error) ? damaged(pathOrHandle, error) : error;
    }
  }

  /**
   * Closes the file, if `open` opened one. Later reads and writes reject with `ClosedError`, including those of related
   * tables. Idempotent.
   */
  close(): Promise<void> {
    const self = selfOf(this);
    self.#db.close();
    if (!self.#closed) self.#opened?.close();
    self.#closed = true;
    return Promise.resolve();
  }
}

function damaged(path: string, cause?: unknown): TypeError {
  return new TypeError(`The SQLite database ${describe(path)} is damaged`, { cause });
}
