import type { Cache } from "../cache/cache.ts";
import { CacheKeys } from "../cache/cache_key.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import { ManualLiveStream } from "../stream/manual_live_stream.ts";
import { checkPort } from "../base/check_port.ts";
import type { TableLike } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import { Changes } from "./changes.ts";
import { EventListener } from "./event_listener.ts";
import { GuardedCache, type SafeCache } from "./guarded_cache.ts";
import { Invalidation } from "./invalidation.ts";
import type { LiveParts } from "./live_handle.ts";
import {
  checkLiveTableOptions,
  checkTable,
  DEFAULT_CACHE_TIMEOUT_MS,
  DEFAULT_QUEUE_CAPACITY,
  DEFAULT_WAITING_CAPACITY,
  type LiveTableOptions,
} from "./live_options.ts";
import { type Counters, newCounters } from "./live_stats.ts";
import { Master } from "./master.ts";
import { MasterLag } from "./master_lag.ts";
import type { Reads } from "./read_request.ts";
import { ReadThrough } from "./read_through.ts";
import { WriteThrough } from "./write_through.ts";

/** What a LiveTable owns. */
export interface LiveWorks {
  /** What its handles share. */
  readonly parts: LiveParts;
  readonly keys: CacheKeys;
  readonly reads: ReadThrough;
  readonly writes: WriteThrough;
  readonly changes: Changes;
  readonly invalidation: Invalidation;
  readonly listener: EventListener | undefined;
  readonly events: ManualLiveStream;
  readonly deadline: Deadline;
  readonly clock: Clock;
  readonly counters: Counters;
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
    queueCapacity = DEFAULT_QUEUE_CAPACITY,
    waitingCapacity = DEFAULT_WAITING_CAPACITY,
    staleTimeMs = Infinity,
    masterLagMs = 0,
    cacheTimeoutMs = DEFAULT_CACHE_TIMEOUT_MS,
    writeTarget,
    liveStream,
    tracer,
  } = options;
  const counters = newCounters();
  const keys = new CacheKeys(cacheKey);
  const { prefix } = keys;
  const trace = tracer?.trace({ cache_key: cacheKey }, () => counters.tracerFailures++);
  const master = new Master(table);
  const deadline = new Deadline(clock, cacheTimeoutMs);
  const safe: SafeCache = new GuardedCache(cache, deadline, counters);
  const guarded = trace?.spans(safe) ?? safe;
  const invalidation = new Invalidation({ cache, guarded, prefix, masterLagMs, clock, counters });
  const events = new ManualLiveStream({ onAwaited: (awaited) => listener?.hold(awaited) });
  const changes = new Changes({ invalidation, events, counters });
  const capacities = { queueCapacity, waitingCapacity };
  const writes = new WriteThrough({ master, writeTarget, ...capacities, changes, clock, counters, trace });
  const lag = new MasterLag({ cache: guarded, invalidation, key: `${prefix}all`, lagMs: masterLagMs, clock });
  const reads = new ReadThrough({ master, cache: guarded, invalidation, lag, staleTimeMs, clock, counters, trace });
  trace?.event({
    target: "vantage_live::read",
    level: "info",
    name: "constructed",
    fields: { table: table.tableName },
  });
  const listener = liveStream && new EventListener({ stream: liveStream, changes, events, clock, counters, trace });
  const parts = { master, keys, reads: trace?.spans<Reads>(reads) ?? reads, writes };
  const shared = { parts, keys, clock, counters, trace };
  return { ...shared, reads, writes, changes, invalidation, listener, events, deadline };
}
