import type { CachedRows, Fence } from "../cache/cache.ts";
import { MemCache } from "../cache/mem_cache.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Query } from "../table/query.ts";
import { checkCallOptions } from "../table/call_options.ts";
import { sameRow, toRow } from "../table/row.ts";
import { ownRows, type RowEntry, Rows, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace, TraceNote } from "../trace/tracer.ts";
import type { Ask } from "./shared_call.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { MasterLag } from "./master_lag.ts";
import type { AnswerTo, ReadRequest, Reads } from "./read_request.ts";
import { type ReadStart, SharedReads, type SharedReadsOptions } from "./shared_reads.ts";

/** What a {@linkcode ReadThrough} works with. */
export interface ReadThroughOptions {
  readonly master: Master;
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  readonly lag: MasterLag;
  readonly staleTimeMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Bounds of the rows that are remembered under each key, to count those that are received again unchanged. */
const REMEMBERED = { maxEntries: 64, maxRows: 5_000 };

/**
 * Answers from the cache, or else from the master, whose answer it stores. An answer that may be older than a known
 * change, since the master lags, is not stored.
 */
export class ReadThrough implements Reads {
  readonly #master: Master;
  readonly #cache: SafeCache;
  readonly #invalidation: Invalidation;
  readonly #lag: MasterLag;
  readonly #staleTimeMs: number;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;
  readonly #received = new MemCache(REMEMBERED);
  readonly #reads: SharedReads;
  #closed = false;

  constructor(options: ReadThroughOptions) {
    this.#master = options.master;
    this.#cache = options.cache;
    this.#invalidation = options.invalidation;
    this.#lag = options.lag;
    this.#staleTimeMs = options.staleTimeMs;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#trace = options.trace;
    const { cache, invalidation, clock, counters } = options;
    const fill: SharedReadsOptions["fill"] = (request, start, ask) => this.#fill(request, start, ask);
    this.#reads = new SharedReads({ cache, invalidation, clock, counters, fill });
  }

  /** The read of the master ends with the last of its readers. */
  read<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): Promise<AnswerTo<R>> {
    if (this.#closed) return Promise.reject(this.#reads.closedError());
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const held = this.#invalidation.suspect ? undefined : this.#cache.get(request.key);
    if (held === undefined || "rows" in held) {
      return Promise.resolve(this.#answer(request, held, options, note));
    }
    // A reader that was aborted in the meantime reads nothing.
    return this.#reads.untilClosed(held, (settled) => this.#answer(request, settled, options, note), signal);
  }

  async some(within: Query, options: CallOptions | undefined): Promise<RowEntry | undefined> {
    const entry = await this.#pass((own) => this.#master.some(within, own), options);
    return entry === undefined ? undefined : [entry[0], toRow(entry[1])];
  }

  count(within: Query, options: CallOptions | undefined): Promise<number> {
    return this.#pass((own) => this.#master.count(within, own), options);
  }

  /** The entry under a key, fresh or not; `undefined` if there is none or it is suspect. */
  async held(key: string): Promise<CachedRows | undefined> {
    if (this.#closed) throw this.#reads.closedError();
    const held = this.#invalidation.suspect ? undefined : this.#cache.get(key);
    return isPromise(held) ? await this.#reads.untilClosed(held, (settled) => settled) : held;
  }

  /**
   * From the call on nothing is read: reads in flight reject with a `ClosedError` and store nothing. Resolves when no
   * entry is being stored; a `get` of the cache is not waited for.
   */
  close(): Promise<void> {
    this.#closed = true;
    return this.#reads.close();
  }

  /** Whether an entry may be served. */
  isFresh(held: CachedRows): boolean {
    if (this.#staleTimeMs === Infinity) return true;
    const ageMs = this.#clock.now() - held.fetchedAt;
    // Below zero if the clock was set back: then the age is unknown.
    return ageMs >= 0 && ageMs < this.#staleTimeMs;
  }

  /** Asks the master past the cache, for answers that the cache cannot have. */
  async #pass<T>(ask: (options: CallOptions) => Promise<T>, options: CallOptions = {}): Promise<T> {
    if (this.#closed) throw this.#reads.closedError();
    checkCallOptions(options);
    const { signal, onUnsettled } = options;
    signal?.throwIfAborted();
    this.#counters.masterReads++;
    let unsettled = false;
    const look = onUnsettled && this.#lag.look(this.#clock.monotonic());
    const answer = await this.#reads.alone(
      (own) => ask({ signal: own, onUnsettled: () => void (unsettled = true) }),
      signal,
    );
    const isSettled = isPromise(look) ? await this.#reads.untilClosed(look, (settled) => settled) : look;
    if (unsettled || isSettled?.() === false) onUnsettled?.();
    return answer;
  }

  #answer<R extends ReadRequest>(
    request: R,
    held: CachedRows | undefined,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): MaybePromise<AnswerTo<R>> {
    if (held !== undefined && (this.#staleTimeMs === Infinity || this.isFresh(held))) {
      this.#counters.hits++;
      note?.({ outcome: "hit" });
      return pick(request, shareRows(held.rows));
    }
    this.#counters.misses++;
    note?.({ outcome: "miss" });
    return this.#reads.read(request, options).then((rows) => pick(request, shareRows(rows)));
  }

  async #fill(request: ReadRequest, start: ReadStart, ask: Ask): Promise<Rows> {
    const { key, id } = request;
    const fence = isPromise(start.fence) ? await start.fence : start.fence;
    // After close() the cache is asked for nothing more.
    if (this.#closed) throw this.#reads.closedError();
    const look = this.#lag.look(start.startedAt);
    const answer = await ask((signal) => {
      this.#counters.masterReads++;
      return this.#master.load(request, { signal, onUnsettled: () => void (start.unsettled = true) });
    });
    // The master may keep the same rows and change their dates and bytes, which cannot be frozen.
    const rows = ownRows(Rows.from(answer));
    this.#countReceived(key, rows);
    const isSettled = isPromise(look) ? await look : look;
    start.unsettled ||= !isSettled();
    // That a row is missing is not remembered; that a set is empty is.
    if (start.unsettled || (rows.size === 0 && id !== undefined)) return rows;
    await this.#keep(key, { rows: shareRows(rows), fetchedAt: start.fetchedAt }, fence);
    return rows;
  }

  async #keep(key: string, fetched: CachedRows, fence: Fence | undefined): Promise<void> {
    if (this.#closed || this.#invalidation.suspect || fence === undefined) return;
    const stored = await this.#cache.put(key, fetched, fence);
    if (stored === true) this.#counters.fills++;
    // A cache may refuse for other reasons, as for want of room.
    if (stored === false && await this.#cache.fence(key) !== fence) this.#counters.fencedFills++;
  }

  #countReceived(key: string, rows: Rows): void {
    this.#counters.rowsReceived += rows.size;
    this.#trace?.event({
      target: "vantage_live::read",
      level: "trace",
      name: "rows received",
      key,
      fields: { rows: rows.size },
    });
    const before = this.#received.get(key)?.rows;
    this.#received.put(key, { rows, fetchedAt: 0 });
    if (before === undefined) return;
    for (const id of rows.keys()) {
      const known = before.get(id);
      const row = rows.get(id);
      if (known !== undefined && row !== undefined && sameRow(known, row)) this.#counters.rowsRedundant++;
    }
  }
}

/** What a reader gets of the rows that are kept for its request. */
function pick<R extends ReadRequest>({ id }: R, rows: Rows): AnswerTo<R> {
  // Whether there is an id is what the type of the answer depends on.
  return (id === undefined ? rows : rows.get(id)) as AnswerTo<R>;
}
