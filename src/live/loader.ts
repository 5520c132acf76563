import type { Clock } from "../base/clock.ts";
import { isPromise } from "../base/maybe_promise.ts";
import type { Cache, CachedRows, Fence } from "../cache/cache.ts";
import { ClosedError, TableError } from "../table/errors.ts";
import { ownRows, Rows, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { CatchUp, CaughtUp } from "./catch_up.ts";
import type { EntryHistory } from "./entry_history.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import { DURATION_BOUNDS_MS } from "./durations.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { MasterLag, Stamp } from "./master_lag.ts";
import type { ReadRequest } from "./read_request.ts";
import type { ReceivedRows } from "./received_rows.ts";
import type { Refreshed } from "./refreshed.ts";
import type { Ask } from "./shared_call.ts";
import type { Superseded } from "./superseded.ts";
import type { ReadStart } from "./shared_reads.ts";
import { withPart } from "./stale_marks.ts";

/** Rows, and when the oldest of them were requested from the master, in milliseconds since the epoch. */
export interface Fetched {
  readonly rows: Rows;
  readonly fetchedAt: number;
  /** Whether they may lack a change that was recorded before they were asked for. */
  readonly isUnsettled?: boolean | undefined;
}

/** What a {@linkcode Loader} works with. */
export interface LoaderOptions {
  readonly master: Master;
  readonly cache: SafeCache;
  /** The cache's `share`, if it has it. */
  readonly share: Cache["share"];
  readonly invalidation: Invalidation;
  readonly lag: MasterLag;
  readonly catchUp: CatchUp;
  readonly history: EntryHistory;
  /** Where rows come from that are not asked of the master; the first one that covers a request loads it. */
  readonly derivations: readonly RowSource[];
  readonly received: ReceivedRows;
  readonly superseded: Superseded;
  readonly refreshed: Refreshed;
  /** Called when rows were loaded that are stale, and are being read again. */
  readonly onStaleParts: (request: ReadRequest) => void;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** The rows of a request. */
export interface Found extends Fetched {
  /** Whether all of them are as new as the read; otherwise some are those of an entry. */
  readonly isWhole: boolean;
  /** What a question to the master is worth that was asked later than the read began. */
  readonly stamp?: Stamp | undefined;
}

/** What cuts the rows of requests from other entries. */
export interface RowSource {
  /** Whether it has the rows of a request. */
  covers(request: ReadRequest): boolean;
  /** Cuts the rows of a request, or only the holes of an entry that is `behind`. */
  load(request: ReadRequest, options: CallOptions, behind: CaughtUp | undefined): Promise<Found>;
}

/** What the master is asked for: an entry, or so many holes of it. */
interface AskedMaster {
  readonly key: string;
  readonly holes: number | undefined;
}

/** What is a span, where there is a tracer: the master's work on a read. */
interface LoaderCalls {
  load<T>(asked: AskedMaster, ask: () => Promise<T>): Promise<T>;
}

/** Loads the rows of requests, from the master or from other entries, and stores them. */
export class Loader {
  readonly #options: LoaderOptions;
  readonly #spans: LoaderCalls | undefined;
  #closed = false;

  constructor(options: LoaderOptions) {
    this.#options = options;
    this.#spans = options.trace?.spans<LoaderCalls>({ load: (_asked, ask) => ask() });
  }

  /** From the call on the cache is asked for nothing. */
  close(): void {
    this.#closed = true;
  }

  /**
   * Loads what a request needs, or only the holes of an entry that is `behind`, and stores it as of the position at which
   * the read began. An answer that may lack a change by then, since the master lags, is stored as of before that change.
   */
  async load(request: ReadRequest, start: ReadStart, ask: Ask, behind: CaughtUp | undefined): Promise<Fetched> {
    const { lag, catchUp } = this.#options;
    const fence = isPromise(start.fence) ? await start.fence : start.fence;
    if (this.#closed) throw closedError();
    const asked = lag.stamp(start.startedAt, fence);
    const { rows, fetchedAt, isWhole, stamp = asked } = await ask((signal) =>
      this.#find(request, start, signal, behind)
    );
    start.answeredAt = fetchedAt;
    if (start.stale !== undefined && !("error" in start.stale)) this.#options.onStaleParts(request);
    if (behind !== undefined && isWhole) catchUp.failed(request, behind);
    else if (behind !== undefined) catchUp.succeeded(request, behind);
    const { fence: at, isSettled } = isPromise(stamp) ? await stamp : stamp;
    const isCurrent = isSettled();
    const isKept = !start.unsettled && (isWhole || isCurrent);
    start.unsettled ||= !isCurrent;
    if (isKept) await this.#store(request, start, { rows, fetchedAt, isWhole }, at, isCurrent);
    return { rows, fetchedAt };
  }

  /**
   * Stores what was read, unless another read has stored newer rows meanwhile: the one that ends last may have looked at its
   * parts first, or at the entry whose holes it fills.
   */
  async #store(
    request: ReadRequest,
    start: ReadStart,
    found: Found,
    at: Fence | undefined,
    isCurrent: boolean,
  ): Promise<void> {
    const { history, superseded, refreshed } = this.#options;
    const { key, id, after } = request;
    const { rows, fetchedAt, isWhole } = found;
    const isNew = after !== undefined || (isWhole && !this.isCut(request));
    if (start.overtakenBy > fetchedAt || (start.overtakenBy === fetchedAt && !isNew)) return;
    for (const rival of start.rivals) {
      if (rival !== start) rival.overtakenBy = Math.max(rival.overtakenBy, fetchedAt);
    }
    // That a row is missing is not cached; that a set is empty is.
    const isMissing = rows.size === 0 && id !== undefined;
    const isStored = !isMissing && await this.#keep(key, { rows: shareRows(rows), fetchedAt }, at);
    if (!isStored) return superseded.add(key, fetchedAt);
    superseded.forget(key);
    // What a lagging master answered is to be read again, but not at once: watchers wait for the lag.
    if (isCurrent) refreshed.emit(key, { fetchedAt });
    if (isWhole) history.begin(request, fetchedAt, start.generation);
  }

  /**
   * Reads from the master. Counts that, how long it took, and whether it failed; a read that was given up is neither. The
   * tracer receives what was `asked`.
   */
  async timed<T>(
    read: () => Promise<T>,
    signal: AbortSignal | undefined,
    asked?: AskedMaster,
  ): Promise<T> {
    const { counters, clock } = this.#options;
    counters.masterReads++;
    const beganAt = clock.monotonic();
    let isAnswered = false;
    try {
      const answer = await (asked === undefined || this.#spans === undefined ? read() : this.#spans.load(asked, read));
      isAnswered = true;
      return answer;
    } finally {
      if (isAnswered || signal?.aborted !== true) {
        const times = counters.masterReadTimes;
        const ms = clock.monotonic() - beganAt;
        let place = 0;
        while (ms > (DURATION_BOUNDS_MS[place] ?? Infinity)) place++;
        times.counts[place] = (times.counts[place] ?? 0) + 1;
        times.totalMs += ms;
        if (!isAnswered) counters.failedReads++;
      }
    }
  }

  /** Whether the rows of a request are cut from other entries. */
  isCut(request: ReadRequest): boolean {
    return this.#derivationOf(request) !== undefined;
  }

  #derivationOf(request: ReadRequest): RowSource | undefined {
    return this.#options.derivations.find((source) => source.covers(request));
  }

  async #find(
    request: ReadRequest,
    start: ReadStart,
    signal: AbortSignal,
    behind: CaughtUp | undefined,
  ): Promise<Found> {
    const options: CallOptions = {
      signal,
      onUnsettled: () => void (start.unsettled = true),
      onStale: (answer) => void (start.stale = withPart(start.stale, answer)),
      ...(request.after !== undefined && { fresh: true }),
    };
    const derivation = this.#derivationOf(request);
    if (derivation !== undefined) return await derivation.load(fromNowOn(request, start), options, behind);
    let refusal: TableError | undefined;
    const refuse = (error: TableError): void => void (refusal = error);
    const filled = behind && await this.#readHoles(request, behind, options, refuse);
    if (behind !== undefined && filled !== undefined) {
      return { rows: filled, fetchedAt: behind.held.fetchedAt, isWhole: false };
    }
    const { master, counters, received, clock } = this.#options;
    const stamp = behind && await this.#stampNow(request.key);
    const fetchedAt = clock.now();
    const read = (): Promise<Rows> => master.load(request, options);
    const rows = this.#own(request, await this.timed(read, signal, { key: request.key, holes: undefined }));
    if (refusal !== undefined) this.#giveUpHoles(request, refusal);
    if (!request.isCount) counters.rowsRedundant += received.receive(request, rows);
    return { rows, fetchedAt, isWhole: true, stamp };
  }

  /** All rows are read since the holes alone could not be: what was logged meanwhile is in them. */
  async #stampNow(key: string): Promise<Stamp> {
    const { cache, lag, clock } = this.#options;
    const fence = await cache.fence(key);
    if (this.#closed) throw closedError();
    return await lag.stamp(clock.monotonic(), fence);
  }

  /** `undefined` if the master cannot be asked for them or refuses, or the rest of the entry is unknown then. */
  async #readHoles(
    request: ReadRequest,
    behind: CaughtUp,
    options: CallOptions,
    onRefusal: (error: TableError) => void,
  ): Promise<Rows | undefined> {
    const { catchUp, received, counters } = this.#options;
    const read = catchUp.reader(request, behind);
    if (read === undefined) return undefined;
    try {
      const holes = behind.replayed.holes.size + behind.replayed.entering.size;
      const answer = await this.timed(() => read(options), options.signal, { key: request.key, holes });
      const fetched = this.#own(request, answer);
      counters.rowsRedundant += received.receiveSome(request, fetched);
      const rows = catchUp.fill(request, behind, fetched);
      if (rows !== undefined) counters.holes += holes;
      return rows;
    } catch (error) {
      if (!(error instanceof TableError) || error.retriable) throw error;
      onRefusal(error);
      return undefined;
    }
  }

  /** The master answered when it was asked for all rows: so it cannot do what it says it can. */
  #giveUpHoles({ key }: ReadRequest, error: TableError): void {
    this.#options.catchUp.giveUpHoles();
    this.#options.trace?.event({ target: "vantage_live::read", level: "warn", name: "holes not read", key, error });
  }

  /** Whether the rows were stored. */
  async #keep(key: string, fetched: CachedRows, fence: Fence | undefined): Promise<boolean> {
    const { cache, invalidation, counters } = this.#options;
    if (this.#closed || invalidation.suspect || fence === undefined) return false;
    const stored = await cache.put(key, fetched, fence);
    if (stored === true) counters.fills++;
    // A cache may refuse for other reasons, such as a lack of room.
    if (stored === false && await cache.fence(key) !== fence) counters.fencedFills++;
    return stored === true;
  }

  /** The rows of the master's answer, counted. It may keep the same rows and change their dates and bytes. */
  #own({ key, isCount }: ReadRequest, answer: Rows): Rows {
    const rows = ownRows(Rows.from(answer));
    if (isCount) return rows;
    const { counters, trace } = this.#options;
    counters.rowsReceived += rows.size;
    const fields = { rows: rows.size };
    trace?.event({ target: "vantage_live::read", level: "trace", name: "rows received", key, fields });
    return this.#closed ? rows : this.#share(key, rows);
  }

  /** The same rows, where those that the cache holds already are the ones it holds. */
  #share(key: string, rows: Rows): Rows {
    const { share, counters, trace } = this.#options;
    if (share === undefined) return rows;
    try {
      return Rows.from(share(key, rows));
    } catch (error) {
      counters.cacheFailures++;
      trace?.event({ target: "vantage_live::cache", level: "warn", name: "rows not shared", key, error });
      return rows;
    }
  }
}

/** What is cut must not be older than the position that it is stored at, though the reader may have asked long before. */
function fromNowOn(request: ReadRequest, { number }: ReadStart): ReadRequest {
  return request.after === undefined ? request : { ...request, after: number };
}

/** The error of a read once the table is closed. */
export function closedError(): ClosedError {
  return new ClosedError("Cannot read: the table is closed");
}
