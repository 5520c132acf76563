import type { Clock } from "../base/clock.ts";
import type { Outbox } from "../outbox/outbox.ts";
import { checkRetry, type RetryOptions, type RetryPolicy } from "../queue/retry.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import { checkFunction, checkOptions, checkTools } from "../base/check_options.ts";
import { checkPort } from "../base/check_port.ts";
import { describe } from "../base/describe.ts";
import { wholeNumber } from "../base/whole_number.ts";
import { checkRefs, type Refs } from "../table/relation.ts";
import type { Row, Value } from "../table/row.ts";
import type { RowOf } from "../table/row_of.ts";
import type { TableLike } from "../table/table_like.ts";
import type { Tracer } from "../trace/tracer.ts";
import type { FailedWrite } from "./failed_write.ts";
import { readPolicy, type ReadPolicyOptions } from "./read_policy.ts";

/** Options of a `LiveTable`. How old answers may be can differ from handle to handle. */
export interface LiveTableOptions<R extends object = Row> extends ReadPolicyOptions {
  /** Emits what others change. Without one, only this table's writes and `invalidate()` invalidate. */
  readonly liveStream?: LiveStream | undefined;
  /**
   * The tables that `getRef` answers with in place of the master's, such as a `LiveTable` over each of them. Without `hasOne` or
   * `hasMany` rows are linked as the master says.
   */
  readonly refs?: Refs | undefined;
  /** Where writes go instead of the master. */
  readonly writeTarget?: TableLike<R> | undefined;
  /**
   * How many rows a page of the master has, for a master that gives no larger ones, or is best asked for pages of one size.
   * Pages of this size are kept, and pages of any other size are cut from them. By default each page is asked for as it is.
   */
  readonly masterItemsPerPage?: number | undefined;
  /** How many writes may be queued, those in flight included; default 256, with an outbox 100 000. More wait for a place. */
  readonly queueCapacity?: number | undefined;
  /** How many writes may wait for a place; default 10 000. One more is refused with `QueueFullError`. */
  readonly waitingCapacity?: number | undefined;
  /**
   * How many writes are sent to the master at once; default 8. Those to one row are sent one after the other, and one to the
   * whole set is sent alone.
   */
  readonly writeConcurrency?: number | undefined;
  /**
   * How long one attempt to write may take, in milliseconds; default 30 000, or half of a shorter `writeOutcomeMs`; `Infinity`
   * for ever. After that its outcome is unknown.
   */
  readonly writeTimeoutMs?: number | undefined;
  /**
   * When a write is sent again that failed with an error that is `retriable`, or whose answer was lost where the master
   * knows it by its key or can be asked what became of it. Default: `{}` with an outbox, and `false`, which is never, without
   * one.
   */
  readonly retry?: RetryOptions | RetryPolicy | false | undefined;
  /**
   * Where accepted writes are kept until the master has answered, so that they outlive the process: another one, or the next,
   * sends them. Without one they are lost with the process.
   */
  readonly outbox?: Outbox | undefined;
  /**
   * Whose writes these are, such as the id of the user. In the outbox, writes of another owner, or of none, are neither sent
   * nor removed.
   */
  readonly owner?: string | undefined;
  /**
   * How long a process that sends what is in the outbox may be silent, in milliseconds; default 5000. After that another one
   * takes over.
   */
  readonly outboxLeaseMs?: number | undefined;
  /**
   * Called with each write that has failed for good, once the outbox has that; it may have been made by an earlier process. If
   * the process ends in between, `failedWrites()` of the next one has it.
   */
  onWriteFailed?(failed: FailedWrite<R>): void;
  /**
   * What happens to a write that the master refuses since the user is not signed in, or may not do that: it fails, which
   * is the default, or it waits, with all others, until `resumeWrites()`.
   */
  readonly onUnauthorized?: "fail" | "wait" | undefined;
  /**
   * Whether reads, counts and watchers show writes as soon as they are accepted; default `false`. A write that is refused
   * is not shown any more. An answer that shows one calls `onUnsettled`.
   */
  readonly optimistic?: boolean | undefined;
  /**
   * What a change does to the entries: `"surgical"`, the default, puts it in place where that is certain, and reads again
   * what is not; `"all"` invalidates them all, for masters in which a write changes other rows as well. A cache without a
   * log leaves only `"all"`.
   */
  readonly invalidation?: "surgical" | "all" | undefined;
  /**
   * The version of a row, if it has one: of two states of a row the later one has the greater version. It is a number, a
   * bigint, a text or a date; `undefined` if it is unknown. With it, the rows of events can be put in place.
   */
  versionOf?(row: RowOf<R>): Value | undefined;
  /**
   * How long a write may take until its outcome is known, in milliseconds; default 60 000, or twice a longer
   * `writeTimeoutMs`. The rows of writes that are in
   * flight for longer, since their process has died, are read again by all tables on the same cache.
   */
  readonly writeOutcomeMs?: number | undefined;
  /**
   * How long after a change the master's reads may still be old, in milliseconds, as with read replicas; default 0.
   * What is read before that is answered but not kept: here, by whatever keeps what this table answers (a `LiveTable`
   * over it, the client of a handler that serves it), or by other processes on the same cache, each of which needs the
   * same option. What others invalidate is seen in the cache's fences, so for this long after a table is opened nothing
   * is kept either.
   */
  readonly masterLagMs?: number | undefined;
  /**
   * How long a call of the cache may take, in milliseconds; default 5000, `Infinity` for ever. After that a read goes
   * to the master and is not kept, and an invalidation counts as failed: nothing held is served until one has
   * succeeded. A cache may set a shorter limit itself (`RedisCache`).
   */
  readonly cacheTimeoutMs?: number | undefined;
  /** Where traces go; without one, tracing costs nothing. */
  readonly tracer?: Tracer | undefined;
  /** Where time and chance come from; default the system's. */
  readonly clock?: Clock | undefined;
}

/** How many writes may be queued unless the options say something else. */
export const DEFAULT_QUEUE_CAPACITY = 256;
/** The same where they are kept in an outbox. */
export const DEFAULT_OUTBOX_CAPACITY = 100_000;
/** How long a process that sends what is in an outbox may be silent unless the options say something else. */
export const DEFAULT_OUTBOX_LEASE_MS = 5_000;
/** How many writes may wait for a place unless the options say something else. */
export const DEFAULT_WAITING_CAPACITY = 10_000;

/** How many writes are sent at once unless the options say something else. */
export const DEFAULT_WRITE_CONCURRENCY = 8;

/** How long a call of the cache may take unless the options say something else. */
export const DEFAULT_CACHE_TIMEOUT_MS = 5_000;

/** How long an attempt to write may take unless the options say something else. */
const DEFAULT_WRITE_TIMEOUT_MS = 30_000;
/** How long the outcome of a write may be unknown unless the options say something else. */
const DEFAULT_WRITE_OUTCOME_MS = 60_000;

/** How long an attempt to write may take, and how long its outcome may be unknown, which is longer. */
export function writeTimes(options: Pick<LiveTableOptions, "writeTimeoutMs" | "writeOutcomeMs">): {
  readonly writeTimeoutMs: number;
  readonly writeOutcomeMs: number;
} {
  const { writeTimeoutMs: attempt, writeOutcomeMs: outcome } = options;
  const longest = attempt === Infinity ? 0 : 2 * (attempt ?? 0);
  const writeOutcomeMs = outcome ?? Math.max(DEFAULT_WRITE_OUTCOME_MS, longest);
  return { writeTimeoutMs: attempt ?? Math.min(DEFAULT_WRITE_TIMEOUT_MS, writeOutcomeMs / 2), writeOutcomeMs };
}

const KNOWN = {
  liveStream: true,
  refs: true,
  writeTarget: true,
  masterItemsPerPage: true,
  queueCapacity: true,
  waitingCapacity: true,
  writeConcurrency: true,
  writeTimeoutMs: true,
  retry: true,
  outbox: true,
  owner: true,
  outboxLeaseMs: true,
  onWriteFailed: true,
  onUnauthorized: true,
  optimistic: true,
  invalidation: true,
  versionOf: true,
  writeOutcomeMs: true,
  staleTimeMs: true,
  whileStale: true,
  maxAgeMs: true,
  onMasterFailure: true,
  prefetchPages: true,
  masterLagMs: true,
  cacheTimeoutMs: true,
  tracer: true,
  clock: true,
} satisfies Record<keyof LiveTableOptions, true>;

const OUTBOX_FUNCTIONS: readonly (keyof Outbox)[] = [
  "append",
  "load",
  "lease",
  "release",
  "mark",
  "remove",
  "retry",
  "answers",
];
const TABLE_FUNCTIONS: readonly (keyof TableLike)[] = ["listValues", "getValue", "patchValue", "withQuery"];

/**
 * Refuses what is no table.
 *
 * @throws {TypeError} that names what was given.
 */
export function checkTable(role: string, table: TableLike): void {
  checkPort(role, "a table, such as MemTable or what defineTable makes", table, TABLE_FUNCTIONS);
}

/**
 * Refuses options that make no sense.
 *
 * @throws {TypeError} if an option is unknown, or not what it should be; the message names it.
 * @throws {RangeError} if a number is out of range; the message names it.
 */
export function checkLiveTableOptions(options: LiveTableOptions): void {
  checkOptions("a LiveTable", options, Object.keys(KNOWN));
  const { queueCapacity, waitingCapacity, masterLagMs, cacheTimeoutMs } = options;
  const { writeConcurrency, writeTimeoutMs, retry, onUnauthorized } = options;
  const { writeTarget, liveStream, invalidation, versionOf, writeOutcomeMs, masterItemsPerPage, optimistic } = options;
  if (invalidation !== undefined && invalidation !== "surgical" && invalidation !== "all") {
    throw new RangeError(`invalidation must be "surgical" or "all", got ${describe(invalidation)}`);
  }
  if (optimistic !== undefined && typeof optimistic !== "boolean") {
    throw new TypeError(`optimistic must be true or false, got ${describe(optimistic)}`);
  }
  if (versionOf !== undefined && typeof versionOf !== "function") {
    throw new TypeError(`versionOf must be a function of a row, got ${describe(versionOf)}`);
  }
  checkMs("writeOutcomeMs", writeOutcomeMs, "more than 0 and finite", (ms) => ms > 0 && ms < Infinity);
  checkRefs("a LiveTable", options.refs);
  if (writeTarget !== undefined) checkTable("writeTarget", writeTarget);
  if (liveStream !== undefined) {
    checkPort("liveStream", "a live stream, such as ManualLiveStream", liveStream, ["subscribe"]);
  }
  checkTools(options);
  readPolicy({}, options);
  checkMs("masterLagMs", masterLagMs, "at least 0 and finite", (ms) => ms >= 0 && ms < Infinity);
  checkMs("cacheTimeoutMs", cacheTimeoutMs, "a number of more than 0", (ms) => ms > 0);
  if (masterItemsPerPage !== undefined) wholeNumber("masterItemsPerPage", masterItemsPerPage);
  if (queueCapacity !== undefined) wholeNumber("queueCapacity", queueCapacity);
  if (writeConcurrency !== undefined) wholeNumber("writeConcurrency", writeConcurrency);
  checkMs("writeTimeoutMs", writeTimeoutMs, "a number of more than 0", (ms) => ms > 0);
  const times = writeTimes(options);
  if (times.writeTimeoutMs !== Infinity && times.writeTimeoutMs > times.writeOutcomeMs) {
    throw new RangeError(
      `writeTimeoutMs must be at most writeOutcomeMs, got ${describe(writeTimeoutMs)} and ${describe(writeOutcomeMs)}`,
    );
  }
  if (retry !== undefined) checkRetry(retry);
  const { outbox, owner, outboxLeaseMs, onWriteFailed } = options;
  if (outbox !== undefined) checkPort("outbox", "an outbox, such as MemOutbox", outbox, OUTBOX_FUNCTIONS);
  if (owner !== undefined && (typeof owner !== "string" || owner === "")) {
    throw new TypeError(`owner must be a text that is not empty, got ${describe(owner)}`);
  }
  checkMs("outboxLeaseMs", outboxLeaseMs, "at least 100 and finite", (ms) => ms >= 100 && ms < Infinity);
  checkFunction("onWriteFailed", onWriteFailed);
  if (onUnauthorized !== undefined && onUnauthorized !== "fail" && onUnauthorized !== "wait") {
    throw new RangeError(`onUnauthorized must be "fail" or "wait", got ${describe(onUnauthorized)}`);
  }
  if (waitingCapacity !== undefined) wholeNumber("waitingCapacity", waitingCapacity, 0);
}

function checkMs(name: string, ms: number | undefined, accepted: string, isAccepted: (ms: number) => boolean): void {
  if (ms === undefined || (typeof ms === "number" && isAccepted(ms))) return;
  throw new RangeError(`${name} must be ${accepted}, got ${describe(ms)}`);
}
