import { disposeByClosing } from "../../base/async_dispose.ts";
import { databaseFile, isDamage, loadSqlite, type SqliteHandle, SqliteStatements } from "./sqlite_handle.ts";
import { NotFoundError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { selfOf } from "../../base/self.ts";
import { Table } from "../../table/table.ts";
import type { TableSource } from "../../table/table_source.ts";
import { SqliteSource, type SqliteTableOptions } from "./sqlite_source.ts";

/**
 * A table or view in an SQLite database, as it is found there. Conditions, order, search, pages and counts are SQL with bound
 * parameters and quoted names. The order of rows is that of insertion, unless asked otherwise.
 *
 * The id is the text of the primary key, of several columns joined by commas, or the row's number where there is no key.
 * Integers beyond 2^53 are bigints; `BLOB`s are `Uint8Array`s. In columns declared as `BOOLEAN`, `DATE…` or `TIMESTAMP…`
 * and `JSON`, booleans, dates (in the usual forms of text and number, in UTC) and documents come back as what they
 * are; anything else in them stays as it is stored. Documents can be compared with `eq`, `ne`, `in` and `notIn` only. Texts are
 * compared and ordered character by character, whatever collation a column is declared with; an index of another collation than
 * `BINARY` serves only for ids. A search disregards the case of the letters a to z, and of no others.
 *
 * A write is one transaction, and its answer is what is stored afterwards. `docs/sqlite.md` has the tables of all this.
 *
 * @example A table in a database in memory
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
export class SqliteTable extends Table implements AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #db: SqliteStatements;
  readonly #opened: SqliteHandle | undefined;
  #closed = false;

  private constructor(source: TableSource, db: SqliteStatements, opened: SqliteHandle | undefined) {
    super(source);
    disposeByClosing(SqliteTable.prototype);
    this.#db = db;
    this.#opened = opened;
  }

  /**
   * Opens a table: of the database file at a path, which must exist, or of an open handle. A handle stays the caller's;
   * a file is closed by `close()`.
   *
   * @throws {NotFoundError} if there is no such file or table.
   * @throws {UnsupportedError} if nothing identifies the rows (a view without `idField`), they cannot be read (a virtual table
   * whose module is missing), or the runtime has no SQLite of its own.
   * @throws {TypeError} if the path is not that of an SQLite database, or it is damaged, or an option names an unknown
   * column, or as `idField` a part of the primary key.
   */
  static async open(
    pathOrHandle: string | SqliteHandle,
    tableName: string,
    options: SqliteTableOptions = {},
  ): Promise<SqliteTable> {
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
   * Closes the file, if `open` opened one. From the call on, reads and writes reject with `ClosedError`, those of related
   * tables included. May be called again.
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
