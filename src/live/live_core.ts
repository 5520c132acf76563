import type { Cache } from "../cache/cache.ts";
import { CacheKeys } from "../cache/cache_key.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { Deadline } from "../base/deadline.ts";
import type { Write } from "../queue/write.ts";
import { shareWriteOp, toWriteOp, type WriteAnswer, type WriteOp } from "../queue/write_op.ts";
import { WriteQueue } from "../queue/write_queue.ts";
import { ManualLiveStream } from "../stream/manual_live_stream.ts";
import { ClosedError } from "../table/errors.ts";
import { checkPort } from "../base/check_port.ts";
import type { AnyTable, WriteOptions } from "../table/table_like.ts";
import { failure, Trace } from "../trace/trace.ts";
import { EventListener } from "./event_listener.ts";
import { GuardedCache } from "./guarded_cache.ts";
import { Invalidation } from "./invalidation.ts";
import { MasterLag } from "./master_lag.ts";
import {
  checkLiveTableOptions,
  checkTable,
  DEFAULT_CACHE_TIMEOUT_MS,
  DEFAULT_QUEUE_CAPACITY,
  DEFAULT_WAITING_CAPACITY,
  type LiveTableOptions,
} from "./live_options.ts";
import { type Counters, newCounters } from "./live_stats.ts";
import { ReadThrough } from "./read_through.ts";
import { Sending } from "./sending.ts";
import { traceFields, WriteThrough } from "./write_through.ts";

const CACHE_FUNCTIONS: readonly (keyof Cache)[] = ["get", "fence", "put", "invalidatePrefix"];

/** What all handles of one LiveTable share. */
export class LiveCore {
  readonly master: AnyTable;
  readonly cacheKey: string;
  readonly cache: Cache;
  readonly options: LiveTableOptions;
  readonly keys: CacheKeys;
  readonly counters: Counters = newCounters();
  readonly trace: Trace | undefined;
  readonly invalidation: Invalidation;
  readonly reads: ReadThrough;
  readonly queue: WriteQueue;
  readonly events: ManualLiveStream = new ManualLiveStream({
    onAwaited: (awaited) => this.#listener?.hold(awaited),
  });
  readonly #writes: WriteThrough;
  readonly #clock: Clock;
  readonly #deadline: Deadline;
  readonly #listener: EventListener | undefined;
  #closed: Promise<void> | undefined;
  #writeIdPrefix: string | undefined;
  #lastWriteNumber = 0;

  constructor(master: AnyTable, cacheKey: string, cache: Cache, options: LiveTableOptions) {
    checkLiveTableOptions(options);
    checkTable("The master of a LiveTable", master);
    checkPort("The cache of a LiveTable", "a cache, such as MemCache", cache, CACHE_FUNCTIONS);
    const { liveStream, tracer, clock = systemClock, staleTimeMs = Infinity, masterLagMs = 0 } = options;
    const deadline = new Deadline(clock, options.cacheTimeoutMs ?? DEFAULT_CACHE_TIMEOUT_MS);
    this.master = master;
    this.cacheKey = cacheKey;
    this.cache = cache;
    this.options = options;
    this.#clock = clock;
    this.#deadline = deadline;
    this.keys = new CacheKeys(cacheKey);
    // Before anything that others hear of: it refuses bad capacities.
    this.queue = new WriteQueue({
      capacity: options.queueCapacity ?? DEFAULT_QUEUE_CAPACITY,
      waitingCapacity: options.waitingCapacity ?? DEFAULT_WAITING_CAPACITY,
    });
    const { counters, events, keys: { prefix } } = this;
    const trace = tracer && new Trace(tracer, { cache_key: cacheKey }, () => counters.tracerFailures++);
    const guarded = new GuardedCache(cache, deadline, counters, trace);
    const invalidation = new Invalidation({ cache, guarded, prefix, masterLagMs, clock, counters });
    this.trace = trace;
    this.invalidation = invalidation;
    const lag = new MasterLag({ cache: guarded, invalidation, key: `${prefix}all`, lagMs: masterLagMs, clock });
    this.reads = new ReadThrough({ cache: guarded, invalidation, lag, staleTimeMs, clock, counters, trace });
    this.#writes = new WriteThrough({ invalidation, events, counters, trace });
    trace?.event({
      target: "vantage_live::read",
      level: "info",
      name: "constructed",
      fields: { table: master.tableName },
    });
    this.#listener = liveStream &&
      new EventListener({ stream: liveStream, invalidation, events, clock, counters, trace });
  }

  /** Puts a write to `target` in line. */
  enqueue(input: WriteOp, target: AnyTable, { signal, idempotencyKey }: WriteOptions): Write {
    const op = toWriteOp(input);
    const id = idempotencyKey ?? this.#newWriteId();
    const sending = new Sending(this, op);
    const send = (): Promise<WriteAnswer> => this.#writes.send(sending, target, id);
    const write = this.queue.enqueue({ id, op: shareWriteOp(op), signal, send });
    this.trace?.event({
      target: "vantage_live::write",
      level: "debug",
      name: "enqueued",
      fields: { ...traceFields(op), queued: this.queue.size },
    });
    return write;
  }

  /** The answer to a write. One that cannot even be queued is counted and traced like one that fails later. */
  enqueueOrReject(op: WriteOp, target: () => AnyTable, options: WriteOptions): Promise<WriteAnswer> {
    try {
      return this.enqueue(op, target(), options).applied;
    } catch (error) {
      this.counters.failedWrites++;
      this.trace?.event({
        target: "vantage_live::write",
        level: "error",
        name: "write refused",
        fields: { ...traceFields(op), ...failure(error) },
      });
      return Promise.reject(error);
    }
  }

  /** Drops everything, for who knows better. */
  async invalidate(): Promise<void> {
    if (this.#closed !== undefined) throw new ClosedError("Cannot invalidate: the table is closed");
    await this.invalidation.invalidate("manual", "invalidate() was called");
    this.events.push({ kind: "changed" });
  }

  /** Finishes what was asked for, then lets go of everything. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const readsClosed = this.reads.close();
    await this.queue.close();
    await this.#listener?.close();
    await this.invalidation.close();
    await readsClosed;
    this.#deadline.close();
    this.events.close();
    this.trace?.event({ target: "vantage_live::read", level: "info", name: "closed", fields: {} });
  }

  /** Chance is asked once, which is slow; from then on a number tells the writes apart. */
  #newWriteId(): string {
    const part = (): string => Math.floor(this.#clock.random() * 2 ** 32).toString(16).padStart(8, "0");
    this.#writeIdPrefix ??= `${part()}${part()}${part()}${part()}`;
    return `${this.#writeIdPrefix}-${++this.#lastWriteNumber}`;
  }
}
