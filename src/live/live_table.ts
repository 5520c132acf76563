import { disposeByClosing } from "../base/async_dispose.ts";
import type { Cache } from "../cache/cache.ts";
import { escapeKeyPart } from "../cache/cache_key.ts";
import type { Write } from "../queue/write.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "../queue/write_op.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import { atPage, bothNarrowings, isUnlimited, type Query } from "../table/query.ts";
import { shareQuery } from "../table/query_parts.ts";
import { describe } from "../base/describe.ts";
import { type Row, toRow } from "../table/row.ts";
import { type RowEntry, Rows } from "../table/rows.ts";
import { selfOf } from "../base/self.ts";
import { TableHandle } from "../table/table_handle.ts";
import type { AnyTable, CallOptions, Capabilities, Column, TableLike, WriteOptions } from "../table/table_like.ts";
import type { TraceFields } from "../trace/tracer.ts";
import type { LastInvalidation } from "./invalidation.ts";
import { LiveCore } from "./live_core.ts";
import type { LiveTableOptions } from "./live_options.ts";
import type { LiveStats } from "./live_stats.ts";
import type { ReadRequest } from "./shared_reads.ts";
import { waitedFor, writeWaitedFor } from "./sending.ts";
import { traceFields } from "./write_through.ts";

/** What is known of one key of the cache. */
export interface Explanation {
  /** The key. */
  readonly key: string;
  /** Whether a read would find an entry there now. */
  readonly held: boolean;
  /** When the master was asked for it, in milliseconds since the epoch. */
  readonly fetchedAt?: number | undefined;
  /** How many rows are held. */
  readonly rows?: number | undefined;
  /** What this table invalidated last: why, and when. Others on the same cache may have done so later. */
  readonly lastInvalidation?: LastInvalidation | undefined;
}

/**
 * A table that serves reads from a cache in front of another table, the master. Misses fall through to the master and
 * fill the cache; writes go through a queue to the master and invalidate what is held; a live stream keeps it fresh when
 * others change the data. It is a table like any other: generic code cannot tell it from its master.
 *
 * An aborted `signal` ends a reader's wait; the read of the master, which others may share, ends with the last of its
 * readers. It takes a write back only while that is queued: a write that rejects with the signal's reason was never sent.
 *
 * @example Miss, hit, write, miss
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "Bun", price: 2 }]] });
 * await using products = new LiveTable(master, "products", new MemCache());
 *
 * await products.listValues(); // asks the master
 * await products.listValues(); // does not
 * await products.patchValue("a", { price: 3 });
 * const rows = await products.listValues(); // asks again
 *
 * assert.deepEqual(rows.get("a"), { name: "Bun", price: 3 });
 * assert.equal(products.stats().hits, 1);
 * assert.equal(products.stats().masterReads, 2);
 * ```
 */
export class LiveTable extends TableHandle<LiveTable> implements AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #core: LiveCore;
  /** The master, narrowed like this handle. */
  readonly #master: AnyTable;
  readonly #query: Query;
  /** Made on the first read, as are the keys: a handle that is only narrowed further needs none. */
  #all: ReadRequest<Rows> | undefined;
  #idPrefix: string | undefined;
  readonly #requests = new Map<string, ReadRequest<Row | undefined>>();

  /**
   * Puts `cache` in front of `master`. Everything is kept under `cacheKey`, which is the caller's to choose: two tables
   * with the same cache and cacheKey share entries and invalidations. Subscribes to `options.liveStream` at once; no
   * other I/O is done before the first call.
   *
   * @throws {TypeError} if `cacheKey` is empty, `master` is no table, `cache` is no cache (a promise of one is none), or an
   * option is unknown.
   * @throws {RangeError} if an option is out of range.
   */
  constructor(master: AnyTable, cacheKey: string, cache: Cache, options: LiveTableOptions = {}) {
    super();
    disposeByClosing(LiveTable.prototype);
    const { [CORE]: shared } = Object(options) as { readonly [CORE]?: unknown }; // Anything, until it is checked.
    this.#core = shared instanceof LiveCore ? shared : new LiveCore(master, cacheKey, cache, options);
    this.#master = master;
    this.#query = shareQuery(master.query);
  }

  /** How this handle is narrowed, ordered and paged. */
  get query(): Query {
    return shareQuery(selfOf(this).#query);
  }

  /** The master's name. */
  get tableName(): string {
    return selfOf(this).#master.tableName;
  }

  /** The master's columns. */
  get columns(): readonly Column[] {
    return selfOf(this).#master.columns;
  }

  /** The master's id column. */
  get idField(): string | undefined {
    return selfOf(this).#master.idField;
  }

  /** The columns of the master that name a row for people. */
  override get titleFields(): readonly string[] {
    return selfOf(this).#master.titleFields;
  }

  /** The master's relations. */
  get refNames(): readonly string[] {
    return selfOf(this).#master.refNames;
  }

  /** What the master can do by itself; of writes, what the write target can. */
  get capabilities(): Capabilities {
    const self = selfOf(this);
    const { insert, replace, patch, delete: remove, deleteAll, insertReturnId } = self.#target().capabilities;
    return { ...self.#master.capabilities, insert, replace, patch, delete: remove, deleteAll, insertReturnId };
  }

  /** The key that everything of this table is kept under. */
  get cacheKey(): string {
    return selfOf(this).#core.cacheKey;
  }

  /** The most rows that the master gives in one page, if the options say so. */
  get masterItemsPerPage(): number | undefined {
    return selfOf(this).#core.options.masterItemsPerPage;
  }

  /** What this table knows changed: its own writes, events, and gaps, each told after what was held is invalidated. */
  get events(): LiveStream {
    return selfOf(this).#core.events;
  }

  /** Another handle on the same master, cache, queue and stream, with `query` in place of this handle's. */
  withQuery(query: Query): LiveTable {
    const core = selfOf(this).#core;
    const options: LiveTableOptions & { [CORE]: LiveCore } = { ...core.options, [CORE]: core };
    const narrowed = core.master.withQuery(shareQuery(query));
    return new LiveTable(narrowed, core.cacheKey, core.cache, options);
  }

  /** The master's related table of this name, past the cache. */
  getRef(name: string): TableLike {
    return selfOf(this).#master.getRef(name);
  }

  /** The rows of the set, or of its page: from the cache, or else from the master. */
  listValues(options?: CallOptions): Promise<Rows> {
    const self = selfOf(this);
    const core = self.#core;
    const request = self.#all ?? self.#listRequest();
    if (core.trace === undefined) return core.reads.read(request, options);
    return self.#tracedRead("list_values", { page: this.query.pagination?.page }, request, options);
  }

  /** The row with this id: from the cache, or else from the master. That a row is missing is not remembered. */
  getValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    const self = selfOf(this);
    if (typeof id !== "string") return Promise.reject(new TypeError(`An id must be a string, got ${describe(id)}`));
    const request = self.#requests.get(id) ?? self.#rowRequest(id);
    if (self.#core.trace === undefined) return self.#core.reads.read(request, options);
    return self.#tracedRead("get_value", { id }, request, options);
  }

  /** Any row of the set: the master's answer, since the cache cannot know which it would be. */
  getSomeValue(options?: CallOptions): Promise<RowEntry | undefined> {
    const self = selfOf(this);
    return self.#pass("get_some_value", async (within) => {
      const entry = await self.#master.getSomeValue(within);
      return entry === undefined ? undefined : [entry[0], toRow(entry[1])] as const;
    }, options);
  }

  /** The size of the set: the master's answer. */
  getCount(options?: CallOptions): Promise<number> {
    const self = selfOf(this);
    return self.#pass("get_count", (within) => self.#master.getCount(within), options);
  }

  /** Adds a row. If the id exists, nothing is overwritten and the stored row is the answer. */
  insertValue(id: string, row: Row, options?: WriteOptions): Promise<Row> {
    return selfOf(this).#write({ kind: "insert", id, row }, options);
  }

  /** Stores a row whether the id exists or not; columns that are not in `row` go. */
  replaceValue(id: string, row: Row, options?: WriteOptions): Promise<Row> {
    return selfOf(this).#write({ kind: "replace", id, row }, options);
  }

  /** Changes the given columns and answers with the whole row; a missing id is a `NotFoundError`. */
  patchValue(id: string, partial: Row, options?: WriteOptions): Promise<Row> {
    return selfOf(this).#write({ kind: "patch", id, partial }, options);
  }

  /** Removes a row; a missing id is no error. */
  delete(id: string, options?: WriteOptions): Promise<void> {
    return selfOf(this).#write({ kind: "delete", id }, options);
  }

  /** Removes the rows of this set, and no others. A page is not a set: `UnsupportedError`. */
  deleteAll(options?: WriteOptions): Promise<void> {
    return selfOf(this).#write({ kind: "deleteAll" }, options);
  }

  /** Adds a row under a new id, which is the answer. */
  insertReturnIdValue(row: Row, options?: WriteOptions): Promise<string> {
    return selfOf(this).#write({ kind: "insertReturnId", row }, options);
  }

  /**
   * Puts a write in line and hands it out: to follow it, to wait for room in the queue, or to take it back.
   *
   * @throws {TypeError} if the operation is not one, or its row holds what no row can hold.
   * @throws {QueueFullError} if too many writes wait for a place.
   * @throws {ClosedError} once the table is closed.
   */
  enqueue(op: WriteOp, options: WriteOptions = {}): Write {
    return writeWaitedFor(selfOf(this).#core.enqueue(op, selfOf(this).#target(), options), selfOf(this).#core);
  }

  /** The key of what `listValues` of this handle answers. */
  get listCacheKey(): string {
    const self = selfOf(this);
    return (self.#all ?? self.#listRequest()).key;
  }

  /** The key of page `page` of this handle's rows. */
  pageCacheKey(page: number): string {
    return selfOf(this).#core.keys.ofList(atPage(this.query, page));
  }

  /** The key of the row with this id. */
  idCacheKey(id: string): string {
    const self = selfOf(this);
    self.#idPrefix ??= self.#core.keys.ofIds(self.#query);
    return self.#idPrefix + escapeKeyPart(id);
  }

  /** What has been counted since the table was made, over all its handles. */
  stats(): LiveStats {
    const { counters, queue } = selfOf(this).#core;
    return { ...counters, invalidations: { ...counters.invalidations }, queued: queue.size };
  }

  /**
   * What is known of a key: whether it is held, since when, and what was invalidated last.
   *
   * @throws {RangeError} if the key is not one of this table's.
   * @throws {ClosedError} once the table is closed.
   */
  async explain(key: string): Promise<Explanation> {
    const self = selfOf(this);
    const { reads, invalidation, keys } = self.#core;
    if (typeof key !== "string" || !key.startsWith(keys.prefix)) {
      throw new RangeError(
        `The key ${describe(key)} is not of this table; accepted are keys that start with ${describe(keys.prefix)}`,
      );
    }
    const held = await reads.held(key);
    return {
      key,
      held: held !== undefined && reads.isFresh(held),
      fetchedAt: held?.fetchedAt,
      rows: held?.rows.size,
      lastInvalidation: invalidation.last,
    };
  }

  /** Drops everything under the cacheKey, for who knows that the data changed. */
  invalidate(): Promise<void> {
    return selfOf(this).#core.invalidate();
  }

  /** Resolves when no write is queued or under way. */
  idle(): Promise<void> {
    return waitedFor(selfOf(this).#core.queue.idle(), "for idle()", selfOf(this).#core);
  }

  /**
   * Stops listening, finishes queued writes, and releases what this table opened; not the master, the cache or the stream
   * that it was handed. From the call on, reads and writes reject with `ClosedError`. May be called again.
   */
  close(): Promise<void> {
    return waitedFor(selfOf(this).#core.close(), "for close()", selfOf(this).#core);
  }

  #listRequest(): ReadRequest<Rows> {
    const master = this.#master;
    this.#all = {
      key: this.#core.keys.ofList(this.#query),
      load: (options) => master.listValues(options),
      id: undefined,
      pick: pickAll,
    };
    return this.#all;
  }

  /** Remembered, so that the key of a row that is read often is built once. */
  #rowRequest(id: string): ReadRequest<Row | undefined> {
    const request: ReadRequest<Row | undefined> = {
      key: this.idCacheKey(id),
      id,
      load: async (options) => {
        const row = await this.#master.getValue(id, options);
        return Rows.from(row === undefined ? [] : [[id, row]]);
      },
      pick: pickRow,
    };
    if (this.#requests.size >= MAX_REMEMBERED_REQUESTS) this.#requests.clear();
    this.#requests.set(id, request);
    return request;
  }

  /** Where writes go: narrowed like this handle, besides what the target itself is narrowed to. */
  #target(): AnyTable {
    const { writeTarget } = this.#core.options;
    if (writeTarget === undefined) return this.#master;
    return isUnlimited(this.query) ? writeTarget : writeTarget.withQuery(bothNarrowings(writeTarget.query, this.query));
  }

  /** A promise that nobody has to await: a failure is counted and traced where it happens. */
  #write<A extends WriteAnswer>(op: WriteOp, options: WriteOptions = {}): Promise<A> {
    const core = this.#core;
    const sent: { answer?: Promise<WriteAnswer> } = {};
    const apply = (): Promise<WriteAnswer> => sent.answer = core.enqueueOrReject(op, () => this.#target(), options);
    const answer = core.trace === undefined ? apply() : core.trace.asyncSpan({
      target: "vantage_live::write",
      level: "debug",
      name: writeName(op),
      fields: traceFields(op),
    }, async (add) => {
      const applied = await apply();
      add({ outcome: "applied" });
      return applied;
    });
    answer.catch(() => {});
    // Each kind of operation has one kind of answer: see applyWriteOp.
    return waitedFor(answer as Promise<A>, `for ${describeWriteOp(op)}`, core, sent.answer);
  }

  #pass<T>(name: string, ask: (within: CallOptions) => Promise<T>, options: CallOptions = {}): Promise<T> {
    const { reads, trace } = this.#core;
    if (trace === undefined) return reads.pass(ask, options);
    return trace.asyncSpan({ target: "vantage_live::read", level: "debug", name, fields: {} }, async (add) => {
      const answer = await reads.pass(ask, options);
      add({ outcome: "passed" });
      return answer;
    });
  }

  #tracedRead<T>(name: string, fields: TraceFields, request: ReadRequest<T>, options: CallOptions = {}): Promise<T> {
    const { reads, trace } = this.#core;
    const read = (add: (fields: TraceFields) => void): Promise<T> =>
      reads.read(request, options, (outcome) => add({ outcome }));
    return trace?.asyncSpan({ target: "vantage_live::read", level: "debug", name, fields }, read) ?? read(() => {});
  }
}

/** For how many rows a handle remembers how to read them. */
const MAX_REMEMBERED_REQUESTS = 1_000;

function pickAll(rows: Rows): Rows {
  return rows;
}

function pickRow(rows: Rows, id: string | undefined): Row | undefined {
  return id === undefined ? undefined : rows.get(id);
}

/** Under this name, options carry what the handles of one table share. */
const CORE = Symbol("core");

function writeName(op: WriteOp): string {
  return op.kind === "delete" || op.kind === "deleteAll" ? traceFields(op).op : `${traceFields(op).op}_value`;
}
