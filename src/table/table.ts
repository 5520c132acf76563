import { InvalidAnswerError, NotFoundError, UnsupportedError } from "./errors.ts";
import { checkCallOptions } from "./call_options.ts";
import { checkSource } from "./check_source.ts";
import { settled, type SourceWrite, type TableWrite, type WriteResult } from "./many_writes.ts";
import { MistakeError } from "./mistake_error.ts";
import { evaluateQuery, rowMatches } from "./evaluate_query.ts";
import { Pagination } from "./pagination.ts";
import { toQuery } from "./check_query.ts";
import { isNarrowed, narrowing, type Query } from "./query.ts";
import { shareQuery } from "./query_parts.ts";
import { describe } from "../base/describe.ts";
import { field, type Row, toRow } from "./row.ts";
import type { PatchOf, RowOf } from "./row_of.ts";
import { streamed } from "./streamed_rows.ts";
import { followRef } from "./relation.ts";
import { hasOtherId, idIn } from "./row_id.ts";
import { ownRows, type RowEntry, Rows } from "./rows.ts";
import { selfOf } from "../base/self.ts";
import { capabilitiesOf, splitQuery } from "./source_capabilities.ts";
import { type Verb, WRITE_VERBS } from "./verbs.ts";
import { TableHandle } from "./table_handle.ts";
import type { CallOptions, Capabilities, Column, RefOptions, TableLike, WriteOptions } from "./table_like.ts";
import type { SourceCall, SourceRows, TableSource } from "./table_source.ts";
import type { WriteAnswer, WriteOp } from "./write_op.ts";

/**
 * A table of functions that you already have: the shortest way to wrap a query builder, an SDK or a plain `fetch`.
 *
 * What the source does not do itself (conditions, order, search, pages) is done in memory on all its rows. Verbs that
 * it lacks (`insert`, `patch`, …) reject with `UnsupportedError`. Where it names its columns, conditions on others are
 * refused; without declared columns, a mistyped column is an absent one.
 *
 * @throws {TypeError} if the source has no name or no `list`, or advertises a verb whose function is missing.
 *
 * @example A table of two functions
 * ```ts
 * import { defineTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const cities = defineTable({
 *   name: "cities",
 *   idField: "code",
 *   list: () => [{ code: "RIX", name: "Riga" }, { code: "TLL", name: "Tallinn" }],
 * });
 *
 * const found = await cities.where({ name: "Riga" }).listValues();
 *
 * assert.deepEqual(found.ids(), ["RIX"]);
 * ```
 */
export function defineTable(source: TableSource): Table;
/** The same with rows of type `R`: `defineTable<Client>({ … })`. */
export function defineTable<R extends object>(source: TableSource<R>): Table<R>;
export function defineTable<R extends object>(source: TableSource<R>): Table<R> {
  return new Table(source);
}

/**
 * A handle on the rows of a {@linkcode TableSource}. An aborted `signal` reaches the source, which may stop its work.
 */
export class Table<R extends object = Row> extends TableHandle<Table<R>, R> implements TableLike<R> {
  readonly tableName: string;
  readonly columns: readonly Column[];
  readonly idField: string | undefined;
  readonly refNames: readonly string[];
  readonly capabilities: Capabilities;
  /** Of rows of any type: `R` is what the compiler knows of them. */
  readonly #source: TableSource<object>;
  readonly #query: Query;

  /** A handle on `source`, narrowed by `query`. */
  constructor(source: TableSource<R>, query: Query = {}) {
    super();
    this.#source = source;
    checkSource(this.#source);
    this.tableName = source.name;
    this.columns = source.columns ?? NO_COLUMNS;
    this.idField = source.idField;
    this.refNames = Object.keys(source.refs ?? {});
    this.#query = toQuery(query, source.name, namesOf(this.columns));
    const can = capabilitiesOf(this.#source);
    this.capabilities = can;
    // Whether a row is in the set would have to be asked for each.
    if (can.writeMany && !this.#sourceNarrows(narrowing(this.#query))) this.capabilities = { ...can, writeMany: false };
  }

  get query(): Query {
    return shareQuery(selfOf(this).#query);
  }

  /** Another handle on the same source, with `query` in place of this handle's. */
  withQuery(query: Query): Table<R> {
    return new Table(selfOf(this).#source as TableSource<R>, query); // As it was given.
  }

  /** The related table of this name, or those of its rows that the rows of this set are linked with. */
  getRef(name: string, { from = this, to }: RefOptions = {}): TableLike {
    const refs = selfOf(this).#source.refs ?? {};
    const make = Object.hasOwn(refs, name) ? refs[name] : undefined;
    if (make === undefined) {
      const accepted = this.refNames.length > 0 ? `accepted are ${this.refNames.join(", ")}` : "it has none";
      throw new NotFoundError(`${describe(this.tableName)} has no relation ${describe(name)}; ${accepted}`);
    }
    return followRef(make, from, to);
  }

  async listValues(options?: CallOptions): Promise<Rows<R>> {
    const self = selfOf(this);
    return await self.#list(self.#query, options);
  }

  override streamValues(options: CallOptions = {}): ReadableStream<RowEntry<R>> {
    const self = selfOf(this);
    const { stream } = self.#source;
    const { pushed, rest } = splitQuery(self.#query, this.capabilities);
    const isAll = pushed.pagination === undefined && Object.keys(rest).length === 0;
    if (stream === undefined || !isAll) return super.streamValues(options);
    const read = (signal: AbortSignal) =>
      self.#each(stream.call(self.#source, self.#call(pushed, { ...options, signal })));
    return streamed(read, options.signal);
  }

  async getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined> {
    const self = selfOf(this);
    const { rest } = splitQuery(self.#query, this.capabilities);
    const alone = self.#query.pagination === undefined && Object.keys(rest).length === 0;
    const rows = await self.#list(alone ? { ...self.#query, pagination: new Pagination(1, 1) } : self.#query, options);
    return rows.first();
  }

  async getCount(options?: CallOptions): Promise<number> {
    const self = selfOf(this);
    self.#refuseUnless("count");
    const set = narrowing(self.#query);
    const { pushed, rest } = splitQuery(set, this.capabilities);
    const { count } = self.#source;
    if (count !== undefined && !isNarrowed(rest)) {
      return self.#size(await count.call(self.#source, self.#call(pushed, options)));
    }
    self.#refuseBeyondPage(rest);
    return (await self.#list(set, options)).size;
  }

  async getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined> {
    const self = selfOf(this);
    const set = narrowing(self.#query);
    self.#refuseUnless("get");
    const { get } = self.#source;
    if (get === undefined) return (await self.#list(set, options)).get(self.#id(id));
    const row = await get.call(self.#source, self.#id(id), self.#call(self.#narrowedTo(set), options));
    if (row === undefined || row === null) return undefined;
    const copy = self.#answer(id, row);
    return self.#sourceNarrows(set) || rowMatches(copy, set, this.columns) ? copy : undefined;
  }

  async insertValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    const insert = self.#verb("insert");
    return self.#answer(
      id,
      await insert.call(self.#source, self.#id(id), self.#rowFor(id, row), self.#call({}, options)),
    );
  }

  async replaceValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    const replace = self.#verb("replace");
    return self.#answer(
      id,
      await replace.call(self.#source, self.#id(id), self.#rowFor(id, row), self.#call({}, options)),
    );
  }

  async patchValue(id: string, partial: PatchOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    const patch = self.#verb("patch");
    const columns = self.#rowFor(id, partial);
    if (!await self.#inSet(id, options)) {
      throw new NotFoundError(
        `Cannot patch row ${describe(id)}: ${describe(this.tableName)} has no such row in this set`,
      );
    }
    const call = self.#call(self.#narrowedTo(narrowing(self.#query)), options);
    return self.#answer(id, await patch.call(self.#source, id, columns, call));
  }

  async delete(id: string, options?: WriteOptions): Promise<void> {
    const self = selfOf(this);
    const remove = self.#verb("delete");
    if (!await self.#inSet(id, options)) return;
    await remove.call(self.#source, id, self.#call(self.#narrowedTo(narrowing(self.#query)), options));
  }

  async deleteAll(options?: WriteOptions): Promise<void> {
    const self = selfOf(this);
    self.#refusePage();
    const set = narrowing(self.#query);
    if (self.#sourceNarrows(set) && (self.capabilities.deleteAll || !isNarrowed(set))) {
      await self.#verb("deleteAll").call(self.#source, self.#call(set, options));
      return;
    }
    await self.#deleteEach(set, (await self.#list(set, options)).ids(), options);
  }

  /** Adds a row under a new id, which is the answer. */
  async insertReturnIdValue(row: RowOf<R>, options?: WriteOptions): Promise<string> {
    const self = selfOf(this);
    const insertReturnId = self.#verb("insertReturnId");
    const call = { ...self.#call({}, options), ...self.#newIdIn(options?.newId) };
    return self.#newId(await insertReturnId.call(self.#source, self.#rowToWrite(row), call));
  }

  /** Does several writes in one call, in their order, each with its own result. */
  async writeMany(writes: readonly TableWrite<R>[], options?: CallOptions): Promise<readonly WriteResult<R>[]> {
    const self = selfOf(this);
    const { writeMany } = self.#source;
    if (!self.capabilities.writeMany || writeMany === undefined) {
      throw new UnsupportedError(`${describe(this.tableName)} does not support writeMany here`);
    }
    const call = self.#call({}, options);
    const asked = writes.map((write) => settled(() => self.#sourceWrite(write as TableWrite))); // As its type says.
    const sent = asked.flatMap((write) => "error" in write ? [] : [write.answer]);
    const results = sent.length === 0 ? [] : await writeMany.call(self.#source, sent, call);
    if (!Array.isArray(results) || results.length !== sent.length) {
      throw new InvalidAnswerError(`${describe(this.tableName)} did not answer each of ${sent.length} writes`);
    }
    let next = 0;
    const result = (op: WriteOp): WriteResult => self.#result(op, results[next++]);
    return asked.map((write) => "error" in write ? write : result(write.answer.op)) as WriteResult<R>[]; // As above.
  }

  /** One of several writes, checked as a single one is. */
  #sourceWrite({ op, idempotencyKey, newId }: TableWrite): SourceWrite {
    if (!WRITE_VERBS.includes(op.kind)) throw new MistakeError(`Unknown operation ${describe(op.kind)}`);
    this.#verb(op.kind);
    const set = narrowing(this.#query);
    const call = { query: {}, idempotencyKey };
    switch (op.kind) {
      case "insert":
      case "replace":
        return { ...call, op: { kind: op.kind, id: this.#id(op.id), row: this.#rowFor(op.id, op.row) } };
      case "patch":
        return { ...call, op: { ...op, id: this.#id(op.id), partial: this.#rowFor(op.id, op.partial) }, query: set };
      case "delete":
        return { ...call, op: { ...op, id: this.#id(op.id) }, query: set };
      case "deleteAll":
        this.#refusePage();
        return { ...call, op, query: set };
      case "insertReturnId":
        return { ...call, op: { ...op, row: this.#rowToWrite(op.row) }, ...this.#newIdIn(newId) };
      default:
        return op satisfies never;
    }
  }

  /** The result of one of several writes, checked as the answer to a single one is. */
  #result(op: WriteOp, result: WriteResult): WriteResult {
    if (typeof result !== "object" || result === null) {
      return { error: new InvalidAnswerError(`${describe(this.tableName)} did not answer a write`) };
    }
    if ("error" in result) return result;
    const { answer, unsettled } = result;
    const checked = settled((): WriteAnswer => {
      if (op.kind === "delete" || op.kind === "deleteAll") return undefined;
      return op.kind === "insertReturnId" ? this.#newId(answer) : this.#answer(op.id, answer);
    });
    return unsettled === true ? { ...checked, unsettled } : checked;
  }

  #newId(answer: unknown): string {
    if (typeof answer === "string" && answer !== "") return answer;
    throw new InvalidAnswerError(`${describe(this.tableName)} answered with an id that is ${describe(answer)}`);
  }

  #newIdIn(newId: string | undefined): { readonly newId?: string } {
    if (newId === "") throw new MistakeError("newId must not be empty");
    return newId === undefined ? {} : { newId: this.#id(newId) };
  }

  #refusePage(): void {
    if (this.#query.pagination === undefined) return;
    throw new UnsupportedError(`Cannot delete all rows of a page of ${describe(this.tableName)}: a page is not a set`);
  }

  /**
   * Row by row, each write with a different key: a master that honours keys would apply writes with equal keys once.
   */
  async #deleteEach(
    set: Query,
    ids: readonly string[],
    { signal, idempotencyKey: key }: WriteOptions = {},
  ): Promise<void> {
    const remove = this.#verb("delete");
    const query = this.#narrowedTo(set);
    for (const [done, id] of ids.entries()) {
      const options = { signal, idempotencyKey: key === undefined ? undefined : `${key}/${id}` };
      try {
        await remove.call(this.#source, id, this.#call(query, options));
      } catch (cause) {
        // Not a TableError, which would say that nothing was changed.
        if (done === 0) throw cause;
        throw new Error(`Deleted ${done} of ${ids.length} rows of ${describe(this.tableName)}, then failed`, { cause });
      }
    }
  }

  async #list(query: Query, options?: CallOptions): Promise<Rows<R>> {
    const { pushed, rest } = splitQuery(query, this.capabilities);
    if (query.pagination !== undefined) this.#refuseBeyondPage(rest);
    const answer = await this.#source.list(this.#call(pushed, options));
    const rows = this.#checked(() => answer instanceof Rows ? ownRows(answer) : Rows.from(this.#entries(answer)));
    if (this.idField !== undefined && this.#source.checksIds !== true) {
      for (const [id, row] of rows) this.#checkId(id, row);
    }
    const limit = pushed.pagination?.limit ?? Infinity;
    if (rows.size > limit) {
      throw new InvalidAnswerError(
        `${describe(this.tableName)} answered with ${rows.size} rows where the page holds ${limit}`,
      );
    }
    const found = Object.keys(rest).length === 0 ? rows : Rows.from(evaluateQuery([...rows], rest, this.columns));
    return found as Rows<R>; // As the type of the source says.
  }

  /** The rows of a source, checked as a single answer is. */
  async *#each(rows: AsyncIterable<readonly [id: string, row: object]>): AsyncGenerator<RowEntry<R>> {
    for await (const [id, row] of rows) yield [this.#id(id), this.#answer(id, row)];
  }

  /** The row that a source answered with, which must be the one that was asked for. */
  #answer(id: string, answer: unknown): RowOf<R> {
    const row = this.#checked(() => toRow(answer));
    this.#checkId(id, row);
    return row as RowOf<R>; // As the type of the source says.
  }

  #checkId(id: string, row: Row): void {
    if (this.#hasId(row, id)) return;
    throw new InvalidAnswerError(
      `${describe(this.tableName)} answered with row ${describe(field(row, this.idField ?? ""))} where ${
        describe(id)
      } was meant`,
    );
  }

  /** Whether what a row holds in `idField`, if anything, is the text of this id. */
  #hasId(row: Row, id: string): boolean {
    const { idField } = this;
    return idField === undefined || this.#source.checksIds === true || !hasOtherId(row, idField, id);
  }

  #size(answer: unknown): number {
    if (typeof answer === "number" && Number.isSafeInteger(answer) && answer >= 0) return answer;
    throw new InvalidAnswerError(`${describe(this.tableName)} answered with a count that is ${describe(answer)}`);
  }

  /** Reads an answer. What is wrong in it is the source's fault, not the caller's. */
  #checked<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      throw new InvalidAnswerError(`${describe(this.tableName)} answered wrongly: ${cause.message}`, { cause });
    }
  }

  #refuseUnless(verb: Verb): void {
    if (!this.capabilities[verb]) {
      throw new UnsupportedError(`${describe(this.tableName)} does not support ${verb}`);
    }
  }

  /** A source that pages has rows that are not at hand: narrowing what it sent would miss them. */
  #refuseBeyondPage(rest: Query): void {
    const lacking = rest.where?.map(([column, operator]) => `"${operator}" on ${describe(column)}`)[0] ??
      (rest.search !== undefined ? "a search" : rest.orderBy !== undefined ? "an order" : undefined);
    if (lacking === undefined || !this.capabilities.page) return;
    throw new UnsupportedError(
      `Cannot apply ${lacking} to ${describe(this.tableName)}: its source pages by itself but cannot do this`,
    );
  }

  *#entries(answer: Exclude<SourceRows<object>, Rows<object>>): Iterable<RowEntry> {
    if (typeof answer !== "object" || answer === null || !(Symbol.iterator in answer)) {
      const given = typeof answer === "object" && answer !== null && Symbol.asyncIterator in answer
        ? "an async iterable, whose rows have to be collected first"
        : describe(answer);
      throw new TypeError(`a list must be rows, got ${given}`);
    }
    for (const item of answer) yield Array.isArray(item) ? item as unknown as RowEntry : this.#entryOf(item as Row);
  }

  #entryOf(row: Row): RowEntry {
    if (typeof row !== "object" || row === null) throw new TypeError(`a row in a list is ${describe(row)}`);
    const { idField } = this;
    if (idField === undefined) throw new TypeError("rows without ids, and its source names no idField");
    return [idIn(row, idField), row];
  }

  /** Whether the row may be written through this handle. A scoped source looks for itself. */
  async #inSet(id: string, options?: CallOptions): Promise<boolean> {
    this.#id(id);
    return this.#sourceNarrows(narrowing(this.#query)) ||
      await this.getValue(id, { ...options, fresh: true }) !== undefined;
  }

  #sourceNarrows(set: Query): boolean {
    if (!isNarrowed(set)) return true;
    return this.#source.scoped === true && !isNarrowed(splitQuery(set, this.capabilities).rest);
  }

  #narrowedTo(set: Query): Query {
    return this.#sourceNarrows(set) ? set : {};
  }

  #call(query: Query, options: WriteOptions = {}): SourceCall {
    checkCallOptions(options);
    options.signal?.throwIfAborted();
    const { signal, idempotencyKey, onUnsettled, fresh } = options;
    return {
      query: shareQuery(query),
      signal,
      idempotencyKey,
      ...(onUnsettled !== undefined && { onUnsettled }),
      ...(fresh === true && { fresh }),
    };
  }

  #id(id: string): string {
    if (typeof id !== "string") throw new MistakeError(`An id must be a string, got ${describe(id)}`);
    return id;
  }

  #rowFor(id: string, input: Row): Row {
    const row = this.#rowToWrite(input);
    if (this.#hasId(row, id)) return row;
    const { idField = "" } = this;
    throw new MistakeError(
      `The row's ${describe(idField)} is ${describe(field(row, idField))}, but its id is ${describe(id)}`,
    );
  }

  /** A row to be written, whose columns the table has if it names any. */
  #rowToWrite(input: Row): Row {
    const row = toRow(input);
    if (this.columns.length === 0) return row;
    const known = new Set([...this.columns.map((column) => column.name), this.idField]);
    for (const name of Object.keys(row)) {
      if (known.has(name)) continue;
      throw new MistakeError(
        `Unknown column ${describe(name)} in a row for ${describe(this.tableName)}; accepted are ${
          this.columns.map((column) => column.name).join(", ")
        }`,
      );
    }
    return row;
  }

  #verb<V extends Verb>(name: V): NonNullable<TableSource<object>[V]> {
    const verb = this.#source[name];
    this.#refuseUnless(name);
    if (verb === undefined) {
      throw new UnsupportedError(`${describe(this.tableName)} does not support ${name}`);
    }
    return verb;
  }
}

const NO_COLUMNS: readonly Column[] = [];
const columnNames = new WeakMap<readonly Column[], readonly string[]>();

/** The names of columns: the same array each time, so that a query that was checked against them is known to be. */
function namesOf(columns: readonly Column[]): readonly string[] {
  const names = columnNames.get(columns) ?? columns.map(({ name }) => name);
  columnNames.set(columns, names);
  return names;
}
