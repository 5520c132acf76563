import type { CachedRows } from "../cache/cache.ts";
import type { Clock } from "../base/clock.ts";
import { abortable } from "../base/abortable.ts";
import { EMPTY_SET } from "../base/frozen_set.ts";
import { isPromise } from "../base/maybe_promise.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import type { ClosedError } from "../table/errors.ts";
import type { Row } from "../table/row.ts";
import { type Rows, rowsOf, shareRows } from "../table/rows.ts";
import type { CallOptions, StaleAnswer } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Changes } from "./changes.ts";
import { Lifetime } from "./lifetime.ts";
import { listenerFailed } from "./listener_failed.ts";
import { type LiveStore, storeOf } from "./live_observer.ts";
import { type LiveSnapshot, nextSnapshot, NOTHING_YET, shownSnapshot } from "./live_snapshot.ts";
import type { Counters } from "./live_stats.ts";
import type { Overlay } from "./overlay.ts";
import type { Peek, Peeked } from "./peek.ts";
import type { Prefetcher } from "./prefetcher.ts";
import { isWithin } from "./read_policy.ts";
import { Readiness } from "./readiness.ts";
import { isForRow, type ListRequest, ofAnyAge, type Reads, type RowRequest } from "./read_request.ts";
import type { Reading, RecordedWrite } from "./recorded_writes.ts";
import type { Refresh, Refreshed } from "./refreshed.ts";
import { RepeatedRead } from "./repeated_read.ts";
import { keepOutdatedRows, keepSameRows } from "./same_rows.ts";
import { type Listener, Subscriptions } from "./subscriptions.ts";

/** What watching works with. */
export interface WatchOptions {
  /** Answers without the writes of the overlay. */
  readonly reads: Reads;
  /** Answers with windows as they are shown. */
  readonly windows: Reads["window"];
  readonly peek: Peek;
  /** The writes that are shown before the master has confirmed them. */
  readonly overlay: Overlay | undefined;
  readonly changes: Changes;
  readonly refreshed: Refreshed;
  readonly prefetcher: Pick<Prefetcher, "follow">;
  /** Held while there are listeners. */
  readonly events: ManualLiveStream;
  readonly masterLagMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** What is watched: the rows of a list, or one row. */
export type WatchedRequest = ListRequest | RowRequest;

/** Rows that were read somewhere else, to be shown until they are read here. */
export type ShownElsewhere = Pick<CachedRows, "rows" | "fetchedAt">;

/** Rows that were read, and whether newer ones are still to come. */
interface Found extends Peeked {
  readonly stale?: StaleAnswer | undefined;
  /** When the master's answer with them arrived, if they were read here. */
  readonly answeredAt?: number | undefined;
  /** How many writes had been recorded when they were asked for, if that was before now. */
  readonly place?: number | undefined;
  /** How many changes were known when they were asked for. */
  readonly changes: number;
}

type ReadOptions = CallOptions & { readonly signal: AbortSignal };

/** Keeps the {@linkcode WatchedRows} of a table. */
export interface WatchOwner {
  /** Why nothing can be watched any more. */
  readonly closed: ClosedError | undefined;
  /** Its first listener has subscribed. */
  began(watched: WatchedRows): void;
  /** It has no listeners any more. */
  stopped(watched: WatchedRows): void;
  /** Its rows are other ones now. */
  took(): void;
}

/**
 * For how long `ready()` answers with the same answer or failure while there are no listeners, in milliseconds: code that
 * renders asks for it again and again.
 */
const READY_LASTS_MS = 1_000;
/** How many changes are known that are in rows of elsewhere. */
const UNKNOWN_CHANGES = -1;

/**
 * The rows under one key, and what is known of them, for all observers. While it has listeners it reads once for all of
 * them: at first, and after each change that the table publishes.
 */
export class WatchedRows {
  readonly request: WatchedRequest;
  readonly store: LiveStore = storeOf(this);
  readonly #options: WatchOptions;
  readonly #owner: WatchOwner;
  readonly #subscriptions: Subscriptions;
  readonly #lifetime: Lifetime;
  readonly #read: RepeatedRead<Found>;
  readonly #readiness = new Readiness();
  #snapshot = NOTHING_YET;
  /** The rows as they are known, without the writes that are pending. */
  #known: Rows | undefined;
  /** When the master's answer with them arrived, if they were read here; otherwise when they were requested. */
  #answeredAt = -Infinity;
  /** Whether they were cut from pages some of which are stale: other rows with the same time may be older. */
  #isMixed = false;
  /** How many writes had been recorded that are in them. */
  #place = 0;
  /** How many changes were known that are in them. */
  #changes = 0;
  /** When they were requested, and whether that is so long ago that they are not shown any more. */
  #fetchedAt = -Infinity;
  #isExpired = false;
  /** What a server has rendered, and what is rendered here if this is one. */
  #elsewhere: LiveSnapshot | undefined;
  #served: LiveSnapshot | undefined;
  /** The read in flight, in whose answer writes may be missing. */
  #reading: Reading | undefined;
  /** Whether other writes are pending than those that the snapshot shows. */
  #isOutdated = false;
  /** Whether the rows that are shown are stale, and when the newest rows were requested that are not shown yet. */
  #isBehind = false;
  #refreshedAt: number | undefined;
  #failedAt = 0;
  #stopListening: (() => void) | undefined;
  #ended = false;

  constructor(request: WatchedRequest, options: WatchOptions, owner: WatchOwner) {
    this.request = request;
    this.#options = options;
    this.#owner = owner;
    this.#subscriptions = new Subscriptions({
      revision: () => this.#current().revision,
      onFailure: (error) => listenerFailed(options, { target: "vantage_live::read", key: request.key, error }),
    });
    this.#lifetime = new Lifetime({
      onBegin: () => this.#begin(),
      onEnd: () => this.#stop(),
      hold: () => options.events.hold(),
      clock: options.clock,
    });
    this.#read = new RepeatedRead({
      ...options,
      read: (call) => this.#find(call),
      onAnswer: (found) => this.#takeAnswer(found),
      onFailure: (error) => {
        this.#endReading();
        this.#failed(error);
      },
      isWanted: () => this.#lifetime.isOn,
    });
  }

  /** Whether the table is closed, so that nothing more happens here. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What is known. While nothing is going on it also looks for what the cache has at once; nothing else is started. */
  getSnapshot(): LiveSnapshot {
    const { closed } = this.#owner;
    if (closed !== undefined) this.end(closed);
    if (this.#isAtRest) this.#seed();
    return this.#current();
  }

  /** The rows that were shown elsewhere, or else those that are known; without marks that pass. */
  getServerSnapshot(): LiveSnapshot {
    const { rows, fetchedAt } = this.getSnapshot();
    if (this.#elsewhere !== undefined) return this.#elsewhere;
    if (rows === undefined || fetchedAt === undefined) return NOTHING_YET;
    const served = this.#served;
    if (served?.rows === rows && served.fetchedAt === fetchedAt) return served;
    return this.#served = shownSnapshot({ rows, fetchedAt });
  }

  /** Rows that were read and are known, without the writes that are pending. */
  get shown(): ShownElsewhere | undefined {
    return this.#known && !this.#isExpired ? { rows: this.#known, fetchedAt: this.#fetchedAt } : undefined;
  }

  /** Shows rows that were read elsewhere, unless others are known here. What has changed since is not known: they are read again. */
  show(rows: ShownElsewhere): void {
    if (this.#known !== undefined || this.#ended) return;
    this.#elsewhere = shownSnapshot(rows);
    this.#take({ ...rows, changes: UNKNOWN_CHANGES });
    this.#answeredAt = -Infinity;
  }

  /** A row as it is known, without the writes that are pending. */
  known(id: string): Row | undefined {
    return this.#known?.get(id);
  }

  /** Other writes are pending: shown when a snapshot is next taken. `recorded` are not any more, and stay in what is known. */
  overlay(recorded: readonly RecordedWrite[]): void {
    if (this.#known === undefined || this.#ended) return;
    const missing = recorded.filter(({ place }) => place > this.#place);
    if (missing.length > 0) this.#known = this.#options.overlay?.add(this.request, this.#known, missing);
    if (this.#isOutdated) return;
    this.#isOutdated = true;
    this.#subscriptions.announce();
  }

  /** Calls `listener` after each change of the snapshot, from revision `seen` on. */
  subscribe(listener: Listener, seen?: number): () => void {
    const { revision } = this.getSnapshot();
    const remove = this.#subscriptions.add(listener, seen ?? revision);
    if (this.#ended) return remove;
    const leave = this.#lifetime.enter();
    // No timer watches the age of what is shown: the next listener does.
    if (this.#isStale()) this.#read.again();
    return () => {
      remove();
      leave();
    };
  }

  /** Resolves when there are rows, and reads them once if nothing is going on and they may be outdated. */
  ready(): Promise<void> {
    this.getSnapshot();
    if (this.#isAtRest && !this.#isReady) {
      this.#readiness.reset();
      this.#read.again();
    }
    return this.#readiness.promise;
  }

  /** Ends it for good: from the call on nothing is read, and no answer is shown. */
  end(error: ClosedError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lifetime.end();
    this.#abort();
    this.#show({ status: "error", fetchStatus: "idle", error });
    this.#readiness.fail(error);
  }

  get #isAtRest(): boolean {
    return !this.#lifetime.isOn && this.#read.reading === undefined && !this.#ended;
  }

  /** Whether nothing has to be read, for all that is known here. */
  get #isReady(): boolean {
    const { clock, changes } = this.#options;
    const { status } = this.#snapshot;
    if (status === "error") return clock.monotonic() - this.#failedAt < READY_LASTS_MS;
    if (status === "pending" || this.#changes < changes.count) return false;
    return !this.#isStale() || this.#isJustRead(clock.now());
  }

  #isJustRead(now: number): boolean {
    return isWithin(READY_LASTS_MS, now - this.#answeredAt);
  }

  #seed(): void {
    // Of many that are at rest, the oldest do not learn that other writes are pending.
    this.#isOutdated ||= this.#snapshot.pending.size > 0;
    const held = this.#options.peek.lookAtOnce(this.request);
    const changes = this.#options.changes.count;
    if (held !== undefined && this.#newerThan(held) === undefined) this.#take({ ...held, changes });
    else this.#expire();
  }

  /** What is too old is not shown any more. Code that renders what it has waited for finds what was just read, however old that may be. */
  #expire(): void {
    const { fetchedAt } = this.#snapshot;
    const { maxAgeMs } = this.request.policy;
    const now = this.#options.clock.now();
    if (fetchedAt === undefined || isWithin(maxAgeMs, now - fetchedAt) || this.#isJustRead(now)) return;
    this.#isExpired = true;
    this.#readiness.reset();
    this.#show({ status: "pending", rows: undefined, error: undefined, fetchedAt: undefined, pending: EMPTY_SET });
  }

  /** What is shown, unless other rows are known to be newer: another process may have asked for those before, or meanwhile. */
  #newerThan({ fetchedAt }: CachedRows): CachedRows | undefined {
    const [rows, shownAt] = [this.#known, this.#fetchedAt];
    if (rows === undefined) return undefined;
    const isNewer = (fetchedAt === shownAt && !this.#isMixed) || fetchedAt > this.#answeredAt;
    return isNewer ? undefined : { rows, fetchedAt: shownAt };
  }

  #isStale(): boolean {
    const { status, rows, fetchedAt } = this.#snapshot;
    if (status !== "success" || this.#read.reading !== undefined) return false;
    return !this.#options.peek.isFresh(this.request, { rows, fetchedAt });
  }

  #begin(): void {
    const { changes, refreshed } = this.#options;
    const stops = [
      changes.onRecorded(() => this.#read.again()),
      refreshed.on(this.request.key, (refresh) => this.#refreshed(refresh)),
    ];
    this.#stopListening = () => stops.forEach((stop) => stop());
    this.#owner.began(this);
    if (this.#snapshot.status === "success" && !this.#isReady) this.#show({ fetchStatus: "fetching" });
    this.#read.again();
  }

  #stop(): void {
    this.#stopListening?.();
    this.#owner.stopped(this);
    this.#read.stop();
    if (this.#readiness.isAwaited) return;
    this.#abort();
    this.#show({ fetchStatus: "idle" });
  }

  #refreshed(refresh: Refresh): void {
    if ("error" in refresh) return this.#failed(refresh.error);
    this.#refreshedAt = refresh.fetchedAt;
    if (this.#read.reading === undefined) this.#readRefreshed();
  }

  /** Shows the rows that have been read for others, or behind an answer. Those of this reader itself are shown already. */
  #readRefreshed(): void {
    const { fetchedAt = -Infinity } = this.#snapshot;
    const isNewer = this.#refreshedAt !== undefined && (this.#isBehind || this.#refreshedAt > fetchedAt);
    if (isNewer && this.#lifetime.isOn) this.#read.again();
    else this.#refreshedAt = undefined;
  }

  /** Rows that were just read are not read again for their age. */
  #nextRequest(): WatchedRequest {
    const isRefreshed = this.#refreshedAt !== undefined;
    this.#refreshedAt = undefined;
    return isRefreshed ? ofAnyAge(this.request) : this.request;
  }

  async #find(options: ReadOptions): Promise<Found> {
    const request = this.#nextRequest();
    const changes = this.#options.changes.count;
    const reading = this.#reading = this.#options.overlay?.begin();
    const onUnsettled = (): void => {
      if (reading !== undefined) reading.isUnsettled = true;
      options.onUnsettled?.();
    };
    const call = { ...options, onUnsettled };
    const startedAt = this.#options.clock.now();
    const found = { ...await this.#ask(request, call), changes };
    const newer = this.#newerThan(found);
    if (newer === undefined || found.fetchedAt >= startedAt) return found;
    if (found.stale === undefined || this.#isMixed) {
      return { ...await this.#ask(request, { ...call, fresh: true }), changes };
    }
    return { ...newer, stale: found.stale, changes };
  }

  async #ask(request: WatchedRequest, call: ReadOptions): Promise<Omit<Found, "changes">> {
    const { peek, clock } = this.#options;
    const looking = call.fresh === true ? undefined : peek.look(request);
    const held = isPromise(looking) ? await abortable(looking, call.signal) : looking;
    let fetchedAt = held?.fetchedAt ?? clock.now();
    let stale: StaleAnswer | undefined;
    if (held === undefined) this.#show({ fetchStatus: "fetching" });
    const asked = held === undefined ? { ...request, onFetched: (at: number) => void (fetchedAt = at) } : request;
    const rows = await this.#rowsFor(asked, { ...call, onStale: (answer) => void (stale = answer) });
    // Of rows that are cut from several pages, some may be stale, and some just read.
    const answeredAt = held === undefined ? clock.now() : undefined;
    if (stale === undefined) return { rows, fetchedAt, answeredAt };
    const { isOutdated } = held ?? await peek.look(request) ?? {};
    return { rows, fetchedAt: stale.fetchedAt, answeredAt, stale, isOutdated };
  }

  async #rowsFor(request: WatchedRequest, call: CallOptions): Promise<Rows> {
    const { reads, prefetcher } = this.#options;
    if (isForRow(request)) {
      const row = await reads.read(request, call);
      return rowsOf(new Map(row === undefined ? [] : [[request.id, row]]));
    }
    const answer = reads.read(request, call);
    if (request.policy.prefetchPages > 0) prefetcher.follow(request, answer);
    return await answer;
  }

  #takeAnswer(answer: Found): void {
    const { rows, stale } = answer;
    const reading = this.#reading;
    const complete = reading && this.#options.overlay?.complete(this.request, rows, reading);
    const found = { ...answer, rows: complete ?? rows, place: reading?.recorded };
    this.#endReading();
    this.#isBehind = stale !== undefined;
    if (stale === undefined) this.#take(found);
    else if ("error" in stale) this.#take(found, { status: "error", error: stale.error });
    else this.#take(found, this.#lifetime.isOn ? { fetchStatus: "fetching" } : {});
    this.#readRefreshed();
  }

  #take(found: Found, marks: Partial<LiveSnapshot> = {}): void {
    const { rows, fetchedAt, isOutdated, answeredAt, stale, place, changes } = found;
    this.#changes = changes;
    this.#answeredAt = answeredAt ?? Math.max(this.#answeredAt, fetchedAt);
    this.#isMixed = stale !== undefined && answeredAt !== undefined;
    const newest = isOutdated === undefined ? rows : keepOutdatedRows(this.#known, rows, isOutdated);
    const known = keepSameRows(this.#known, newest);
    if (known !== this.#known) this.#owner.took();
    this.#known = known;
    this.#fetchedAt = fetchedAt;
    this.#isExpired = false;
    this.#place = place ?? this.#options.overlay?.place ?? 0;
    const success = { status: "success", rows: known, error: undefined, fetchedAt } as const;
    this.#show({ ...success, ...this.#idleUnlessDue(), ...marks });
    this.#readiness.succeed();
  }

  #failed(error: unknown): void {
    this.#failedAt = this.#options.clock.monotonic();
    this.#show({ status: "error", error, ...this.#idleUnlessDue() });
    if (this.#snapshot.rows === undefined) this.#readiness.fail(error);
  }

  #idleUnlessDue(): { readonly fetchStatus?: "idle" } {
    return this.#read.isDue ? {} : { fetchStatus: "idle" };
  }

  #show(changes: Parameters<typeof nextSnapshot>[1]): void {
    this.#snapshot = nextSnapshot(this.#snapshot, { ...changes, ...this.#overlaid() });
    this.#isOutdated = false;
    this.#subscriptions.announce();
  }

  /** The snapshot with the writes that are pending now. */
  #current(): LiveSnapshot {
    if (!this.#isOutdated) return this.#snapshot;
    this.#isOutdated = false;
    return this.#snapshot = nextSnapshot(this.#snapshot, this.#overlaid());
  }

  #overlaid(): Parameters<typeof nextSnapshot>[1] {
    const { overlay } = this.#options;
    const known = this.#isExpired ? undefined : this.#known;
    if (known === undefined || overlay === undefined) return known === undefined ? {} : { rows: known };
    const { rows, pending } = overlay.show(this.request, known);
    return { rows: keepSameRows(this.#snapshot.rows, rows === known ? rows : shareRows(rows)), pending };
  }

  #abort(): void {
    this.#read.abort();
    this.#endReading();
  }

  #endReading(): void {
    if (this.#reading !== undefined) this.#options.overlay?.end(this.#reading);
    this.#reading = undefined;
  }
}
