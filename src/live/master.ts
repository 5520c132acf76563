import type { Query } from "../table/query.ts";
import { shareQuery } from "../table/query_parts.ts";
import { type RowEntry, Rows } from "../table/rows.ts";
import type { CallOptions, TableLike } from "../table/table_like.ts";
import { countRows, type ReadRequest } from "./read_request.ts";

/** The master of a LiveTable: what is asked of it is data, and finds the handle that it is asked of here. */
export class Master {
  /** How the master itself is narrowed. */
  readonly query: Query;
  readonly #table: TableLike;
  /** Made once for each query of a handle, and kept as long as that. */
  readonly #handles = new WeakMap<Query, TableLike>();

  constructor(table: TableLike) {
    this.#table = table;
    this.query = this.#remember(table);
  }

  /** The master's name. */
  get tableName(): string {
    return this.#table.tableName;
  }

  /**
   * The query of a handle on the master that is narrowed by `query` in place of the master's own, as the master takes it.
   *
   * @throws {TypeError} as the master's `withQuery` does.
   */
  narrow(query: Query): Query {
    return this.#remember(this.#narrowed(query));
  }

  /** The handle on the master for a query, which need not be one that was made here. */
  within(query: Query): TableLike {
    return this.#handles.get(query) ?? this.#narrowed(query);
  }

  /** Reads what a request needs. */
  load({ within, id, isCount }: ReadRequest, options: CallOptions): Promise<Rows> {
    const table = this.within(within);
    if (isCount) return table.getCount(options).then(countRows);
    return id === undefined ? table.listValues(options) : oneRow(table, id, options);
  }

  /** Reads any row of a set. */
  some(within: Query, options: CallOptions): Promise<RowEntry | undefined> {
    return this.within(within).getSomeValue(options);
  }

  #narrowed(query: Query): TableLike {
    return this.#table.withQuery(shareQuery(query));
  }

  #remember(handle: TableLike): Query {
    const query = shareQuery(handle.query);
    this.#handles.set(query, handle);
    return query;
  }
}

async function oneRow(table: TableLike, id: string, options: CallOptions): Promise<Rows> {
  const row = await table.getValue(id, options);
  return Rows.from(row === undefined ? [] : [[id, row]]);
}
