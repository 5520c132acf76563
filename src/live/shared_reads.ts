import type { Fence } from "../cache/cache.ts";
import { onAbort } from "../base/on_abort.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { CallOptions, StaleAnswer } from "../table/table_like.ts";
import { type Ask, SharedCall } from "./shared_call.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import { closedError, type Fetched } from "./loader.ts";
import { ofWhole } from "./stale_marks.ts";
import type { CaughtUp } from "./catch_up.ts";
import { isWithin } from "./read_policy.ts";
import type { ReadRequest } from "./read_request.ts";

/** How things stood when a read of the master began, and whether its answer may be older than a change known of. */
export interface ReadStart {
  /** Reads are numbered in the order in which they begin. */
  readonly number: number;
  readonly generation: number;
  readonly fence: MaybePromise<Fence | undefined>;
  /** In monotonic milliseconds. */
  readonly startedAt: number;
  /** The same in milliseconds since the epoch. */
  readonly beganAt: number;
  /** The reads of its key that are under way, this one included. */
  readonly rivals: ReadonlySet<ReadStart>;
  /**
   * When the newest rows were requested that a rival has stored meanwhile, in milliseconds since the epoch; `-Infinity` if
   * none has.
   */
  overtakenBy: number;
  unsettled: boolean;
  /** When its rows were requested, in milliseconds since the epoch, once they are read, and are being stored. */
  answeredAt?: number;
  /** Set if the master itself has answered with stale rows. */
  stale?: StaleAnswer;
}

/** A read of the master that others may share. */
interface SharedRead {
  readonly start: ReadStart;
  /** Whether all of its rows are read; otherwise some are those of an entry that was looked at before it began. */
  readonly isWhole: boolean;
  /** Whether all of it is asked for at the master, whatever is held. */
  readonly asksMaster: boolean;
  readonly call: SharedCall<Fetched>;
}

/** A reader's part in one. */
interface Share {
  readonly start: ReadStart;
  readonly answer: Promise<Fetched>;
}

/** What {@linkcode SharedReads} work with. */
export interface SharedReadsOptions {
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Whether the cache keeps a log that entries are brought up to date by. */
  readonly waits: boolean;
  /** Whether the rows of a request are cut from other entries. */
  readonly isCut: (request: ReadRequest) => boolean;
  /** Asks the master, and does what follows from its answer before the readers are given it. */
  readonly load: (request: ReadRequest, start: ReadStart, ask: Ask, behind: CaughtUp | undefined) => Promise<Fetched>;
}

/** The read in flight that a reader waited for has ended, and the cache may have its rows. */
export const ENDED: unique symbol = Symbol("ended");

/**
 * The reads of the master that are in flight. Readers that miss the same key share one, if it began after they asked, or
 * nothing was logged or invalidated since it began. Otherwise they wait until it has ended and its rows are in the cache,
 * where these are brought up to date; without a log they begin another read. An answer that may be older than a known
 * change, since the master lags, goes only to readers that asked before the read began. What was too old when a reader
 * asked does not go to it: an answer that was being stored, or rows that are cut from entries; what the master has not
 * answered yet is not old, however long it takes.
 */
export class SharedReads {
  readonly #options: SharedReadsOptions;
  readonly #shared = new Map<string, SharedRead>();
  /**
   * By key. There may be several: one begins beside another when all was invalidated, or, of rows that are cut from other
   * entries, for a reader with another policy.
   */
  readonly #rivals = new Map<string, Set<ReadStart>>();
  readonly #calls = new Set<SharedCall<unknown>>();
  readonly #pending = new Set<(reason: unknown) => void>();
  #started = 0;
  #closed = false;

  constructor(options: SharedReadsOptions) {
    this.#options = options;
  }

  /** How many reads have begun. */
  get started(): number {
    return this.#started;
  }

  /** Whether a read for a request is in flight. */
  isReading(request: ReadRequest): boolean {
    return this.#shared.has(this.#flightOf(request));
  }

  /**
   * Reads for a reader that asked when `asked` reads had begun; `behind` is an entry of which only the holes are missing. An
   * answer of a lagging master may lack a change that had settled when a reader asked that joined it later. So it goes only
   * to readers that asked before the read began; the others share the next one.
   */
  async read(
    request: ReadRequest,
    options: CallOptions | undefined,
    asked: number,
    behind: CaughtUp | undefined,
  ): Promise<Fetched | typeof ENDED> {
    const { signal, onUnsettled, onStale } = options ?? {};
    const askedAt = this.#options.clock.now();
    for (;;) {
      const sharing = this.#share(request, signal, asked, behind);
      const share = isPromise(sharing) ? await this.untilClosed(sharing, (shared) => shared, signal) : sharing;
      if (share === ENDED) return ENDED;
      const fetched = await share.answer;
      const { start } = share;
      const isJoined = start.number <= asked;
      if (isJoined && (start.unsettled || wasTooOld(request, start, fetched, askedAt))) continue;
      if (start.unsettled) onUnsettled?.();
      if (start.stale !== undefined) onStale?.(ofWhole(start.stale, fetched));
      return start.unsettled ? { ...fetched, isUnsettled: true } : fetched;
    }
  }

  /** A read that is not shared. */
  alone<T>(ask: (signal: AbortSignal) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    return this.#track(new SharedCall((within) => within(ask))).join(signal);
  }

  /**
   * From the call on nothing is read, and reads in flight reject with a `ClosedError`. Resolves when they have no
   * further effect.
   */
  async close(): Promise<void> {
    this.#closed = true;
    const calls = [...this.#calls];
    for (const call of calls) call.end(closedError());
    for (const end of this.#pending) end(closedError());
    await Promise.allSettled(calls.map((call) => call.answer));
  }

  /**
   * As `work.then(done)`, or a `ClosedError` if the table is closed first, or the signal's reason if that is aborted
   * before the work is done. All in one promise: this is on the path of every hit in an asynchronous cache.
   */
  untilClosed<T, A>(work: Promise<T>, done: (value: T) => MaybePromise<A>, signal?: AbortSignal): Promise<A> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise<A>((resolve, reject) => {
      const end = (reason: unknown): void => {
        if (!this.#pending.delete(end)) return;
        stay?.();
        reject(reason);
      };
      const stay = signal && onAbort(signal, () => end(signal.reason));
      this.#pending.add(end);
      if (signal?.aborted) end(signal.reason);
      work.then((value) => {
        // Otherwise it was answered already.
        if (!this.#pending.delete(end)) return;
        stay?.();
        try {
          resolve(done(value));
        } catch (error) {
          reject(error);
        }
      }, end);
    });
  }

  #share(
    request: ReadRequest,
    signal: AbortSignal | undefined,
    asked: number,
    behind: CaughtUp | undefined,
  ): MaybePromise<Share | typeof ENDED> {
    if (this.#closed) throw closedError();
    const shared = this.#shared.get(this.#flightOf(request));
    if (shared === undefined || shared.call.ended) return this.#start(request, signal, behind);
    const isNewEnough = shared.isWhole && shared.start.number > asked;
    // What is cut may be of parts that were held before.
    if (isNewEnough && (request.after === undefined || shared.asksMaster)) return this.#join(shared, signal);
    if (request.after !== undefined || this.#isTooOld(shared, request)) return this.#end(shared, signal);
    const past = shared.start.fence;
    const fence = this.#isCurrent(shared) ? this.#options.cache.fence(request.key) : undefined;
    if (!isPromise(fence) && !isPromise(past)) {
      return isSame(fence, past) ? this.#join(shared, signal) : this.#after(shared, request, signal);
    }
    return this.untilClosed(Promise.all([fence, past]), ([present, begun]) => {
      signal?.throwIfAborted();
      // What has been logged since the fence was asked for was logged after the reader asked.
      const isCurrent = isSame(present, begun) && !shared.call.ended;
      if (this.#isTooOld(shared, request)) return this.#end(shared, signal);
      return isCurrent ? this.#join(shared, signal) : this.#after(shared, request, signal);
    });
  }

  /** A change was logged since the read began. Without a log, the cache cannot bring its rows up to date. */
  #after(
    shared: SharedRead,
    request: ReadRequest,
    signal: AbortSignal | undefined,
  ): MaybePromise<Share | typeof ENDED> {
    const now = this.#shared.get(this.#flightOf(request));
    if (now?.isWhole === true && now !== shared && !now.call.ended) return this.#join(now, signal);
    const isUseless = shared.start.generation < this.#options.invalidation.invalidatedAt;
    // What the reader found was looked up before that, and others may share this read.
    if (isUseless || !this.#options.waits) return this.#start(request, signal, undefined);
    return this.#end(shared, signal);
  }

  #end({ call }: SharedRead, signal: AbortSignal | undefined): Promise<typeof ENDED> {
    const ended = (): typeof ENDED => ENDED;
    return this.untilClosed(call.answer.then(ended, ended), ended, signal);
  }

  /** Whether rows that are read already, and are being stored, are too old for a reader that asks now. */
  #isTooOld({ start: { answeredAt } }: SharedRead, { policy: { staleTimeMs } }: ReadRequest): boolean {
    return answeredAt !== undefined && !isWithin(staleTimeMs, this.#options.clock.now() - answeredAt);
  }

  #isCurrent({ start }: SharedRead): boolean {
    return start.generation === this.#options.invalidation.generation;
  }

  #join({ start, call }: SharedRead, signal: AbortSignal | undefined): Share {
    this.#options.counters.sharedReads++;
    return { start, answer: call.join(signal) };
  }

  #start(request: ReadRequest, signal: AbortSignal | undefined, behind: CaughtUp | undefined): Share {
    const flight = this.#flightOf(request);
    const rivals = this.#rivals.get(request.key) ?? new Set();
    const start: ReadStart = {
      number: ++this.#started,
      generation: this.#options.invalidation.generation,
      startedAt: this.#options.clock.monotonic(),
      beganAt: this.#options.clock.now(),
      fence: behind?.fence ?? this.#options.cache.fence(request.key),
      rivals,
      overtakenBy: -Infinity,
      unsettled: false,
    };
    this.#rivals.set(request.key, rivals.add(start));
    const call = this.#track(new SharedCall((ask) => this.#options.load(request, start, ask, behind)));
    const asksMaster = request.after !== undefined || !this.#options.isCut(request);
    const shared: SharedRead = { start, isWhole: behind === undefined, asksMaster, call };
    this.#shared.set(flight, shared);
    const over = (): void => {
      if (this.#shared.get(flight) === shared) this.#shared.delete(flight);
      rivals.delete(start);
      if (rivals.size === 0) this.#rivals.delete(request.key);
    };
    call.answer.then(over, over);
    return { start, answer: call.join(signal) };
  }

  /** What is cut from other entries is as old as the policy of its first reader allows: only readers with the same share it. */
  #flightOf(request: ReadRequest): string {
    return this.#options.isCut(request) ? `${request.policy.name} ${request.key}` : request.key;
  }

  #track<T>(call: SharedCall<T>): SharedCall<T> {
    this.#calls.add(call);
    const over = (): void => void this.#calls.delete(call);
    call.answer.then(over, over);
    return call;
  }
}

/** Whether rows that were held before a read began were older than its reader accepts, when the reader asked. */
function wasTooOld({ policy }: ReadRequest, start: ReadStart, { fetchedAt }: Fetched, askedAt: number): boolean {
  const limitMs = start.stale === undefined ? policy.staleTimeMs : policy.maxAgeMs;
  return fetchedAt < start.beganAt && !isWithin(limitMs, askedAt - fetchedAt);
}

/** Without a fence, what happened in between is unknown. */
function isSame(one: Fence | undefined, other: Fence | undefined): boolean {
  return one !== undefined && one === other;
}
