import { type CacheKeys, escapeKeyPart } from "../cache/cache_key.ts";
import type { Write } from "../queue/write.ts";
import type { WriteOp } from "../queue/write_op.ts";
import { atPage, type Query } from "../table/query.ts";
import { shareQuery } from "../table/query_parts.ts";
import { describe } from "../base/describe.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { followRef, isRelation, type Refs } from "../table/relation.ts";
import type { Row } from "../table/row.ts";
import type { PatchOf, RowOf } from "../table/row_of.ts";
import type { RowEntry, Rows } from "../table/rows.ts";
import { selfOf } from "../base/self.ts";
import { TableHandle } from "../table/table_handle.ts";
import { WRITE_VERBS } from "../table/verbs.ts";
import type { CallOptions, Capabilities, Column, RefOptions, TableLike, WriteOptions } from "../table/table_like.ts";
import type { EntryHistory } from "./entry_history.ts";
import type { Master } from "./master.ts";
import type { LiveObserver } from "./live_observer.ts";
import type { LiveSnapshot } from "./live_snapshot.ts";
import type { Prefetcher } from "./prefetcher.ts";
import { type ReadPolicy, readPolicy, type ReadPolicyOptions } from "./read_policy.ts";
import type { CountRequest, ListRequest, ReadRequest, Reads, RowRequest, TableWindow } from "./read_request.ts";
import type { ReadThrough } from "./read_through.ts";
import type { WindowObserver, WindowOptions } from "./window_observer.ts";
import type { Watches } from "./watches.ts";
import { checkWindow } from "./windows.ts";
import type { WriteThrough } from "./write_through.ts";

/** What all handles of one LiveTable share. */
export interface LiveParts {
  readonly master: Master;
  readonly keys: CacheKeys;
  readonly reads: Reads;
  readonly writes: WriteThrough;
  readonly watches: Watches;
  /** The policy of the table. */
  readonly policy: ReadPolicy;
  readonly prefetcher: Prefetcher;
  /** Takes note of the lists that are going to be read. */
  readonly lists: Pick<ReadThrough, "note" | "rowOf">;
  readonly history: EntryHistory;
  /** The tables that stand for those that the master refers to. */
  readonly refs: Refs;
}

/**
 * A handle on a `LiveTable`: it reads, writes and narrows, and closes nothing. `LiveTable` is one for all rows of its
 * master; the others come from `where`, `orderBy`, `search`, `page` and `withQuery`, and share cache, queue and stream.
 *
 * An aborted `signal` ends a reader's wait; the read of the master, which others may share, ends with the last of its
 * readers. It takes a write back only while that is queued: a write that rejects with the signal's reason was never sent.
 */
export class LiveHandle<R extends object = Row> extends TableHandle<LiveHandle<R>, R> implements TableLike<R> {
  readonly #parts: LiveParts;
  readonly #reads: Reads<R>;
  readonly #writes: WriteThrough;
  readonly #watches: Watches;
  /** The master, narrowed like this handle. */
  readonly #master: TableLike;
  readonly #query: Query;
  readonly #policy: ReadPolicy;
  /** Made on the first read, as are the keys: a handle that is only narrowed further needs none. */
  #list: ListRequest | undefined;
  #count: CountRequest | undefined;
  #idPrefix: string | undefined;
  readonly #rows = new Map<string, RowRequest>();
  readonly #keptRows = new Map<string, RowRequest>();

  /** For this module alone: other handles come from `withQuery`. `query` is one of `parts.master`. */
  constructor(parts: LiveParts, query: Query, policy: ReadPolicy = parts.policy) {
    super();
    this.#parts = parts;
    this.#reads = parts.reads as Reads<R>; // R is the type of the master's rows.
    this.#writes = parts.writes;
    this.#watches = parts.watches;
    this.#query = query;
    this.#policy = policy;
    this.#master = parts.master.within(query);
  }

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

  /** The master's relations, and those that the option `refs` adds. */
  get refNames(): readonly string[] {
    const self = selfOf(this);
    return [...new Set([...self.#master.refNames, ...Object.keys(self.#parts.refs)])];
  }

  /** What the master can do by itself; of writes, what the write target can. */
  get capabilities(): Capabilities {
    const self = selfOf(this);
    const writes = self.#writes.capabilities(self.#query);
    const capabilities: { -readonly [name in keyof Capabilities]: Capabilities[name] } = {
      ...self.#master.capabilities,
    };
    for (const verb of WRITE_VERBS) capabilities[verb] = writes[verb];
    capabilities.idempotencyKeys = writes.idempotencyKeys;
    capabilities.writeMany = false;
    return capabilities;
  }

  /** The key that everything of this table is kept under. */
  get cacheKey(): string {
    return selfOf(this).#parts.keys.cacheKey;
  }

  /** Another handle on the same master, cache, queue and stream, with `query` in place of this handle's. */
  withQuery(query: Query): LiveHandle<R> {
    const self = selfOf(this);
    return new LiveHandle(self.#parts, self.#parts.master.narrow(query), self.#policy);
  }

  /**
   * The same set, read under another policy: how old its answers may be, and what is done if the master cannot be
   * reached. What is left out stays as it is here; handles that are made of the new one keep its policy.
   *
   * @example Rows of a screen, at once and also offline
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
   * await using products = new LiveTable(master, "products", new MemCache());
   * const shown = products.withReadPolicy({ staleTimeMs: 0, whileStale: "serve", onMasterFailure: "serve" });
   *
   * await shown.listValues(); // asks the master
   * await master.patchValue("a", { price: 3 });
   * let since: number | undefined;
   * const rows = await shown.listValues({ onStale: ({ fetchedAt }) => since = fetchedAt }); // does not wait for it
   *
   * assert.deepEqual(rows.get("a"), { price: 2 });
   * assert.ok(since !== undefined);
   * ```
   *
   * @throws {TypeError} if an option is unknown; the message names it.
   * @throws {RangeError} if an option is out of range; the message names it.
   */
  withReadPolicy(options: ReadPolicyOptions): LiveHandle<R> {
    const self = selfOf(this);
    return new LiveHandle(self.#parts, self.#query, readPolicy(options, self.#policy.given));
  }

  /**
   * The related table of this name: the one of the option `refs`, or else the master's, past the cache. Which rows of it the
   * rows of this set are linked with is found in the cache.
   */
  getRef(name: string, { from = this, to }: RefOptions = {}): TableLike {
    const { refs } = selfOf(this).#parts;
    const ref = Object.hasOwn(refs, name) ? refs[name] : undefined;
    if (ref !== undefined && isRelation(ref)) return followRef(ref, from, to);
    const table = to ?? ref?.();
    const master = selfOf(this).#master;
    return table === undefined || master.refNames.includes(name) ? master.getRef(name, { from, to: table }) : table;
  }

  /** The rows of the set, or of its page: from the cache, or else from the master. */
  listValues(options?: CallOptions): Promise<Rows<R>> {
    const self = #list in this ? this : selfOf(this); // The check is free; selfOf takes 2 ns.
    const request = self.#list ?? self.#listRequest();
    const answer = self.#reads.read(request, options);
    if (self.#policy.prefetchPages > 0) self.#parts.prefetcher.follow(request, answer);
    return answer;
  }

  /**
   * Reads the rows of the set, or of its page, from the master, whatever is held. Resolves when the new rows are readable;
   * if the master fails, it rejects and what is held stays.
   */
  refresh(options?: CallOptions): Promise<void> {
    const self = selfOf(this);
    return self.#reads.refresh(self.#list ?? self.#listRequest(), options);
  }

  /**
   * What `listValues` would answer with now without asking the master, at once, or `undefined`. A cache that answers later,
   * as on another machine, has nothing at once; nor has a closed table.
   */
  peek(): Rows<R> | undefined {
    const self = selfOf(this);
    return self.#watches.peek(self.#list ?? self.#listRequest()) as Rows<R> | undefined; // R is the type of the master's rows.
  }

  /** Shows what `listValues` would answer with, and keeps it up to date while there are listeners. Nothing is read yet. */
  observe(): LiveObserver<R> {
    const self = selfOf(this);
    return self.#watches.observe(self.#list ?? self.#listRequest()) as LiveObserver<R>; // As for peek().
  }

  /**
   * Shows what `getValue` would answer with, and keeps it up to date while there are listeners: rows with one row, or none
   * if there is no row with this id. Nothing is read yet.
   *
   * @throws {TypeError} if the id is not a string.
   *
   * @example One row on a page
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
   * await using products = new LiveTable(master, "products", new MemCache());
   * using observer = products.observeRow("a");
   *
   * await observer.ready();
   * assert.deepEqual(observer.getSnapshot().rows?.get("a"), { price: 2 });
   * ```
   */
  observeRow(id: string): LiveObserver<R> {
    const self = selfOf(this);
    if (typeof id !== "string") throw new TypeError(`An id must be a string, got ${describe(id)}`);
    return self.#watches.observe(self.#rows.get(id) ?? self.#rowRequest(id)) as LiveObserver<R>; // As for peek().
  }

  /**
   * Shows a part of the set, for lists that are scrolled: the rows of a window, and how many there are in all. `show` moves
   * the window. Nothing is read yet.
   *
   * @throws {RangeError} if `size` is not a whole number from 1 to 10 000.
   *
   * @example Scrolling
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const rows = Array.from({ length: 120 }, (_, index) => [String(index), { name: `Product ${index}` }] as const);
   * await using products = new LiveTable(new MemTable("products", { rows }), "products", new MemCache());
   * using observer = products.observeWindow({ size: 20 });
   *
   * const shown = new Promise<void>((resolve) => {
   *   observer.subscribe(() => observer.getSnapshot().offset === 60 && resolve());
   * });
   * observer.show(65, 75); // what is on the screen
   * await shown;
   *
   * const { offset, rows: shownRows, count } = observer.getSnapshot();
   * assert.deepEqual([offset, shownRows.ids().at(0), shownRows.size, count], [60, "60", 20, 120]);
   * ```
   */
  observeWindow(options: WindowOptions): WindowObserver<R> {
    const self = selfOf(this);
    const counted = self.#count ?? self.#countRequest();
    const set = { within: self.#query, policy: self.#policy, counted };
    return self.#watches.observeWindow(set, options) as WindowObserver<R>; // As for peek().
  }

  /** Whether another handle is of the same table, and lists the same rows in the same order, under the same policy. */
  equals(other: LiveHandle<R>): boolean {
    const [self, its] = [selfOf(this), selfOf(other)];
    if (self === its) return true;
    if (!(#parts in its) || its.#parts !== self.#parts || its.#policy.name !== self.#policy.name) return false;
    return (self.#list ?? self.#listRequest()).key === (its.#list ?? its.#listRequest()).key;
  }

  /**
   * The same as a stream: the snapshot as it is at the first read, then a newer one for each read once there is one. A slow
   * reader skips what it missed; nothing is buffered. It reads until it is cancelled, and ends when the table is closed.
   *
   * @example What a list shows, one snapshot after the other
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
   * await using products = new LiveTable(master, "products", new MemCache());
   * const prices: unknown[] = [];
   *
   * for await (const { rows, fetchStatus } of products.where("price", "lt", 9).watch()) {
   *   if (rows === undefined || fetchStatus === "fetching") continue;
   *   prices.push(rows.get("a")?.price);
   *   if (prices.length === 2) break;
   *   void products.patchValue("a", { price: 3 });
   * }
   *
   * assert.deepEqual(prices, [2, 3]);
   * ```
   */
  watch(): ReadableStream<LiveSnapshot<R>> {
    const self = selfOf(this);
    return self.#watches.stream(self.#list ?? self.#listRequest()) as ReadableStream<LiveSnapshot<R>>; // As for peek().
  }

  /** The row with this id: from the cache, or else from the master. That a row is missing is not remembered. */
  getValue(id: string, options?: CallOptions): Promise<RowOf<R> | undefined> {
    const self = #list in this ? this : selfOf(this); // As for listValues().
    if (typeof id !== "string") return Promise.reject(new TypeError(`An id must be a string, got ${describe(id)}`));
    return self.#reads.read(self.#rows.get(id) ?? self.#rowRequest(id), options);
  }

  /** Any row of the set: the master's answer, since the cache cannot know which it would be. */
  getSomeValue(options?: CallOptions): Promise<RowEntry<R> | undefined> {
    const self = selfOf(this);
    return self.#reads.some(self.#query, options);
  }

  /** The size of the set: from the cache, or else from the master. */
  getCount(options?: CallOptions): Promise<number> {
    const self = selfOf(this);
    return self.#reads.count(self.#count ?? self.#countRequest(), options);
  }

  /**
   * The `limit` rows of the set from row number `offset` on, and how many rows the set has: for lists that are scrolled. They
   * are cut from pages of `masterItemsPerPage` rows, or of 50, which are cached like all pages, so that any window costs the
   * pages that are not. A page of this handle makes no difference. An aborted `signal` ends the pages that no other reader
   * waits for.
   *
   * @throws {RangeError} if `offset` is not a whole number of at least 0, or `limit` not one from 1 to 10 000.
   *
   * @example Scrolling
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const rows = Array.from({ length: 120 }, (_, index) => [String(index), { name: `Product ${index}` }] as const);
   * await using products = new LiveTable(new MemTable("products", { rows }), "products", new MemCache());
   *
   * const window = await products.window(45, 10); // reads pages 1 and 2
   * await products.window(46, 10); // reads nothing
   *
   * assert.deepEqual(window.rows.ids().slice(0, 2), ["45", "46"]);
   * assert.equal(window.total, 120);
   * assert.equal(products.stats().hits, 1);
   * ```
   */
  async window(offset: number, limit: number, options?: CallOptions): Promise<TableWindow<R>> {
    const self = selfOf(this);
    checkWindow(offset, limit);
    const counted = self.#count ?? self.#countRequest();
    const request = { within: self.#query, policy: self.#policy, counted, offset, limit };
    return await self.#reads.window(request, options);
  }

  insertValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "insert", id, row }, self.#query, options);
  }

  replaceValue(id: string, row: RowOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "replace", id, row }, self.#query, options);
  }

  patchValue(id: string, partial: PatchOf<R>, options?: WriteOptions): Promise<RowOf<R>> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "patch", id, partial }, self.#query, options);
  }

  delete(id: string, options?: WriteOptions): Promise<void> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "delete", id }, self.#query, options);
  }

  deleteAll(options?: WriteOptions): Promise<void> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "deleteAll" }, self.#query, options);
  }

  /** Adds a row under a new id, which is the answer. */
  insertReturnIdValue(row: RowOf<R>, options?: WriteOptions): Promise<string> {
    const self = selfOf(this);
    return self.#writes.apply({ kind: "insertReturnId", row }, self.#query, options);
  }

  /**
   * Puts a write in line and hands it out: to follow it, to wait for room in the queue, or to take it back.
   *
   * @throws {TypeError} if the operation is not one, patches no column, or its row holds what no row can hold.
   * @throws {QueueFullError} if too many writes wait for a place.
   * @throws {ClosedError} once the table is closed.
   */
  enqueue(op: WriteOp<R>, options?: WriteOptions): Write<R> {
    const self = selfOf(this);
    return self.#writes.enqueue(op, self.#query, options) as Write<R>; // Its op is a copy.
  }

  /** The key of what `listValues` of this handle answers. */
  get listCacheKey(): string {
    const self = selfOf(this);
    return self.#keyOf(self.#list ?? self.#listRequest());
  }

  /** The key of page `page` of this handle's rows. */
  pageCacheKey(page: number): string {
    const self = selfOf(this);
    const within = atPage(self.#query, page);
    return self.#keyOf({ key: self.#parts.keys.ofList(within), within, id: undefined, policy: self.#policy });
  }

  /** The key of the row with this id. */
  idCacheKey(id: string): string {
    const self = selfOf(this);
    return self.#keyOf(self.#rows.get(id) ?? self.#rowRequest(id));
  }

  /** The same as `getValue`, of the row as it is kept. */
  protected override keptValue(id: string, options?: CallOptions): Promise<Row | undefined> {
    if (typeof id !== "string") return this.getValue(id, options);
    const request = this.#keptRows.get(id) ?? { ...this.#rows.get(id) ?? this.#rowRequest(id), isKept: true };
    if (this.#keptRows.size >= MAX_REMEMBERED_REQUESTS) this.#keptRows.clear();
    this.#keptRows.set(id, request);
    return this.#reads.read(request, options);
  }

  /** The row as a read would show it if it were not to ask the master. */
  protected override rowAtHand(id: string): MaybePromise<Row | undefined> {
    return this.#watches.row(this.#rows.get(id) ?? this.#rowRequest(id), (of) => this.#parts.lists.rowOf(of));
  }

  /** The key of a request, so that `explain` knows later what it is for. */
  #keyOf(request: ReadRequest): string {
    this.#parts.history.remember(request);
    return request.key;
  }

  #listRequest(): ListRequest {
    const { keys, lists } = this.#parts;
    const within = this.#query;
    this.#list = { key: keys.ofList(within), within, id: undefined, policy: this.#policy };
    lists.note(this.#list);
    return this.#list;
  }

  #countRequest(): CountRequest {
    const [within, policy] = [this.#query, this.#policy];
    return this.#count = { key: this.#parts.keys.ofCount(within), within, id: undefined, isCount: true, policy };
  }

  /** Remembered, so that the key of a row that is read often is built once. */
  #rowRequest(id: string): RowRequest {
    this.#idPrefix ??= this.#parts.keys.ofIds(this.#query);
    const key = this.#idPrefix + escapeKeyPart(id);
    const request: RowRequest = { key, within: this.#query, id, policy: this.#policy };
    if (this.#rows.size >= MAX_REMEMBERED_REQUESTS) this.#rows.clear();
    this.#rows.set(id, request);
    return request;
  }
}

/** For how many rows a handle remembers how to read them. */
const MAX_REMEMBERED_REQUESTS = 1_000;
