import type { CachedRows, Fence } from "../cache/cache.ts";
import { traceableKey } from "../cache/cache_key.ts";
import { MemCache } from "../cache/mem_cache.ts";
import type { Clock } from "../clock/clock.ts";
import { ClosedError } from "../table/errors.ts";
import { isPromise, type MaybePromise } from "../table/maybe_promise.ts";
import { sameRow } from "../table/row.ts";
import { Rows, shareRows } from "../table/rows.ts";
import type { Trace } from "../trace/trace.ts";
import { abortable } from "../clock/abortable.ts";
import type { GuardedCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";

/** What to read. Made once and used for every read of the same key. */
export interface ReadRequest<T> {
  /** Where it is kept. */
  readonly key: string;
  /** The row it is about; `undefined` if about all. */
  readonly id: string | undefined;
  /** Asks the master. */
  readonly load: (signal: AbortSignal) => Promise<Rows>;
  /** What the reader gets. One function for all requests of a kind, so that a hit stays cheap. */
  readonly pick: (rows: Rows, id: string | undefined) => T;
}

/** What a {@linkcode ReadThrough} works with. */
export interface ReadThroughOptions {
  readonly cache: GuardedCache;
  readonly invalidation: Invalidation;
  readonly staleTimeMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** One read of the master on its way, and how things stood when it took off. */
interface Flight {
  readonly generation: number;
  readonly fence: MaybePromise<Fence | undefined>;
  readonly rows: Promise<Rows>;
}

/** What the rows last received under a key are remembered for: to count those that come again unchanged. */
const REMEMBERED = { maxEntries: 64, maxRows: 5_000 };

/**
 * Answers from the cache, or else from the master, filling the cache on the way. All who miss one key share one read of
 * the master, unless the key was invalidated since that took off.
 */
export class ReadThrough {
  readonly #cache: GuardedCache;
  readonly #invalidation: Invalidation;
  readonly #staleTimeMs: number;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;
  readonly #flights = new Map<string, Flight>();
  readonly #received = new MemCache(REMEMBERED);
  readonly #closing = new AbortController();
  readonly #aloft = new Set<Promise<Rows>>();
  readonly #underWay = new Set<(reason: unknown) => void>();
  #closed = false;

  constructor(options: ReadThroughOptions) {
    this.#cache = options.cache;
    this.#invalidation = options.invalidation;
    this.#staleTimeMs = options.staleTimeMs;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#trace = options.trace;
  }

  /** Answers a read. `signal` ends the reader's wait, not the read of the master, which others may share. */
  read<T>(request: ReadRequest<T>, signal?: AbortSignal, onOutcome?: (outcome: "hit" | "miss") => void): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (signal?.aborted) return Promise.reject(signal.reason);
    const held = this.#invalidation.doubted ? undefined : this.#cache.get(request.key);
    const answer = held === undefined || "rows" in held
      ? this.#answer(request, held, onOutcome)
      : this.#untilClosed(held).then((settled) => this.#answer(request, settled, onOutcome));
    return signal === undefined ? answer : abortable(answer, signal);
  }

  /** Asks the master past the cache: for what the cache cannot know. */
  async pass<T>(ask: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#closed) throw this.#closedError();
    signal?.throwIfAborted();
    this.#counters.masterReads++;
    const answer = this.#untilClosed(ask(signal ?? this.#closing.signal));
    return await (signal === undefined ? answer : abortable(answer, signal));
  }

  /**
   * From now on nothing is read, and what is under way is answered with a `ClosedError` and not kept. Resolves when the
   * cache is not being filled any more; for what it was asked to get nobody waits.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#closing.abort(this.#closedError());
    for (const end of this.#underWay) end(this.#closedError());
    await Promise.allSettled(this.#aloft);
  }

  #answer<T>(
    request: ReadRequest<T>,
    held: CachedRows | undefined,
    onOutcome?: (outcome: "hit" | "miss") => void,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (held !== undefined && this.isFresh(held)) {
      this.#counters.hits++;
      onOutcome?.("hit");
      return Promise.resolve(request.pick(shareRows(held.rows), request.id));
    }
    this.#counters.misses++;
    onOutcome?.("miss");
    return this.#shareFlight(request).then((rows) => request.pick(shareRows(rows), request.id));
  }

  /** Whether an entry may be served. */
  isFresh(held: CachedRows): boolean {
    if (this.#staleTimeMs === Infinity) return true;
    const ageMs = this.#clock.now() - held.fetchedAt;
    // Below zero if the clock was set back: then nobody knows how old it is.
    return ageMs >= 0 && ageMs < this.#staleTimeMs;
  }

  /** Joins the flight that is under way if it took off after the last invalidation, wherever that was made. */
  #shareFlight(request: ReadRequest<unknown>): Promise<Rows> {
    const flight = this.#flights.get(request.key);
    if (flight === undefined || flight.generation !== this.#invalidation.generation) {
      return this.#takeOff(request);
    }
    const fence = this.#cache.fence(request.key);
    if (isPromise(fence) || isPromise(flight.fence)) return this.#joinLater(request, flight, fence);
    return isSame(fence, flight.fence) ? this.#join(flight) : this.#takeOff(request);
  }

  async #joinLater(
    request: ReadRequest<unknown>,
    flight: Flight,
    fence: MaybePromise<Fence | undefined>,
  ): Promise<Rows> {
    const { generation } = this.#invalidation;
    const [present, past] = await this.#untilClosed(Promise.all([fence, flight.fence]));
    if (this.#closed) throw this.#closedError();
    if (isSame(present, past) && flight.generation === generation) return await this.#join(flight);
    // Somebody else may have taken off meanwhile, after the invalidation that this flight missed.
    if (this.#flights.get(request.key) === flight) this.#flights.delete(request.key);
    return await this.#shareFlight(request);
  }

  #join(flight: Flight): Promise<Rows> {
    this.#counters.sharedReads++;
    return flight.rows;
  }

  #takeOff({ key, id, load }: ReadRequest<unknown>): Promise<Rows> {
    const { generation } = this.#invalidation;
    const startedAt = this.#clock.monotonic();
    const fetchedAt = this.#clock.now();
    const fence = this.#cache.fence(key);
    const rows = this.#askMaster(load, fence).then(async (received) => {
      this.#countReceived(key, received);
      // That a row is missing is not remembered; that a set is empty is.
      if (received.size > 0 || id === undefined) {
        await this.#keep(key, { rows: received, fetchedAt }, await fence, startedAt);
      }
      return received;
    });
    const flight: Flight = { generation, fence, rows };
    this.#flights.set(key, flight);
    this.#aloft.add(rows);
    const land = (): void => {
      this.#aloft.delete(rows);
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
    };
    rows.then(land, land);
    return rows;
  }

  /** Settles as `work` does, or with a `ClosedError` if the table is closed first. Much cheaper than an abort listener. */
  #untilClosed<T>(work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#underWay.add(reject);
      work.then((value) => {
        this.#underWay.delete(reject);
        resolve(value);
      }, (error: unknown) => {
        this.#underWay.delete(reject);
        reject(error);
      });
    });
  }

  async #askMaster(load: ReadRequest<unknown>["load"], fence: MaybePromise<unknown>): Promise<Rows> {
    if (isPromise(fence)) await fence;
    const { signal } = this.#closing;
    signal.throwIfAborted();
    this.#counters.masterReads++;
    return Rows.from(await this.#untilClosed(load(signal)));
  }

  async #keep(key: string, fetched: CachedRows, fence: Fence | undefined, startedAt: number): Promise<void> {
    const { settledFrom, doubted } = this.#invalidation;
    if (this.#closed || doubted || fence === undefined || startedAt < settledFrom) return;
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
      fields: { key: traceableKey(key), rows: rows.size },
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

  #closedError(): ClosedError {
    return new ClosedError("Cannot read: the table is closed");
  }
}

/** Without a fence nobody knows what happened between. */
function isSame(one: Fence | undefined, other: Fence | undefined): boolean {
  return one !== undefined && one === other;
}
