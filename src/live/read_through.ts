import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Clock } from "../base/clock.ts";
import type { Cache, CachedRows, Fence } from "../cache/cache.ts";
import type { CacheKeys } from "../cache/cache_key.ts";
import { checkCallOptions } from "../table/call_options.ts";
import type { Query } from "../table/query.ts";
import { type Row, toRow } from "../table/row.ts";
import { isLazy, keptRow, promiseOf, type RowEntry, type Rows, rowsOf, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace, TraceNote } from "../trace/tracer.ts";
import { type CatchUp, type CaughtUp, isIncomplete } from "./catch_up.ts";
import { Derivation, type DerivationOptions } from "./derivation.ts";
import type { Entries, Look } from "./entries.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { EntryHistory } from "./entry_history.ts";
import type { Intents } from "./intents.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import { type ListedRow, ListedRows } from "./listed_rows.ts";
import { closedError, type Fetched, Loader } from "./loader.ts";
import type { Master } from "./master.ts";
import type { MasterLag } from "./master_lag.ts";
import { MasterPages } from "./master_pages.ts";
import type { Observed } from "./observed.ts";
import { PageCuts } from "./page_cuts.ts";
import { isWithin, type ReadPolicy } from "./read_policy.ts";
import {
  type AnswerTo,
  countIn,
  type CountRequest,
  type ListRequest,
  type ReadRequest,
  type Reads,
  type RowRequest,
  type TableWindow,
  type WindowRequest,
} from "./read_request.ts";
import { ReceivedRows } from "./received_rows.ts";
import type { Refreshed } from "./refreshed.ts";
import { ENDED, SharedReads } from "./shared_reads.ts";
import { StaleAnswers, type StaleRows } from "./stale_answers.ts";
import { Superseded } from "./superseded.ts";
import { Windows, type WindowsOptions } from "./windows.ts";

/** How often the master is read for one refresh. After that, what is held is dropped. */
const MAX_REFRESHES = 3;

/** What a {@linkcode ReadThrough} works with. */
export interface ReadThroughOptions {
  readonly master: Master;
  readonly keys: CacheKeys;
  readonly cache: SafeCache;
  /** The cache's `share`, if it has it. */
  readonly share: Cache["share"];
  readonly invalidation: Invalidation;
  readonly lag: MasterLag;
  readonly catchUp: CatchUp;
  readonly intents: Intents;
  readonly history: EntryHistory;
  readonly isSurgical: boolean;
  /** The policy of the table. */
  readonly policy: ReadPolicy;
  readonly masterItemsPerPage: number | undefined;
  readonly refreshed: Refreshed;
  readonly observed: Observed;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Why what is held does not answer a read, and what there is of it all the same. */
interface Missed {
  readonly why: "absent" | "expired" | "changed" | "suspect" | "fresh";
  readonly behind?: CaughtUp | undefined;
}

/** After so many changes an entry whose rows the cache has to encode is stored again. */
const CHANGES_PER_ENCODING = 16;

/**
 * Answers from the cache, or else from the master, whose answer it stores. What was logged since an entry was read is
 * replayed onto it; of rows that only the master knows, these alone are read again.
 */
export class ReadThrough implements Reads {
  /** What is cut from the whole set. */
  readonly derivation: Derivation;
  readonly #options: ReadThroughOptions;
  readonly #cache: SafeCache;
  readonly #invalidation: Invalidation;
  readonly #observed: Observed;
  readonly #counters: Counters;
  readonly #received = new ReceivedRows();
  readonly #superseded = new Superseded();
  readonly #storing = new Set<Promise<unknown>>();
  readonly #loader: Loader;
  readonly #reads: SharedReads;
  readonly #stale: StaleAnswers;
  readonly #cuts: PageCuts | undefined;
  readonly #windows: Windows;
  readonly #listed: ListedRows;
  /** Whether the cache answers later, and has not failed to when it was asked last. */
  #isLater = false;
  #closed = false;

  constructor(options: ReadThroughOptions) {
    const { master, keys, cache, invalidation, catchUp, clock, counters } = options;
    this.#options = options;
    this.#cache = cache;
    this.#invalidation = invalidation;
    this.#observed = options.observed;
    this.#counters = counters;
    const fetch: DerivationOptions["fetch"] = (request, own) => this.#fetch(request, own);
    const derivation = this.derivation = new Derivation({ master, keys, catchUp, policy: options.policy, fetch });
    const entries: Entries = {
      look: (request, own) => this.#lookOrServe(request, own),
      load: (request, own, behind) => this.#loadOrServe(request, own, behind),
      held: (key) => this.held(key),
    };
    const { masterItemsPerPage } = options;
    const pagesOf = (itemsPerPage: number): MasterPages => new MasterPages({ ...options, entries, itemsPerPage });
    this.#cuts = masterItemsPerPage === undefined ? undefined : new PageCuts(pagesOf(masterItemsPerPage));
    const derivations = this.#cuts === undefined ? [derivation] : [derivation, this.#cuts];
    const fromNowOn: WindowsOptions["fromNowOn"] = (request) => this.#fromNowOn(request);
    this.#windows = new Windows({ ...options, pagesOf, itemsPerPage: masterItemsPerPage, fromNowOn, entries });
    this.#loader = new Loader({
      ...options,
      derivations,
      received: this.#received,
      superseded: this.#superseded,
      onStaleParts: (request) => this.#cutBehind(request),
    });
    this.#reads = new SharedReads({
      cache,
      invalidation,
      clock,
      counters,
      waits: cache.log !== undefined && options.isSurgical,
      isCut: (request) => this.#loader.isCut(request),
      load: (request, start, ask, behind) => this.#loader.load(request, start, ask, behind),
    });
    this.#listed = new ListedRows({
      ...options,
      received: this.#received,
      isFresh: (held, policy) => this.isFresh(held, policy),
    });
    this.#stale = new StaleAnswers({
      ...options,
      received: this.#received,
      superseded: this.#superseded,
      held: (key) => this.held(key),
      fetch: (request) => this.#fetch(request, {}),
    });
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** The read of the master ends with the last of its readers. */
  read<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): Promise<AnswerTo<R>> {
    return promiseOfAnswer(request, this.answer(request, options, note));
  }

  /** The same, at once where the cache answers at once. */
  answer<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    note?: TraceNote,
  ): MaybePromise<AnswerTo<R>> {
    if (this.#closed) return Promise.reject(closedError());
    const signal = options?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (options?.fresh === true) return this.#miss(this.#fromNowOn(request), options, { why: "fresh" }, note);
    const held = this.#invalidation.isQuiet ? this.#cache.get(request.key) : this.#heldLater(request.key);
    if (held === undefined || "rows" in held) return this.#answer(request, held, options, note);
    // A reader that was aborted in the meantime reads nothing.
    const { recorded } = this.#observed;
    const { cacheFailures } = this.#counters;
    return this.#reads.untilClosed(held, (settled) => {
      this.#isLater = cacheFailures === this.#counters.cacheFailures;
      const answer = this.#answer(request, settled, options, note, recorded);
      if (this.#isLater && isForList(request) && !isPromise(answer)) this.#listed.saw(request, answer as Rows); // All of them.
      return answer;
    }, signal);
  }

  async some(within: Query, options: CallOptions | undefined): Promise<RowEntry | undefined> {
    const asked = this.#cuts?.firstOf(within) ?? within;
    const entry = await this.#pass((own) => this.#options.master.some(asked, own), options);
    return entry === undefined ? undefined : [entry[0], toRow(entry[1])];
  }

  async window(request: WindowRequest, options: CallOptions = {}, note?: TraceNote): Promise<TableWindow> {
    if (this.#closed) throw closedError();
    checkCallOptions(options);
    options.signal?.throwIfAborted();
    const asked = options.fresh === true
      ? { ...this.#fromNowOn(request), counted: this.#fromNowOn(request.counted) }
      : request;
    const { recorded } = this.#observed;
    let unsettled = false;
    const onUnsettled = (): void => {
      unsettled = true;
      options.onUnsettled?.();
    };
    const read = (signal: AbortSignal) => this.#windows.read(asked, { ...options, signal, onUnsettled });
    const { window, isHit, fetchedAt } = await this.#reads.alone(read, options.signal);
    if (this.#observed.served < recorded && !unsettled) this.#observed.serve(recorded);
    this.#counters[isHit ? "hits" : "misses"]++;
    if (note !== undefined) this.#note(note, isHit ? "hit" : "miss", { fetchedAt });
    return { ...window, rows: shareRows(window.rows) };
  }

  async count(request: CountRequest, options: CallOptions | undefined, note?: TraceNote): Promise<number> {
    if (options !== undefined) checkCallOptions(options);
    return countIn(await this.read(request, options, note) as Rows); // A count is kept as rows.
  }

  /** Reads from the master, whatever is held; resolves when the new rows are readable. */
  async refresh(request: ReadRequest, options: CallOptions | undefined): Promise<void> {
    if (this.#closed) throw closedError();
    options?.signal?.throwIfAborted();
    for (let times = 1;; times++) {
      const { fetchedAt, isUnsettled } = await this.#load(this.#fromNowOn(request), options, undefined);
      if (isUnsettled) return;
      // Another table with the same cache may have brought older rows up to date meanwhile: those are held then.
      const held = await this.held(request.key);
      if (held === undefined || held.fetchedAt >= fetchedAt) return;
      if (times === MAX_REFRESHES) return void await this.#cache.invalidatePrefix(request.key);
    }
  }

  /** Reads what is not held, for a reader that may come. */
  async prefetch(request: ListRequest, options: CallOptions): Promise<Rows> {
    if (this.#closed) throw closedError();
    return (await this.#fetch(request, options)).rows;
  }

  /** The entry under a key, fresh or not; `undefined` if there is none or it is suspect. */
  async held(key: string): Promise<CachedRows | undefined> {
    if (this.#closed) throw closedError();
    const held = this.#invalidation.isQuiet ? this.#cache.get(key) : this.#heldLater(key);
    return isPromise(held) ? await this.#reads.untilClosed(held, (settled) => settled) : held;
  }

  /** A handle is going to read a list. */
  note(request: ListRequest): void {
    this.#listed.note(request);
  }

  /** The row with an id as some entry has it now; `undefined` if that is not known at once. */
  rowNow(id: string): Row | undefined {
    return this.#listed.now(id, this.#options.policy)?.row;
  }

  /** What a row's own request would be answered with from a list, if that is known at once. */
  listedNow(request: RowRequest): CachedRows | undefined {
    const listed = this.#isListed(request) ? this.#listed.now(request.id, request.policy) : undefined;
    if (listed === undefined || this.#options.catchUp.isIn(request, listed.row) !== true) return undefined;
    return { rows: rowsOf(new Map([[request.id, listed.row]])), fetchedAt: listed.held.fetchedAt };
  }

  /** Whether the master returns the same row for an id as in lists, or else in another way. */
  #isListed({ within }: ReadRequest): boolean {
    const { get, sameRows } = this.#options.master.within(within).capabilities;
    return get && sameRows;
  }

  /** The same where it matters what a row was before a change, later where the cache answers later. */
  rowOf(id: string): MaybePromise<Row | undefined> {
    if (!this.#isLater) return this.rowNow(id);
    // Without a log every entry is read again, whatever has changed.
    if (this.#closed || this.#cache.log === undefined) return undefined;
    return this.#listed.rowLater(id, this.#options.policy);
  }

  /**
   * From the call on nothing is read: reads in flight reject with a `ClosedError` and store nothing. Resolves when no
   * entry is being stored; a `get` of the cache is not waited for.
   */
  async close(): Promise<void> {
    this.#closed = true;
    this.#observed.close(closedError());
    this.#loader.close();
    await this.#reads.close();
    await Promise.all(this.#storing);
  }

  /** What is served of an entry while it is read again, if its policy allows that. */
  whileStale(request: ReadRequest, held: CachedRows): StaleRows | undefined {
    return this.#stale.whileStale(request, held);
  }

  /** Whether an entry is young enough to be served as fresh. */
  isFresh({ fetchedAt }: CachedRows, { staleTimeMs }: ReadPolicy = this.#options.policy): boolean {
    return staleTimeMs === Infinity || isWithin(staleTimeMs, this.#options.clock.now() - fetchedAt);
  }

  /** The same request, which no earlier read answers. */
  #fromNowOn<R extends ReadRequest | WindowRequest>(request: R): R {
    return { ...request, after: this.#reads.started };
  }

  /** Asks the master past the cache, for answers that the cache cannot have. */
  async #pass<T>(ask: (options: CallOptions) => Promise<T>, options: CallOptions = {}): Promise<T> {
    if (this.#closed) throw closedError();
    checkCallOptions(options);
    const { signal, onUnsettled } = options;
    signal?.throwIfAborted();
    const { lag, clock } = this.#options;
    let unsettled = false;
    const stamp = onUnsettled && lag.stamp(clock.monotonic(), undefined);
    const asked = (own: AbortSignal) => ask({ signal: own, onUnsettled: () => void (unsettled = true) });
    const answer = await this.#loader.timed(() => this.#reads.alone(asked, signal), signal);
    const stamped = isPromise(stamp) ? await this.#reads.untilClosed(stamp, (settled) => settled) : stamp;
    if (unsettled || stamped?.isSettled() === false) onUnsettled?.();
    return answer;
  }

  /** The answer must have the changes that are being logged. */
  async #heldLater(key: string): Promise<CachedRows | undefined> {
    await this.#invalidation.recording;
    return this.#invalidation.suspect || this.#closed ? undefined : await this.#cache.get(key);
  }

  /** `recorded` says how many changes of own writes had been recorded when the entry was asked for. */
  #answer<R extends ReadRequest>(
    request: R,
    held: CachedRows | undefined,
    options: CallOptions | undefined,
    note: TraceNote | undefined,
    recorded: number = this.#observed.recorded,
  ): MaybePromise<AnswerTo<R>> {
    if (held === undefined || !(request.policy.staleTimeMs === Infinity || this.isFresh(held, request.policy))) {
      return this.#answerListedOr(request, note, options, () => this.#answerStale(request, held, options, note));
    }
    if (held.since !== undefined || held.intentsDueAt !== undefined) {
      return this.#answerBehind(request, held, options, note, recorded);
    }
    // As #hit: this is the path of nearly every read.
    this.#counters.hits++;
    if (this.#observed.served < recorded) this.#observed.serve(recorded);
    if (note !== undefined) this.#note(note, "hit", held);
    return pick(request, shareRows(held.rows));
  }

  /** Answers from an entry that is behind the log, or in whose scope the outcome of a write is not known. */
  #answerBehind<R extends ReadRequest>(
    request: R,
    held: CachedRows,
    options: CallOptions | undefined,
    note: TraceNote | undefined,
    recorded: number,
  ): MaybePromise<AnswerTo<R>> {
    const { intents, catchUp } = this.#options;
    if (this.#isOverdue(held)) {
      return this.#reads.untilClosed(
        intents.endOverdue(),
        (ended) => ended ? this.answer(request, options, note) : this.#miss(request, options, { why: "changed" }, note),
        options?.signal,
      );
    }
    const behind = catchUp.replay(request, held);
    if (behind === undefined) return this.#hit(request, held, note, recorded);
    if (isIncomplete(behind)) {
      const answer = (): MaybePromise<AnswerTo<R>> => this.#answerStale(request, held, options, note, behind);
      return this.#answerListedOr(request, note, options, answer);
    }
    this.#advance(request, behind);
    return this.#hit(request, { rows: behind.replayed.rows, fetchedAt: held.fetchedAt }, note, recorded);
  }

  /** Answers with a stale entry where that is allowed, and reads it again behind; otherwise reads it again first. */
  #answerStale<R extends ReadRequest>(
    request: R,
    held: CachedRows | undefined,
    options: CallOptions | undefined,
    note: TraceNote | undefined,
    behind?: CaughtUp,
  ): MaybePromise<AnswerTo<R>> {
    const served = held && this.#stale.whileStale(request, held);
    if (served === undefined) {
      // What is absent may only be not served, since it may lack a change.
      const absent = this.#invalidation.suspect ? "suspect" : "absent";
      const why = behind !== undefined ? "changed" : held !== undefined ? "expired" : absent;
      return this.#miss(request, options, { why, behind }, note);
    }
    if (options !== undefined) checkCallOptions(options);
    this.#stale.readBehind(request);
    this.#counters.hits++;
    this.#stale.mark(served, options);
    if (note !== undefined) this.#note(note, "stale", served);
    return pick(request, shareRows(served.rows));
  }

  /** Cuts rows again once their stale parts have been read, unless the reader waits for these, or the master gave them. */
  #cutBehind(request: ReadRequest): void {
    if (request.policy.whileStale === "serve" && this.#loader.isCut(request)) this.#stale.readBehind(request);
  }

  #isOverdue({ intentsDueAt }: CachedRows): boolean {
    return intentsDueAt !== undefined && this.#options.intents.isOverdue(intentsDueAt);
  }

  /**
   * Answers with a row that a list has, where the master returns the same row for its id. Such a row becomes an entry, so that
   * it is found at once the next time.
   */
  #answerListedOr<R extends ReadRequest>(
    request: R,
    note: TraceNote | undefined,
    options: CallOptions | undefined,
    otherwise: () => MaybePromise<AnswerTo<R>>,
  ): MaybePromise<AnswerTo<R>> {
    const { id, policy } = request;
    if (id === undefined || !this.#isListed(request)) return otherwise();
    const answer = (listed: ListedRow | undefined): MaybePromise<AnswerTo<R>> =>
      listed === undefined ? otherwise() : this.#answerListed(request, id, listed, note) ?? otherwise();
    if (!this.#isLater) return answer(this.#listed.now(id, policy));
    return this.#reads.untilClosed(this.#listed.later(id, policy), answer, options?.signal);
  }

  #answerListed<R extends ReadRequest>(
    request: R,
    id: string,
    { row, held: { fetchedAt, until, rows: list }, fence }: ListedRow,
    note: TraceNote | undefined,
  ): AnswerTo<R> | undefined {
    if (this.#options.catchUp.isIn(request, row) !== true) return undefined;
    const rows = rowsOf(new Map([[id, row]]));
    // Where the cache answers at once, a list that it decodes costs less than to store each of its rows.
    if (fence !== undefined && (this.#isLater || !isLazy(list))) {
      this.#put(request.key, { rows, fetchedAt, until }, fence);
    }
    return this.#hit(request, { rows, fetchedAt }, note);
  }

  #put(key: string, rows: CachedRows, fence: Fence): void {
    const stored = this.#cache.put(key, rows, fence);
    if (!isPromise(stored)) return;
    this.#storing.add(stored);
    stored.then(() => this.#storing.delete(stored));
  }

  #hit<R extends ReadRequest>(
    request: R,
    served: Fetched,
    note: TraceNote | undefined,
    recorded: number = this.#observed.recorded,
  ): AnswerTo<R> {
    this.#counters.hits++;
    if (this.#observed.served < recorded) this.#observed.serve(recorded);
    if (note !== undefined) this.#note(note, "hit", served);
    return pick(request, shareRows(served.rows));
  }

  #miss<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    { why, behind }: Missed,
    note: TraceNote | undefined,
  ): Promise<AnswerTo<R>> {
    this.#counters.misses++;
    note?.({ outcome: "miss", why });
    const { recorded } = this.#observed;
    const loaded = this.#loadOrServe(request, options, behind);
    return loaded.then((fetched) => {
      const { rows, fetchedAt, isUnsettled } = fetched;
      request.onFetched?.(fetchedAt);
      if (this.#observed.served < recorded && !isUnsettled) this.#observed.serve(recorded);
      if (note !== undefined) this.#note(note, "miss", fetched, why);
      return pick(request, shareRows(rows));
    });
  }

  #note(note: TraceNote, outcome: string, { fetchedAt }: Pick<Fetched, "fetchedAt">, why?: Missed["why"]): void {
    note({ outcome, why, age_ms: Math.max(0, this.#options.clock.now() - fetchedAt) });
  }

  /** Reads for another request, which counts the hit or miss. */
  async #fetch(request: ReadRequest, options: CallOptions): Promise<Fetched> {
    const { found, behind } = await this.#look(request);
    return found ?? await this.#loadOrServe(request, options, behind);
  }

  /** Reads from the master; if it cannot be reached, the answer is what is held, where that is allowed. */
  #loadOrServe(
    request: ReadRequest,
    options: CallOptions | undefined,
    behind: CaughtUp | undefined,
  ): Promise<Fetched> {
    const loaded = this.#load(request, options, behind);
    if (request.policy.onMasterFailure === "reject" || request.after !== undefined) return loaded;
    return loaded.catch((error) => this.#stale.onFailure(request, options, error));
  }

  /** Reads from the master, or from what another reader has read meanwhile. */
  async #load(request: ReadRequest, options: CallOptions | undefined, behind: CaughtUp | undefined): Promise<Fetched> {
    if (options !== undefined) checkCallOptions(options);
    const asked = request.after ?? this.#reads.started;
    for (let missing = behind;;) {
      const fetched = await this.#reads.read(request, options, asked, missing);
      if (fetched !== ENDED) return fetched;
      const look = await this.#look(request);
      options?.signal?.throwIfAborted();
      if (look.found !== undefined) return look.found;
      missing = look.behind;
    }
  }

  async #look(request: ReadRequest): Promise<Look> {
    const held = request.after === undefined ? await this.held(request.key) : undefined;
    if (held === undefined || !this.isFresh(held, request.policy)) return {};
    const { catchUp, intents } = this.#options;
    if (this.#isOverdue(held)) {
      return await this.#reads.untilClosed(intents.endOverdue(), (ended) => ended ? this.#look(request) : {});
    }
    const behind = catchUp.replay(request, held);
    if (behind === undefined) return { found: held };
    if (isIncomplete(behind)) return { behind };
    this.#advance(request, behind);
    return { found: { rows: behind.replayed.rows, fetchedAt: held.fetchedAt } };
  }

  /** What the cache has for a request, though stale, where its policy allows that; then it is read again behind. */
  async #lookOrServe(request: ReadRequest, options: CallOptions): Promise<Look> {
    const look = await this.#look(request);
    if (look.found !== undefined || request.policy.whileStale === "wait" || request.after !== undefined) return look;
    const held = await this.held(request.key);
    const served = held && this.#stale.whileStale(request, held);
    if (served === undefined) return look;
    this.#stale.readBehind(request);
    this.#stale.mark(served, options);
    return { found: served };
  }

  /** Stores an entry that was brought up to date without the master, unless newer rows are about to be stored. */
  #advance(request: ReadRequest, behind: CaughtUp): void {
    this.#options.catchUp.succeeded(request, behind);
    const { held, replayed: { rows, effects }, fence } = behind;
    if (this.#reads.isReading(request) || (isLazy(held.rows) && effects.length < CHANGES_PER_ENCODING)) return;
    this.#put(request.key, { rows, fetchedAt: held.fetchedAt, until: held.until }, fence);
  }
}

function isForList({ id, isCount }: ReadRequest): boolean {
  return id === undefined && isCount !== true;
}

/** What a reader gets of the rows that are kept for its request. */
function pick<R extends ReadRequest>({ id, isKept }: R, rows: Rows): AnswerTo<R> {
  // Whether there is an id is what the type of the answer depends on.
  return (id === undefined ? rows : isKept === true ? keptRow(rows, id) : rows.get(id)) as AnswerTo<R>;
}

/** The promise of an answer. */
export function promiseOfAnswer<Q extends ReadRequest>(
  { id }: Q,
  answer: MaybePromise<AnswerTo<Q>>,
): Promise<AnswerTo<Q>> {
  if (id !== undefined || answer instanceof Promise) return Promise.resolve(answer);
  // Whether there is an id is what the type of the answer depends on.
  return promiseOf(answer as Rows) as Promise<AnswerTo<Q>>;
}
