import type { CachedRows, Fence } from "../cache/cache.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Query } from "../table/query.ts";
import { TableError } from "../table/errors.ts";
import { checkCallOptions } from "../table/call_options.ts";
import { type Row, toRow } from "../table/row.ts";
import { isLazy, ownRows, type RowEntry, Rows, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace, TraceNote } from "../trace/tracer.ts";
import { type CatchUp, type CaughtUp, isIncomplete } from "./catch_up.ts";
import type { Ask } from "./shared_call.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Intents } from "./intents.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { MasterLag } from "./master_lag.ts";
import type { AnswerTo, ReadRequest, Reads } from "./read_request.ts";
import { ReceivedRows } from "./received_rows.ts";
import { ENDED, type ReadStart, SharedReads, type SharedReadsOptions } from "./shared_reads.ts";

/** What a {@linkcode ReadThrough} works with. */
export interface ReadThroughOptions {
  readonly master: Master;
  readonly cache: SafeCache;
  readonly invalidation: Invalidation;
  readonly lag: MasterLag;
  readonly catchUp: CatchUp;
  readonly intents: Intents;
  readonly isSurgical: boolean;
  readonly staleTimeMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** After so many changes an entry whose rows the cache has to encode is stored again. */
const CHANGES_PER_ENCODING = 16;

/**
 * Answers from the cache, or else from the master, whose answer it stores. What was logged since an entry was read is
 * replayed onto it; of rows that only the master knows, these alone are read again.
 */
export class ReadThrough implements Reads {
  readonly #master: Master;
  readonly #cache: SafeCache;
  readonly #invalidation: Invalidation;
  readonly #lag: MasterLag;
  readonly #catchUp: CatchUp;
  readonly #intents: Intents;
  readonly #staleTimeMs: number;
  readonly #clock: Clock;
  readonly #counters: Counters;
  readonly #trace: Trace | undefined;
  readonly #received = new ReceivedRows();
  readonly #storing = new Set<Promise<unknown>>();
  readonly #reads: SharedReads;
  #closed = false;

  constructor(options: ReadThroughOptions) {
    this.#master = options.master;
    this.#cache = options.cache;
    this.#invalidation = options.invalidation;
    this.#lag = options.lag;
    this.#catchUp = options.catchUp;
    this.#intents = options.intents;
    this.#staleTimeMs = options.staleTimeMs;
    this.#clock = options.clock;
    this.#counters = options.counters;
    this.#trace = options.trace;
    const { cache, invalidation, clock, counters } = options;
    const fill: SharedReadsOptions["fill"] = (request, start, ask, behind) => this.#fill(request, start, ask, behind);
    this.#reads = new SharedReads({
      cache,
      invalidation,
      clock,
      counters,
      waits: cache.log !== undefined && options.isSurgical,
      fill,
    });
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
    const recording = this.#invalidation.recording;
    // The answer must have the changes that are being logged.
    if (recording !== undefined) {
      return this.#reads.untilClosed(recording, () => this.read(request, options, note), signal);
    }
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
    const { recording } = this.#invalidation;
    if (recording !== undefined) await this.#reads.untilClosed(recording, () => undefined);
    const held = this.#invalidation.suspect ? undefined : this.#cache.get(key);
    return isPromise(held) ? await this.#reads.untilClosed(held, (settled) => settled) : held;
  }

  /** The row with an id as the cache has it now; `undefined` if that is not known at once. */
  rowNow(id: string): Row | undefined {
    if (this.#invalidation.suspect || this.#invalidation.recording !== undefined) return undefined;
    for (const key of this.#received.keysOf(id)) {
      const held = this.#cache.get(key);
      if (held === undefined || isPromise(held)) continue;
      const row = held.rows.get(id);
      const changes = held.since?.changes ?? [];
      if (row !== undefined && changes.every(({ change }) => change.kind !== "changed" && change.id !== id)) return row;
    }
    return undefined;
  }

  /**
   * From the call on nothing is read: reads in flight reject with a `ClosedError` and store nothing. Resolves when no
   * entry is being stored; a `get` of the cache is not waited for.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#reads.close();
    await Promise.all(this.#storing);
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
    const stamp = onUnsettled && this.#lag.stamp(this.#clock.monotonic(), undefined);
    const answer = await this.#reads.alone(
      (own) => ask({ signal: own, onUnsettled: () => void (unsettled = true) }),
      signal,
    );
    const stamped = isPromise(stamp) ? await this.#reads.untilClosed(stamp, (settled) => settled) : stamp;
    if (unsettled || stamped?.isSettled() === false) onUnsettled?.();
    return answer;
  }

  #answer<R extends ReadRequest>(
    request: R,
    held: CachedRows | undefined,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): MaybePromise<AnswerTo<R>> {
    if (held === undefined || !(this.#staleTimeMs === Infinity || this.isFresh(held))) {
      return this.#miss(request, options, undefined, note);
    }
    if (held.since === undefined && held.intentsDueAt === undefined) return this.#hit(request, held.rows, note);
    return this.#answerBehind(request, held, options, note);
  }

  /** Answers from an entry that is behind the log, or in whose scope the outcome of a write is not known. */
  #answerBehind<R extends ReadRequest>(
    request: R,
    held: CachedRows,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): MaybePromise<AnswerTo<R>> {
    if (held.intentsDueAt !== undefined && this.#intents.isOverdue(held.intentsDueAt)) {
      return this.#reads.untilClosed(
        this.#intents.endOverdue(),
        (ended) => ended ? this.read(request, options, note) : this.#miss(request, options, undefined, note),
        options?.signal,
      );
    }
    const behind = this.#catchUp.replay(request, held);
    if (behind === undefined) return this.#hit(request, held.rows, note);
    this.#catchUp.count(behind);
    if (isIncomplete(behind)) return this.#miss(request, options, behind, note);
    this.#advance(request.key, behind);
    return this.#hit(request, behind.replayed.rows, note);
  }

  #hit<R extends ReadRequest>(request: R, rows: Rows, note: TraceNote | undefined): AnswerTo<R> {
    this.#counters.hits++;
    note?.({ outcome: "hit" });
    return pick(request, shareRows(rows));
  }

  #miss<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    behind: CaughtUp | undefined,
    note: TraceNote | undefined,
  ): Promise<AnswerTo<R>> {
    this.#counters.misses++;
    note?.({ outcome: "miss" });
    return this.#load(request, options, behind).then((rows) => pick(request, shareRows(rows)));
  }

  /** Reads from the master, or from what another reader has read meanwhile. */
  async #load(request: ReadRequest, options: CallOptions | undefined, behind: CaughtUp | undefined): Promise<Rows> {
    if (options !== undefined) checkCallOptions(options);
    const asked = this.#reads.started;
    for (let missing = behind;;) {
      const rows = await this.#reads.read(request, options, asked, missing);
      if (rows !== ENDED) return rows;
      const held = await this.held(request.key);
      options?.signal?.throwIfAborted();
      missing = held && this.isFresh(held) ? this.#catchUp.replay(request, held) : undefined;
      if (held === undefined || !this.isFresh(held)) continue;
      if (missing === undefined) return held.rows;
      this.#catchUp.count(missing);
      if (isIncomplete(missing)) continue;
      this.#advance(request.key, missing);
      return missing.replayed.rows;
    }
  }

  /** Stores an entry that was brought up to date without the master. */
  #advance(key: string, { held, replayed: { rows, effects }, fence }: CaughtUp): void {
    if (isLazy(held.rows) && effects.length < CHANGES_PER_ENCODING) return;
    const stored = this.#cache.put(key, { rows, fetchedAt: held.fetchedAt, until: held.until }, fence);
    if (!isPromise(stored)) return;
    this.#storing.add(stored);
    stored.then(() => this.#storing.delete(stored));
  }

  async #fill(request: ReadRequest, start: ReadStart, ask: Ask, behind: CaughtUp | undefined): Promise<Rows> {
    const fence = isPromise(start.fence) ? await start.fence : start.fence;
    // After close() the cache is asked for nothing more.
    if (this.#closed) throw this.#reads.closedError();
    const stamp = this.#lag.stamp(start.startedAt, fence);
    const { rows, fetchedAt, isWhole } = await ask((signal) => this.#ask(request, start, signal, behind));
    const { fence: at, isSettled } = isPromise(stamp) ? await stamp : stamp;
    const isCurrent = isSettled();
    const isKept = !start.unsettled && (isWhole || isCurrent);
    start.unsettled ||= !isCurrent;
    // That a row is missing is not remembered; that a set is empty is.
    if (!isKept || (rows.size === 0 && request.id !== undefined)) return rows;
    await this.#keep(request.key, { rows: shareRows(rows), fetchedAt }, at);
    return rows;
  }

  /** Asks the master for the holes of an entry, or for all of it. */
  async #ask(
    request: ReadRequest,
    start: ReadStart,
    signal: AbortSignal,
    behind: CaughtUp | undefined,
  ): Promise<{ readonly rows: Rows; readonly fetchedAt: number; readonly isWhole: boolean }> {
    const options = { signal, onUnsettled: () => void (start.unsettled = true) };
    const filled = behind && await this.#readHoles(request, behind, options);
    if (behind !== undefined && filled !== undefined) {
      return { rows: filled, fetchedAt: behind.held.fetchedAt, isWhole: false };
    }
    this.#counters.masterReads++;
    const rows = this.#own(request.key, await this.#master.load(request, options));
    this.#counters.rowsRedundant += this.#received.receive(request.key, rows);
    return { rows, fetchedAt: start.fetchedAt, isWhole: true };
  }

  /** `undefined` if the master cannot be asked for them, or the rest of the entry is unknown then. */
  async #readHoles(request: ReadRequest, behind: CaughtUp, options: CallOptions): Promise<Rows | undefined> {
    const read = this.#catchUp.reader(request, behind);
    if (read === undefined) return undefined;
    this.#counters.masterReads++;
    try {
      return this.#catchUp.fill(request, behind, this.#own(request.key, await read(options)));
    } catch (error) {
      if (!(error instanceof TableError) || error.retriable) throw error;
      // It cannot do what it says it can: all rows are read, as the reader asked for.
      this.#catchUp.giveUpHoles();
      this.#trace?.event({
        target: "vantage_live::read",
        level: "warn",
        name: "holes not read",
        key: request.key,
        error,
      });
      return undefined;
    }
  }

  async #keep(key: string, fetched: CachedRows, fence: Fence | undefined): Promise<void> {
    if (this.#closed || this.#invalidation.suspect || fence === undefined) return;
    const stored = await this.#cache.put(key, fetched, fence);
    if (stored === true) this.#counters.fills++;
    // A cache may refuse for other reasons, as for want of room.
    if (stored === false && await this.#cache.fence(key) !== fence) this.#counters.fencedFills++;
  }

  /** The rows of the master's answer, counted. It may keep the same rows and change their dates and bytes. */
  #own(key: string, answer: Rows): Rows {
    const rows = ownRows(Rows.from(answer));
    this.#counters.rowsReceived += rows.size;
    this.#trace?.event({
      target: "vantage_live::read",
      level: "trace",
      name: "rows received",
      key,
      fields: { rows: rows.size },
    });
    return rows;
  }
}

/** What a reader gets of the rows that are kept for its request. */
function pick<R extends ReadRequest>({ id }: R, rows: Rows): AnswerTo<R> {
  // Whether there is an id is what the type of the answer depends on.
  return (id === undefined ? rows : rows.get(id)) as AnswerTo<R>;
}
