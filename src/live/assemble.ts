import { type Cache, type CacheUsage, isLoggedIn } from "../cache/cache.ts";
import { CacheKeys, escapeKeyPart } from "../cache/cache_key.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { retryPolicy } from "../queue/retry.ts";
import { RowIds } from "../queue/row_ids.ts";
import { Online } from "../queue/online.ts";
import { ManualLiveStream } from "../stream/manual_live_stream.ts";
import { checkPort } from "../base/check_port.ts";
import type { Row } from "../table/row.ts";
import type { TableLike } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import { RowVersions, type VersionOf } from "../change/row_versions.ts";
import { CatchUp } from "./catch_up.ts";
import { Changes } from "./changes.ts";
import { EntryHistory } from "./entry_history.ts";
import { EventListener } from "./event_listener.ts";
import { Explainer } from "./explanation.ts";
import { GuardedCache, type SafeCache } from "./guarded_cache.ts";
import { Intents } from "./intents.ts";
import { listenerFailed } from "./listener_failed.ts";
import { Invalidation } from "./invalidation.ts";
import type { LiveParts } from "./live_handle.ts";
import {
  checkLiveTableOptions,
  checkTable,
  DEFAULT_CACHE_TIMEOUT_MS,
  DEFAULT_OUTBOX_CAPACITY,
  DEFAULT_OUTBOX_LEASE_MS,
  DEFAULT_QUEUE_CAPACITY,
  DEFAULT_WAITING_CAPACITY,
  DEFAULT_WRITE_CONCURRENCY,
  type LiveTableOptions,
  writeTimes,
} from "./live_options.ts";
import { type Counters, newCounters } from "./live_stats.ts";
import { Master } from "./master.ts";
import { MasterLag } from "./master_lag.ts";
import { Observed } from "./observed.ts";
import { OptimisticReads } from "./optimistic_reads.ts";
import { Overlay } from "./overlay.ts";
import { Peek } from "./peek.ts";
import type { Reads } from "./read_request.ts";
import { Prefetcher } from "./prefetcher.ts";
import { readPolicy } from "./read_policy.ts";
import { ReadThrough } from "./read_through.ts";
import { WatchedWrites } from "./watched_writes.ts";
import { Watches } from "./watches.ts";
import { Refreshed } from "./refreshed.ts";
import { WriteJudge } from "./write_judge.ts";
import { WriteThrough } from "./write_through.ts";

/** What a LiveTable owns. */
export interface LiveWorks {
  /** What its handles share. */
  readonly parts: LiveParts;
  readonly keys: CacheKeys;
  readonly reads: ReadThrough;
  readonly writes: WriteThrough;
  readonly watchedWrites: WatchedWrites;
  readonly online: Online;
  readonly watches: Watches;
  readonly explainer: Explainer;
  readonly changes: Changes;
  readonly refreshed: Refreshed;
  readonly invalidation: Invalidation;
  readonly listener: EventListener | undefined;
  readonly events: ManualLiveStream;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly counters: Counters;
  /** What the cache counts of this table. */
  readonly usage: () => CacheUsage | undefined;
  readonly trace: Trace | undefined;
}

const CACHE_FUNCTIONS: readonly (keyof Cache)[] = ["get", "fence", "put", "invalidatePrefix"];

/**
 * Puts the parts of a LiveTable together: checks what it is given first, and subscribes last.
 *
 * @throws {TypeError | RangeError} as the constructor of `LiveTable` does.
 */
export function assemble(table: TableLike, cacheKey: string, cache: Cache, options: LiveTableOptions): LiveWorks {
  checkLiveTableOptions(options);
  checkTable("The master of a LiveTable", table);
  checkPort("The cache of a LiveTable", "a cache, such as MemCache", cache, CACHE_FUNCTIONS);
  const {
    clock = systemClock,
    masterItemsPerPage,
    outbox,
    owner,
    outboxLeaseMs: leaseMs = DEFAULT_OUTBOX_LEASE_MS,
    queueCapacity = outbox === undefined ? DEFAULT_QUEUE_CAPACITY : DEFAULT_OUTBOX_CAPACITY,
    waitingCapacity = DEFAULT_WAITING_CAPACITY,
    writeConcurrency = DEFAULT_WRITE_CONCURRENCY,
    retry = outbox !== undefined && {},
    onUnauthorized = "fail",
    invalidation: kind = "surgical",
    versionOf,
    masterLagMs = 0,
    optimistic = false,
    cacheTimeoutMs = DEFAULT_CACHE_TIMEOUT_MS,
    writeTarget,
    refs = {},
    liveStream,
    tracer,
  } = options;
  const { writeTimeoutMs, writeOutcomeMs } = writeTimes(options);
  const policy = readPolicy({}, options);
  const counters = newCounters();
  const keys = new CacheKeys(cacheKey);
  const { prefix } = keys;
  const trace = tracer?.trace({ cache_key: cacheKey }, () => counters.tracerFailures++);
  const master = new Master(table);
  const deadline = new Deadline(clock, cacheTimeoutMs);
  const safe: SafeCache = new GuardedCache(cache, deadline, counters);
  const guarded = trace?.spans(safe) ?? safe;
  const isSurgical = kind === "surgical";
  const invalidation = new Invalidation({ cache, guarded, prefix, masterLagMs, isSurgical, clock, counters });
  const intents = new Intents({ cache: guarded, prefix, isSurgical, spanMs: writeOutcomeMs, clock });
  const events = new ManualLiveStream({ onAwaited: (awaited) => listener?.hold(awaited) });
  const changes = new Changes({ invalidation, events, counters, trace });
  const limits = { queueCapacity, waitingCapacity, writeConcurrency, writeTimeoutMs };
  const lag = new MasterLag({ cache: guarded, invalidation, key: `${prefix}all`, lagMs: masterLagMs, clock });
  const reportVersion = (error: unknown): void =>
    trace?.event({ target: "vantage_live::read", level: "warn", name: "version not understood", error });
  // R is the type of the master's rows.
  const versions = versionOf && new RowVersions(versionOf as VersionOf, reportVersion);
  const history = new EntryHistory();
  const catchUp = new CatchUp({ master, versions, invalidation, history, counters, trace });
  const refreshed = new Refreshed();
  const observed = new Observed();
  const readThrough = {
    share: cache.share?.bind(cache),
    master,
    keys,
    cache: guarded,
    invalidation,
    lag,
    catchUp,
    intents,
    history,
    isSurgical,
    policy,
    masterItemsPerPage,
    refreshed,
    observed,
  };
  const reads = new ReadThrough({ ...readThrough, clock, counters, trace });
  const retries = typeof retry === "object" ? retryPolicy(retry, clock) : retry || undefined;
  const waitsForSignIn = onUnauthorized === "wait";
  const judge = new WriteJudge({ policy: retries, waitsForSignIn, counters, trace });
  const known = (id: string): Row | undefined => reads.rowNow(id) ?? watches.known(id);
  // A row is known by what is stored and shown, and by the changes since.
  const knowledge = (): number =>
    invalidation.isQuiet ? invalidation.generation + counters.rowsReceived + counters.fills + watches.taken : NaN;
  const rowIds = new RowIds();
  const shown = { master, rowIds, rowNow: known, knowledge, versions, masterLagMs, clock };
  const overlay = optimistic ? new Overlay(shown) : undefined;
  const name = `${owner === undefined ? "" : escapeKeyPart(owner)}/${escapeKeyPart(cacheKey)}`;
  const writes = new WriteThrough({
    master,
    writeTarget,
    ...limits,
    judge,
    rowIds,
    outbox: outbox && { outbox, name, leaseMs },
    // R is the type of the master's rows.
    onWriteFailed: options.onWriteFailed && ((failed) => options.onWriteFailed?.(failed)),
    onFailures: () => watchedWrites.failuresChanged(),
    changes,
    intents,
    rowOf: (id) => reads.rowOf(id),
    overlay,
    observed,
    clock,
    counters,
    trace,
  });
  const watchedWrites = new WatchedWrites({
    pending: () => writes.pending(),
    onPending: (listener) => writes.onPending(listener),
    failures: () => writes.failures(),
    onOutboxFailure: (error) => writes.outboxFailed(error),
    onListenerFailure: (error) => listenerFailed({ counters, trace }, { target: "vantage_live::queue", error }),
  });
  const online = new Online((isOnline) => isOnline ? writes.resume("offline") : writes.pause("offline"));
  trace?.event({
    target: "vantage_live::read",
    level: "info",
    name: "constructed",
    fields: { table: table.tableName },
  });
  const tracedReads = trace?.spans<Reads>(reads) ?? reads;
  const peek = new Peek({
    cache: guarded,
    invalidation,
    catchUp,
    intents,
    observed,
    derivation: reads.derivation,
    listedNow: (request) => reads.listedNow(request),
    isFresh: (held, policy) => reads.isFresh(held, policy),
    whileStale: (request, held) => reads.whileStale(request, held),
  });
  const prefetcher = new Prefetcher({ master, keys, reads, counters, trace });
  const shownReads = overlay && new OptimisticReads(reads, overlay);
  const tracedShown = shownReads === undefined ? tracedReads : trace?.spans<Reads>(shownReads) ?? shownReads;
  const windows: Reads["window"] = (request, call) => tracedShown.window(request, call);
  const watch = { reads: tracedReads, windows, peek, overlay, changes, refreshed, prefetcher, events, masterLagMs };
  const watches = new Watches({ ...watch, clock, counters, trace });
  const listener = liveStream && new EventListener({
    stream: liveStream,
    changes,
    isLogged: liveStream.logOf !== undefined && isLoggedIn(cache, liveStream.logOf),
    cache: guarded,
    prefix,
    invalidation,
    events,
    clock,
    counters,
    trace,
  });
  const explainer = new Explainer({ reads, peek, catchUp, history, invalidation, changes, policy });
  const parts = { master, keys, reads: tracedShown, writes, watches, policy, prefetcher, lists: reads, history, refs };
  writes.start();
  const shared = { parts, keys, refreshed, clock, counters, usage: () => usageOf(cache, prefix, counters), trace };
  return {
    ...shared,
    reads,
    writes,
    watchedWrites,
    online,
    watches,
    explainer,
    changes,
    invalidation,
    listener,
    events,
    deadline,
  };
}

function usageOf(cache: Cache, prefix: string, counters: Counters): CacheUsage | undefined {
  try {
    return cache.usage?.(prefix);
  } catch {
    counters.cacheFailures++;
    return undefined;
  }
}
