import { disposeByClosing } from "../base/async_dispose.ts";
import type { Cache } from "../cache/cache.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import { ClosedError } from "../table/errors.ts";
import { describe } from "../base/describe.ts";
import type { Row } from "../table/row.ts";
import { selfOf } from "../base/self.ts";
import type { TableLike } from "../table/table_like.ts";
import { assemble, type LiveWorks } from "./assemble.ts";
import { durationsOf } from "./durations.ts";
import type { Explanation } from "./explanation.ts";
import type { FailedWrite } from "./failed_write.ts";
import { LiveHandle } from "./live_handle.ts";
import type { LiveTableOptions } from "./live_options.ts";
import type { LiveStats } from "./live_stats.ts";
import type { Write } from "../queue/write.ts";
import { waitedFor } from "./sending.ts";
import type { ShownElsewhere } from "./watched_rows.ts";
import type { WritesObserver } from "./watched_writes.ts";

/**
 * A table that serves reads from a cache in front of another table, the master. Misses fall through to the master and
 * fill the cache; writes go through a queue to the master, and their answers are put in place of what is held; a live
 * stream keeps it fresh when others change the data: what changed is read again, alone. It is a table like any other:
 * generic code cannot tell it from its master.
 *
 * It owns what its handles share, and is a handle itself, for all rows of the master: what concerns the whole table
 * (`events`, `stats`, `explain`, `invalidate`, `idle`, `close`) is here, and not on the handles that narrowing gives.
 *
 * @example Miss, hit, write, hit
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
 * const rows = await products.listValues(); // has the answer to the write
 *
 * assert.deepEqual(rows.get("a"), { name: "Bun", price: 3 });
 * assert.equal(products.stats().hits, 2);
 * assert.equal(products.stats().masterReads, 1);
 * ```
 */
export class LiveTable<R extends object = Row> extends LiveHandle<R> implements AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #works: LiveWorks;
  #closed: Promise<void> | undefined;

  /**
   * Puts `cache` in front of `master`. Everything is kept under `cacheKey`, which is the caller's to choose: two tables
   * with the same cache and cacheKey share entries and invalidations. Subscribes to `options.liveStream` at once; no
   * other I/O is done before the first call.
   *
   * @throws {TypeError} if `cacheKey` is empty, `master` is no table, `cache` is no cache (a promise of one is none), or an
   * option is unknown.
   * @throws {RangeError} if an option is out of range.
   */
  constructor(master: TableLike<R>, cacheKey: string, cache: Cache, options: LiveTableOptions<NoInfer<R>> = {}) {
    const works = assemble(master, cacheKey, cache, options);
    super(works.parts, works.parts.master.query);
    disposeByClosing(LiveTable.prototype);
    this.#works = works;
  }

  /**
   * The changes that this table knows of: its writes, events and gaps, each emitted after the entries are invalidated.
   */
  get events(): LiveStream {
    return selfOf(this).#works.events;
  }

  /** What has been counted since the table was made, over all its handles. */
  stats(): LiveStats {
    const { counters, writes, listener, clock, usage } = selfOf(this).#works;
    const { invalidations, deadEntries, events, masterReadTimes } = counters;
    const { entries, evictions } = usage() ?? {};
    return {
      ...counters,
      invalidations: { ...invalidations },
      deadEntries: { ...deadEntries },
      events: { ...events },
      masterReadTimes: durationsOf(masterReadTimes),
      queued: writes.size,
      oldestWriteMs: writes.oldestAt === undefined ? 0 : Math.max(0, clock.now() - writes.oldestAt),
      stream: listener === undefined ? "none" : listener.isLive ? "live" : "lost",
      entries,
      evictions,
    };
  }

  /**
   * What is known of a key: whether a read would be answered without the master, and what the changes since the entry was
   * read did to it. Nothing is read or counted.
   *
   * @example Why a row was read again
   * ```ts
   * import { LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * const master = new MemTable("products", { rows: [["a", { price: 2 }], ["b", { price: 1 }]] });
   * const liveStream = new ManualLiveStream();
   * await using products = new LiveTable(master, "products", new MemCache(), { liveStream });
   * const received = products.events.subscribe().getReader();
   * await received.read(); // The subscription begins.
   *
   * await products.listValues();
   * await products.patchValue("a", { price: 3 });
   * liveStream.push({ kind: "updated", id: "b" }); // Its row is not known.
   * await received.read();
   * await received.read();
   *
   * const { held, changes } = await products.explain(products.listCacheKey);
   * assert.equal(held, false);
   * assert.deepEqual(changes.map(({ change, effect }) => [change.cause, effect]), [["write", "in place"], ["event", "hole"]]);
   * ```
   *
   * @throws {RangeError} if the key is not one of this table's.
   * @throws {ClosedError} once the table is closed.
   */
  async explain(key: string): Promise<Explanation> {
    const { explainer, keys: { prefix } } = selfOf(this).#works;
    return await explainer.explain(checkKey(key, prefix));
  }

  /** Invalidates everything held, after a change that no write, event or gap reports. */
  async invalidate(): Promise<void> {
    const self = selfOf(this);
    if (self.#closed !== undefined) throw new ClosedError("Cannot invalidate: the table is closed");
    const { changes, clock } = self.#works;
    await changes.publish({ kind: "changed", at: clock.now(), cause: "manual" });
  }

  /** The name of this table's queue in its outbox, made of `owner` and `cacheKey`; `undefined` without an outbox. */
  get outboxQueue(): string | undefined {
    return selfOf(this).#works.writes.outboxQueue;
  }

  /** The writes that are queued or in flight, in the order in which they were made, through whatever handle. */
  pendingWrites(): Write<R>[] {
    return selfOf(this).#works.writes.pending() as Write[] as Write<R>[]; // What was written through this table.
  }

  /**
   * The writes that failed for good and are kept in the outbox, those of earlier processes too; without an outbox, none. Entries
   * that cannot be read are not among them, since what they were to do is not known: `outbox.load(table.outboxQueue, …)` has them.
   */
  async failedWrites(): Promise<readonly FailedWrite<R>[]> {
    return await selfOf(this).#works.writes.failures() as readonly FailedWrite<
      unknown & object
    >[] as readonly FailedWrite<R>[]; // As for pendingWrites().
  }

  /**
   * Shows the writes that are queued, in flight or failed, and keeps that up to date while there are listeners. The same
   * object each time.
   *
   * @example How many writes are under way
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import assert from "node:assert/strict";
   *
   * await using products = new LiveTable(new MemTable("products"), "products", new MemCache());
   * const { getSnapshot } = products.observeWrites();
   *
   * const written = products.insertValue("a", { price: 2 });
   * assert.deepEqual(getSnapshot().pending.map(({ op }) => op.kind), ["insert"]);
   * await written;
   * assert.equal(getSnapshot().pending.length, 0);
   * ```
   */
  observeWrites(): WritesObserver<R> {
    return selfOf(this).#works.watchedWrites.observer as WritesObserver<unknown & object> as WritesObserver<R>; // As for pendingWrites().
  }

  /**
   * The rows that observers of this table show, or have shown lately, by their keys: what a server has rendered, for
   * `importShown()` of a table with the same `cacheKey` in the browser.
   */
  exportShown(): ReadonlyMap<string, ShownElsewhere> {
    return selfOf(this).#works.watches.shown();
  }

  /**
   * Shows rows to observers that ask for their keys, until they are read here, which the first listener starts: what has
   * changed since they were read is not known. They are not put into the cache. The last 100 are kept that nothing has asked for.
   *
   * @throws {RangeError} if a key is not one of this table's.
   */
  importShown(shown: ReadonlyMap<string, ShownElsewhere>): void {
    const { watches, keys } = selfOf(this).#works;
    for (const key of shown.keys()) checkKey(key, keys.prefix);
    watches.show(shown);
  }

  /** Sends a write again that has failed, after all that were made since, with the same key. `false` if there is none with this id. */
  async retry(id: string): Promise<boolean> {
    return await selfOf(this).#works.writes.retry(checkWriteId(id));
  }

  /** Drops a write that has failed, or that is in the outbox and was never sent. `false` if there is none with this id. */
  async discard(id: string): Promise<boolean> {
    return await selfOf(this).#works.writes.discard(checkWriteId(id));
  }

  /**
   * Says whether the master can be reached. While it cannot, writes wait; `true` sends what waited, and what rests until its
   * next attempt. Where the runtime tells of this (`online` and `offline` events), it need not be called.
   */
  setOnline(online: boolean): void {
    if (typeof online !== "boolean") throw new TypeError(`setOnline() takes true or false, got ${describe(online)}`);
    selfOf(this).#works.online.set(online);
  }

  /** Sends the writes that wait for the user to sign in (`onUnauthorized`), and those that rest until their next attempt. */
  resumeWrites(): void {
    selfOf(this).#works.writes.resume("unauthorized");
  }

  /** Resolves when no write is queued or in flight, whatever handle it was made through. */
  idle(): Promise<void> {
    const { writes } = selfOf(this).#works;
    return waitedFor(writes.idle(), "for idle()", { owner: writes, write: undefined });
  }

  /**
   * Stops listening, finishes queued writes, and releases what this table opened; not the master, the cache or the
   * stream that it was handed. From the call on, reads and writes reject with `ClosedError`, through all handles. May
   * be called again.
   */
  close(): Promise<void> {
    const self = selfOf(this);
    self.#closed ??= self.#close();
    return waitedFor(self.#closed, "for close()", { owner: self.#works.writes, write: undefined });
  }

  async #close(): Promise<void> {
    const { reads, writes, online, watches, listener, invalidation, deadline, events, trace } = this.#works;
    online.close();
    watches.close();
    const readsClosed = reads.close();
    await writes.close();
    await listener?.close();
    await invalidation.close();
    await readsClosed;
    deadline.close();
    events.close();
    trace?.event({ target: "vantage_live::read", level: "info", name: "closed" });
  }
}

function checkKey(key: string, prefix: string): string {
  if (typeof key === "string" && key.startsWith(prefix)) return key;
  throw new RangeError(
    `The key ${describe(key)} is not of this table; accepted are keys that start with ${describe(prefix)}`,
  );
}

function checkWriteId(id: string): string {
  if (typeof id === "string") return id;
  throw new TypeError(`The id of a write must be a string, as in write.id, got ${describe(id)}`);
}
