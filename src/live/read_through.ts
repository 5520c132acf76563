import type { CachedRows, Fence } from "../cache/cache.ts";
import { traceableKey } from "../cache/cache_key.ts";
import { MemCache } from "../cache/mem_cache.ts";
import { abortable } from "../clock/abortable.ts";
import type { Clock } from "../clock/clock.ts";
import { ClosedError } from "../table/errors.ts";
import { isPromise, type MaybePromise } from "../table/maybe_promise.ts";
import { sameRow } from "../table/row.ts";
import { ownRows, Rows, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/trace.ts";
import { type Ask, Flight } from "./flight.ts";
import type { GuardedCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import type { MasterLag } from "./master_lag.ts";

/** What to read. Made once and used for every read of the same key. */
export interface ReadRequest<T> {
  /** Where it is kept. */
  readonly key: string;
  /** The row it is about; `undefined` if about all. */
  readonly id: string | undefined;
  /** Asks the master. */
  readonly load: (options: CallOptions) => Promise<Rows>;
  /** What the reader gets. One function for all requests of a kind, so that a hit stays cheap. */
  readonly pick: (rows: Rows, id: string | undefined) => T;
}

/** What a {@linkcode ReadThrough} works with. */
export interface ReadThroughOptions {
  readonly cache: GuardedCache;
  readonly invalidation: Invalidation;
  readonly lag: MasterLag;
  readonly staleTimeMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** How things stood when a read of the master began, and whether its answer may be older than a change known of. */
interface Departure {
  /** Reads are numbered in the order in which they begin. */
  readonly number: number;
  readonly generation: number;
  readonly fence: MaybePromise<Fence | undefined>;
  /** In monotonic milliseconds. */
  readonly startedAt: number;
  /** In milliseconds since the epoch. */
  readonly fetchedAt: number;
  unsettled: boolean;
}

/** A read of the master that others may share. */
interface SharedRead {
  readonly departure: Departure;
  readonly flight: Flight<Rows>;
}

/** A reader's part in one. */
interface Share {
  readonly departure: Departure;
  readonly answer: Promise<Rows>;
}

/** What the rows last received under a key are remembered for: to count those that come again unchanged. */
const REMEMBERED = { maxEntries: 64, maxRows: 5_000 };

/**
 * Answers from the cache, or else from the master, filling the cache on the way. All who miss one key share one read of
 * the master, unless the key was invalidated since that began. An answer that may be older than a change known of, since
 * the master lags, is not kept, and is given only to those who asked before it was asked for.
 */
export class ReadThrough {
  readonly #cache: GuardedCache;
  readonly #invalidation: Invalidation;
  readonly #lag: MasterLag;
  readonly #staleTimeMs: number;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;
  readonly #shared = new Map<string, SharedRead>();
  readonly #received = new MemCache(REMEMBERED);
  readonly #flights = new Set<Flight<unknown>>();
  readonly #underWay = new Set<(reason: unknown) => void>();
  #departures = 0;
  #closed = false;

  constructor(options: ReadThroughOptions) {
    this.#cache = options.cache;
    this.#invalidation = options.invalidation;
    this.#lag = options.lag;
    this.#staleTimeMs = options.staleTimeMs;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#trace = options.trace;
  }

  /** Answers a read. An aborted signal ends the reader's wait; the read of the master ends with the last of its readers. */
  read<T>(
    request: ReadRequest<T>,
    options: CallOptions | undefined,
    onOutcome?: (outcome: "hit" | "miss") => void,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const held = this.#invalidation.doubted ? undefined : this.#cache.get(request.key);
    if (held === undefined || "rows" in held) return this.#answer(request, held, options, onOutcome);
    const answer = this.#untilClosed(held).then((settled) => this.#answer(request, settled, options, onOutcome));
    return signal === undefined ? answer : abortable(answer, signal);
  }

  /** Asks the master past the cache: for what the cache cannot know. */
  async pass<T>(ask: (options: CallOptions) => Promise<T>, { signal, onUnsettled }: CallOptions = {}): Promise<T> {
    if (this.#closed) throw this.#closedError();
    signal?.throwIfAborted();
    this.#counters.masterReads++;
    let unsettled = false;
    const look = onUnsettled && this.#lag.look(this.#clock.monotonic());
    const flight = this.#track(
      new Flight((within) => within((signal) => ask({ signal, onUnsettled: () => void (unsettled = true) }))),
    );
    const answer = await flight.join(signal);
    const isSettled = isPromise(look) ? await look : look;
    if (unsettled || isSettled?.() === false) onUnsettled?.();
    return answer;
  }

  /**
   * From now on nothing is read, and what is under way is answered with a `ClosedError` and not kept. Resolves when the
   * cache is not being filled any more; what it was asked to get is not waited for.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const flights = [...this.#flights];
    for (const flight of flights) flight.end(this.#closedError());
    for (const end of this.#underWay) end(this.#closedError());
    await Promise.allSettled(flights.map((flight) => flight.answer));
  }

  /** Whether an entry may be served. */
  isFresh(held: CachedRows): boolean {
    if (this.#staleTimeMs === Infinity) return true;
    const ageMs = this.#clock.now() - held.fetchedAt;
    // Below zero if the clock was set back: then nobody knows how old it is.
    return ageMs >= 0 && ageMs < this.#staleTimeMs;
  }

  #answer<T>(
    request: ReadRequest<T>,
    held: CachedRows | undefined,
    options: CallOptions | undefined,
    onOutcome?: (outcome: "hit" | "miss") => void,
  ): Promise<T> {
    if (this.#closed) return Promise.reject(this.#closedError());
    if (held !== undefined && this.isFresh(held)) {
      this.#counters.hits++;
      onOutcome?.("hit");
      return Promise.resolve(request.pick(shareRows(held.rows), request.id));
    }
    // A reader that has gone meanwhile asks for nothing.
    if (options?.signal?.aborted) return Promise.reject(options.signal.reason);
    this.#counters.misses++;
    onOutcome?.("miss");
    return this.#fetch(request, options).then((rows) => request.pick(shareRows(rows), request.id));
  }

  /**
   * Whoever joined a read whose answer is unsettled may have asked when a change had long settled that the answer does not
   * know of; so that is given only to those who asked before the read began. The others share the next one.
   */
  async #fetch(request: ReadRequest<unknown>, { signal, onUnsettled }: CallOptions = {}): Promise<Rows> {
    const asked = this.#departures;
    for (;;) {
      const sharing = this.#share(request, signal);
      const { departure, answer } = isPromise(sharing) ? await orAborted(sharing, signal) : sharing;
      const rows = await answer;
      if (departure.unsettled && departure.number <= asked) continue;
      if (departure.unsettled) onUnsettled?.();
      return rows;
    }
  }

  /** A share in the read that is under way if it began after the last invalidation, wherever that was made; else in a new one. */
  #share(request: ReadRequest<unknown>, signal: AbortSignal | undefined): MaybePromise<Share> {
    if (this.#closed) throw this.#closedError();
    const shared = this.#shared.get(request.key);
    if (shared === undefined || !this.#isCurrent(shared)) return this.#takeOff(request, signal);
    const past = shared.departure.fence;
    const fence = this.#cache.fence(request.key);
    if (isPromise(fence) || isPromise(past)) return this.#shareLater(request, signal, shared, fence);
    return isSame(fence, past) ? this.#join(shared, signal) : this.#takeOff(request, signal);
  }

  async #shareLater(
    request: ReadRequest<unknown>,
    signal: AbortSignal | undefined,
    shared: SharedRead,
    fence: MaybePromise<Fence | undefined>,
  ): Promise<Share> {
    const { generation } = this.#invalidation;
    const [present, past] = await this.#untilClosed(Promise.all([fence, shared.departure.fence]));
    signal?.throwIfAborted();
    // What was invalidated since the fence was asked for is not in it.
    const current = generation === shared.departure.generation && !shared.flight.ended;
    if (isSame(present, past) && current) return this.#join(shared, signal);
    // Another reader may have begun a read meanwhile, after the invalidation that this one missed.
    if (this.#shared.get(request.key) === shared) this.#shared.delete(request.key);
    return await this.#share(request, signal);
  }

  #isCurrent({ departure, flight }: SharedRead): boolean {
    return departure.generation === this.#invalidation.generation && !flight.ended;
  }

  #join({ departure, flight }: SharedRead, signal: AbortSignal | undefined): Share {
    this.#counters.sharedReads++;
    return { departure, answer: flight.join(signal) };
  }

  #takeOff(request: ReadRequest<unknown>, signal: AbortSignal | undefined): Share {
    const { key } = request;
    const departure: Departure = {
      number: ++this.#departures,
      generation: this.#invalidation.generation,
      startedAt: this.#clock.monotonic(),
      fetchedAt: this.#clock.now(),
      fence: this.#cache.fence(key),
      unsettled: false,
    };
    const flight = this.#track(new Flight((ask) => this.#fly(request, departure, ask)));
    const shared: SharedRead = { departure, flight };
    this.#shared.set(key, shared);
    const landed = (): void => {
      if (this.#shared.get(key) === shared) this.#shared.delete(key);
    };
    flight.answer.then(landed, landed);
    return { departure, answer: flight.join(signal) };
  }

  async #fly({ key, id, load }: ReadRequest<unknown>, departure: Departure, ask: Ask): Promise<Rows> {
    const fence = isPromise(departure.fence) ? await departure.fence : departure.fence;
    const look = this.#lag.look(departure.startedAt);
    const answer = await ask((signal) => {
      this.#counters.masterReads++;
      return load({ signal, onUnsettled: () => void (departure.unsettled = true) });
    });
    // The master may hold the same rows, and change what cannot be frozen in them.
    const rows = ownRows(Rows.from(answer));
    this.#countReceived(key, rows);
    const isSettled = isPromise(look) ? await look : look;
    departure.unsettled ||= !isSettled();
    // That a row is missing is not remembered; that a set is empty is.
    if (departure.unsettled || (rows.size === 0 && id !== undefined)) return rows;
    await this.#keep(key, { rows: shareRows(rows), fetchedAt: departure.fetchedAt }, fence);
    return rows;
  }

  #track<T>(flight: Flight<T>): Flight<T> {
    this.#flights.add(flight);
    const landed = (): void => void this.#flights.delete(flight);
    flight.answer.then(landed, landed);
    return flight;
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

  async #keep(key: string, fetched: CachedRows, fence: Fence | undefined): Promise<void> {
    if (this.#closed || this.#invalidation.doubted || fence === undefined) return;
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

function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? work : abortable(work, signal);
}

/** Without a fence nobody knows what happened between. */
function isSame(one: Fence | undefined, other: Fence | undefined): boolean {
  return one !== undefined && one === other;
}
