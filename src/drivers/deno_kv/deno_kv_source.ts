import type { Clock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { newId } from "../../base/new_id.ts";
import { ConflictError, InvalidAnswerError, NotFoundError, RejectedError } from "../../table/errors.ts";
import { evaluateQuery, rowMatches } from "../../table/evaluate_query.ts";
import { OPERATORS, type Query } from "../../table/query.ts";
import { frozenRow, type Row, toRow } from "../../table/row.ts";
import { givenId } from "../../table/row_id.ts";
import { type RowEntry, type Rows, rowsOf } from "../../table/rows.ts";
import type { Capabilities, Column } from "../../table/table_like.ts";
import type { SourceCall, TableSource } from "../../table/table_source.ts";
import type { KvDatabase, KvEntry } from "./deno_kv_database.ts";
import type { KvHandle, KvKey } from "./deno_kv_handle.ts";
import type { KvIndexes } from "./deno_kv_indexes.ts";
import { canBeId, checkStorable } from "./deno_kv_row.ts";

/** What a {@linkcode DenoKvSource} works with. */
export interface DenoKvSourceOptions {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly kv: KvHandle;
  readonly db: KvDatabase;
  readonly prefix: KvKey;
  readonly indexes: KvIndexes;
  readonly clock: Clock;
}

/** How often a write is tried while others change the same row. */
const MAX_TRIES = 100;
/** How many rows are deleted, or indexed, at once. */
const AT_ONCE = 10;

const CAPABILITIES: Partial<Capabilities> = {
  page: true,
  where: OPERATORS,
  orderBy: true,
  search: true,
  exact: true,
  sameRows: true,
};

/** The rows under a prefix. Queries are done in memory, on the rows that an index finds, or else on all. */
export class DenoKvSource implements TableSource {
  readonly name: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly capabilities: Partial<Capabilities> = CAPABILITIES;
  readonly scoped = true;
  readonly #options: DenoKvSourceOptions;

  constructor(options: DenoKvSourceOptions) {
    this.#options = options;
    this.name = options.name;
    this.columns = options.columns;
    this.idField = options.idField;
  }

  async list({ query, signal }: SourceCall): Promise<Rows> {
    return rowsOf(new Map(await this.#select(query, signal)));
  }

  async get(id: string, { query }: SourceCall): Promise<Row | undefined> {
    if (!canBeId(id)) return undefined;
    const row = this.#rowIn(id, await this.#read(id));
    return row !== undefined && rowMatches(row, query, this.columns) ? row : undefined;
  }

  async count({ query, signal }: SourceCall): Promise<number> {
    return (await this.#select(query, signal)).length;
  }

  async insert(id: string, row: Row): Promise<Row> {
    return await this.#write(id, (before) => before ?? row) ?? row;
  }

  async replace(id: string, row: Row): Promise<Row> {
    return await this.#write(id, () => row) ?? row;
  }

  async patch(id: string, partial: Row, { query }: SourceCall): Promise<Row> {
    const patched = canBeId(id)
      ? await this.#write(id, (before) => this.#isIn(before, query) ? frozenRow({ ...before, ...partial }) : undefined)
      : undefined;
    if (patched !== undefined) return patched;
    throw new NotFoundError(`Cannot patch row ${describe(id)}: ${describe(this.name)} has no such row`);
  }

  async delete(id: string, { query }: SourceCall): Promise<void> {
    if (canBeId(id)) await this.#delete(id, query);
  }

  async deleteAll({ query, signal }: SourceCall): Promise<void> {
    const ids = (await this.#select(query, signal)).map(([id]) => id);
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      signal?.throwIfAborted();
      await Promise.all(ids.slice(from, from + AT_ONCE).map((id) => this.#delete(id, query)));
    }
  }

  async insertReturnId(row: Row, { newId: suggested }: SourceCall): Promise<string> {
    const given = givenId(row, this.idField);
    const id = given ?? suggested ?? newId(this.#options.clock);
    await this.#write(id, (before) => {
      if (before === undefined || given === undefined) return before ?? row;
      throw new ConflictError(`Cannot insert into ${describe(this.name)}: the id ${describe(id)} exists`);
    });
    return id;
  }

  /** Puts all rows into the indexes, which writes keep up to date already. */
  async indexAll(): Promise<void> {
    let batch: Promise<unknown>[] = [];
    for await (const [id] of this.#scan()) {
      batch.push(this.#write(id, (before) => before, true));
      if (batch.length < AT_ONCE) continue;
      await Promise.all(batch);
      batch = [];
    }
    await Promise.all(batch);
  }

  /** The rows that a query selects, in its order, and on its page. */
  async #select(query: Query, signal: AbortSignal | undefined): Promise<readonly RowEntry[]> {
    const { where, search, orderBy, pagination } = query;
    const isPlain = where === undefined && search === undefined && orderBy === undefined;
    const limit = isPlain && pagination !== undefined ? pagination.skip + pagination.limit : Infinity;
    const ids = await this.#options.indexes.candidates(query);
    const entries: RowEntry[] = [];
    for await (const entry of ids === undefined ? this.#scan() : this.#readAll(ids)) {
      signal?.throwIfAborted();
      if (entries.push(entry) >= limit) break;
    }
    return evaluateQuery(entries, query, this.columns);
  }

  async *#scan(): AsyncGenerator<RowEntry> {
    const { kv, prefix } = this.#options;
    for await (const { key, value } of kv.list({ prefix })) {
      const id = key.at(-1);
      // What is deeper is another table's, and a row has a text as its id.
      if (key.length === prefix.length + 1 && typeof id === "string") yield [id, this.#rowOf(id, value)];
    }
  }

  async *#readAll(ids: readonly string[]): AsyncGenerator<RowEntry> {
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      const found = await this.#options.db.read(some.map((id) => this.#key(id)));
      for (const [at, entry] of found.entries()) {
        const id = some[at] ?? "";
        const row = this.#rowIn(id, entry);
        if (row !== undefined) yield [id, row];
      }
    }
  }

  async #delete(id: string, query: Query): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#read(id);
      const before = this.#rowIn(id, entry);
      if (before === undefined || !this.#isIn(before, query) || await this.#commit(id, entry, before, undefined)) {
        return;
      }
    }
    throw this.#busy(id);
  }

  /**
   * Stores what `change` makes of a row, and returns it; `undefined` if it makes nothing of it, so that nothing is
   * stored.
   */
  async #write(
    id: string,
    change: (before: Row | undefined) => Row | undefined,
    isForced = false,
  ): Promise<Row | undefined> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const entry = await this.#read(id, change);
      const before = this.#rowIn(id, entry);
      const after = change(before);
      if (after === undefined || (after === before && !isForced)) return after;
      const stored = this.#withId(id, after);
      checkStorable(id, stored);
      if (await this.#commit(id, entry, before, stored)) return stored;
    }
    throw this.#busy(id);
  }

  /** Stores or deletes a row, with its places in the indexes. Returns whether it was still as it was read. */
  async #commit(id: string, entry: KvEntry, before: Row | undefined, after: Row | undefined): Promise<boolean> {
    const { db, indexes } = this.#options;
    const { ok } = await db.commit((step) => {
      step.check(entry);
      if (after === undefined) step.delete(entry.key);
      else step.set(entry.key, after);
      indexes.update(step, id, before, after);
    });
    if (!ok) await indexes.refresh();
    return ok;
  }

  async #read(id: string, change?: (before: undefined) => Row | undefined): Promise<KvEntry> {
    // Deno KV would find the row of another id, or fail.
    if (change !== undefined) checkStorable(id, {});
    const [entry] = await this.#options.db.read([this.#key(id)]);
    return entry;
  }

  #key(id: string): KvKey {
    return [...this.#options.prefix, id];
  }

  #rowIn(id: string, { value, versionstamp }: KvEntry): Row | undefined {
    return versionstamp === null ? undefined : this.#rowOf(id, value);
  }

  #rowOf(id: string, value: unknown): Row {
    try {
      return this.#withId(id, toRow(value));
    } catch (cause) {
      throw new InvalidAnswerError(`What ${describe(this.name)} has under ${describe(id)} is no row`, { cause });
    }
  }

  #withId(id: string, row: Row): Row {
    const { idField } = this;
    return idField === undefined || Object.hasOwn(row, idField) ? row : frozenRow({ [idField]: id, ...row });
  }

  #isIn(row: Row | undefined, query: Query): boolean {
    return row !== undefined && rowMatches(row, query, this.columns);
  }

  #busy(id: string): RejectedError {
    return new RejectedError(`Row ${describe(id)} of ${describe(this.name)} is changed by others all the time`, {
      retriable: true,
    });
  }
}
