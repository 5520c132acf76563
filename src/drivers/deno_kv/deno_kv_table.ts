import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { isBytes } from "../../base/realm.ts";
import { selfOf } from "../../base/self.ts";
import type { Row } from "../../table/row.ts";
import type { ColumnName } from "../../table/row_of.ts";
import { Table } from "../../table/table.ts";
import type { Column } from "../../table/table_like.ts";
import { sourceOf } from "../../table/table_source.ts";
import { KvDatabase } from "./deno_kv_database.ts";
import { type KvHandle, type KvKey, openKv } from "./deno_kv_handle.ts";
import { KvIndexes } from "./deno_kv_indexes.ts";
import { sizeOfText } from "./deno_kv_row.ts";
import { DenoKvSource } from "./deno_kv_source.ts";

/** Options of a {@linkcode DenoKvTable}. */
export interface DenoKvTableOptions<R extends object = Row> {
  /** The name of the table; default the last part of the prefix. */
  readonly name?: string | undefined;
  /** Its columns, if conditions on others are to be refused. */
  readonly columns?: readonly Column[] | undefined;
  /** The column that holds the id, if one does; rows that lack it are given it. */
  readonly idField?: ColumnName<NoInfer<R>> | undefined;
  /**
   * The columns by which rows are found without reading all, with `eq` and `in`. An index that is new is built when the
   * table is opened; all writes have to go through a `DenoKvTable` from then on.
   */
  readonly indexes?: readonly ColumnName<NoInfer<R>>[] | undefined;
  /** The clock and source of randomness, for new ids; default the system's. */
  readonly clock?: Clock | undefined;
}

/** The most bytes of the parts of a prefix that are texts or bytes, and of the name of an indexed column. */
const MAX_PREFIX_BYTES = 256;

/**
 * The rows under a prefix of Deno KV: `["products", id]` → the row, a plain object. Ids are texts, and rows are in
 * their order.
 *
 * Conditions, orders, searches and pages are done in memory, on the rows that an index finds, or else on all: for
 * tables of some thousands of rows. A write is one atomic step with its indexes, and is done again if another process
 * has changed the row meanwhile. A row has at most 64 KiB, an id 1000 bytes.
 *
 * @example Rows that other code reads too
 * ```ts
 * import { DenoKvTable } from "@vantage/live/deno-kv";
 * import assert from "node:assert/strict";
 *
 * using kv = await Deno.openKv(":memory:");
 * await kv.set(["clients", "marty"], { name: "Marty", city: "Hill Valley" });
 *
 * const clients = await DenoKvTable.open(kv, ["clients"], { indexes: ["city"] });
 * await clients.insertValue("doc", { name: "Doc", city: "Hill Valley" });
 *
 * assert.deepEqual((await clients.where({ city: "Hill Valley" }).listValues()).ids(), ["doc", "marty"]);
 * assert.deepEqual((await kv.get(["clients", "doc"])).value, { name: "Doc", city: "Hill Valley" });
 * ```
 */
export class DenoKvTable<R extends object = Row> extends Table<R> implements AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #opened: KvHandle | undefined;
  #closed = false;

  private constructor(source: DenoKvSource, opened: KvHandle | undefined) {
    super(sourceOf(source));
    disposeByClosing(DenoKvTable.prototype);
    this.#opened = opened;
  }

  /**
   * Opens a table: in the database at a path (`undefined` for the default one), or in an open handle. `close()` closes
   * a database that `open` opened, but not a handle of the caller.
   *
   * @throws {TypeError} if the prefix is empty, or has parts that Deno KV does not take, an option is unknown, or the
   * database cannot be opened.
   * @throws {RangeError} if the prefix, or the name of an indexed column, is too long.
   * @throws {UnsupportedError} if no handle is given and the runtime has no `Deno.openKv` (`--unstable-kv`).
   */
  static async open<R extends object = Row>(
    pathOrKv: string | KvHandle | undefined,
    prefix: KvKey,
    options: DenoKvTableOptions<R> = {},
  ): Promise<DenoKvTable<R>> {
    checkOptions("a DenoKvTable", options, ["name", "columns", "idField", "indexes", "clock"]);
    checkTools(options);
    checkPrefix(prefix);
    const { name = String(prefix.at(-1)), columns = [], idField, clock = systemClock } = options;
    const declared: readonly string[] = options.indexes ?? [];
    for (const column of declared) checkSize("The name of an indexed column", [column]);
    const kv = typeof pathOrKv === "object" ? pathOrKv : await openKv(pathOrKv);
    const opened = kv === pathOrKv ? undefined : kv;
    try {
      const db = new KvDatabase(kv, "vantage_table");
      const indexes = await KvIndexes.open(db, prefix);
      const source = new DenoKvSource({ name, columns, idField, kv, db, prefix: [...prefix], indexes, clock });
      const table = new DenoKvTable<R>(source, opened);
      await buildIndexes(source, indexes, declared);
      return table;
    } catch (error) {
      opened?.close();
      throw error;
    }
  }

  /** Closes the database, if `open` opened one. Idempotent. */
  close(): Promise<void> {
    const self = selfOf(this);
    if (!self.#closed) self.#opened?.close();
    self.#closed = true;
    return Promise.resolve();
  }
}

/** Writes index new columns before the rows are looked through, so that none is missed. */
async function buildIndexes(source: DenoKvSource, indexes: KvIndexes, declared: readonly string[]): Promise<void> {
  if (declared.every((column) => indexes.has(column))) return;
  await indexes.declare(declared);
  await source.indexAll();
  await indexes.complete(declared);
}

function checkPrefix(prefix: KvKey): void {
  const isPart = (part: unknown): boolean =>
    isBytes(part) || ["string", "number", "bigint", "boolean"].includes(typeof part);
  if (!Array.isArray(prefix) || prefix.length === 0 || !prefix.every(isPart)) {
    throw new TypeError(`A prefix must be an array of parts of a key, as in ["products"], got ${describe(prefix)}`);
  }
  if (!prefix.every((part) => typeof part !== "string" || part.isWellFormed())) {
    // It would be the same prefix as others.
    throw new TypeError("A prefix must not have half of a surrogate pair, which Deno KV cannot tell from another");
  }
  checkSize("A prefix", prefix);
}

function checkSize(what: string, parts: KvKey): void {
  const bytes = parts.reduce<number>((sum, part) => sum + sizeOfPart(part), 0);
  if (bytes > MAX_PREFIX_BYTES) throw new RangeError(`${what} may have ${MAX_PREFIX_BYTES} bytes, got ${bytes}`);
}

function sizeOfPart(part: KvKey[number]): number {
  return typeof part === "string" ? sizeOfText(part) : isBytes(part) ? 2 * part.length : 16;
}
