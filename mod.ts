/**
 * A cached table. `LiveTable` puts a cache in front of any table, sends writes through a queue, and keeps what it holds
 * fresh with a live stream; it is right under races, and it is a table like any other.
 *
 * @example Wrap what you have
 * ```ts
 * import { defineTable, LiveTable, MemCache } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const clients = new LiveTable(
 *   defineTable({
 *     name: "clients",
 *     idField: "id",
 *     list: () => [{ id: "marty", name: "Marty" }, { id: "doc", name: "Doc" }], // your query, your fetch
 *   }),
 *   "clients",
 *   new MemCache(),
 * );
 *
 * await clients.listValues(); // a miss: asks your function
 * await clients.listValues(); // a hit: does not
 *
 * assert.equal(clients.stats().masterReads, 1);
 * await clients.close();
 * ```
 *
 * @module
 */

// Rows and queries
export { type Row, sameRow, type Value } from "./src/table/row.ts";
export type { ColumnName, Frozen, NoValue, PatchOf, Presence, RowOf, ValueOf } from "./src/table/row_of.ts";
export { type RowEntry, Rows } from "./src/table/rows.ts";
export { Pagination } from "./src/table/pagination.ts";
export {
  type Comparand,
  type Condition,
  type ConditionOf,
  type Conditions,
  type Operator,
  OPERATORS,
  type Order,
  type Query,
} from "./src/table/query.ts";

// Tables
export type {
  ActiveRecordSet,
  CallOptions,
  Capabilities,
  Column,
  ColumnFlag,
  InsertableValueSet,
  ReadableValueSet,
  RefOptions,
  StaleAnswer,
  TableLike,
  WritableValueSet,
  WriteOptions,
} from "./src/table/table_like.ts";
export type { Verb, WriteVerb } from "./src/table/verbs.ts";
export type { WriteAnswer, WriteOp } from "./src/table/write_op.ts";
export type { SourceWrite, TableWrite, WriteResult } from "./src/table/many_writes.ts";
export type { MaybePromise } from "./src/base/maybe_promise.ts";
export type { SourceCall, SourceRow, SourceRows, TableSource } from "./src/table/table_source.ts";
export { TableHandle } from "./src/table/table_handle.ts";
export { defineTable, Table } from "./src/table/table.ts";
export {
  ActiveRecord,
  type Draft,
  type RecordChanges,
  type Resolution,
  type Resolve,
} from "./src/table/active_record.ts";
export { type RecordConflict, RecordConflictError } from "./src/table/record_conflict.ts";
export type { ColumnChange } from "./src/table/record_state.ts";
export { MemTable, type MemTableOptions } from "./src/table/mem_table.ts";

// Relations
export { hasMany, hasOne, type Ref, type Refs, type Relation } from "./src/table/relation.ts";
export { type Link, RelatedTable } from "./src/table/related_table.ts";

// Rows that keep to a schema
export { type TypedOptions, type TypedPatch, TypedSet } from "./src/table/typed_set.ts";
export { InvalidRowError, type RowIssue } from "./src/table/invalid_row_error.ts";
export type {
  InferInput,
  InferOutput,
  RowSchema,
  SchemaIssue,
  SchemaResult,
  StandardSchema,
} from "./src/table/standard_schema.ts";

// Errors
export {
  ClosedError,
  ConflictError,
  DeadlockError,
  type Effect,
  type ErrorCode,
  InvalidAnswerError,
  NotFoundError,
  OutboxError,
  QueueFullError,
  RejectedError,
  TableError,
  type TableErrorOptions,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "./src/table/errors.ts";

// Caches
export type { Cache, CachedRows, CacheUsage, ChangesSince, Fence, LogRecord } from "./src/cache/cache.ts";
export { LayeredCache, type LayeredCacheOptions } from "./src/cache/layered_cache.ts";
export { MemCache, type MemCacheOptions } from "./src/cache/mem_cache.ts";
export { NoCache } from "./src/cache/no_cache.ts";

// Outboxes
export {
  isUnreadable,
  type Outbox,
  OUTBOX_BATCH,
  type OutboxAnswer,
  type OutboxEntry,
  type OutboxMark,
  type StoredWrite,
  type UnreadableEntry,
  type WriteFailure,
} from "./src/outbox/outbox.ts";
export type { OutboxBounds } from "./src/outbox/outbox_bounds.ts";
export { MemOutbox, type MemOutboxOptions } from "./src/outbox/mem_outbox.ts";

// Streams
export type { LiveEvent } from "./src/stream/live_event.ts";
export type { LiveStream, StreamCursor, SubscribeOptions } from "./src/stream/live_stream.ts";
export { ManualLiveStream, type ManualLiveStreamOptions } from "./src/stream/manual_live_stream.ts";

// The live table
export { LiveTable } from "./src/live/live_table.ts";
export type { Explanation } from "./src/live/explanation.ts";
export type { ReplayedChange } from "./src/live/entry_history.ts";
export type { LiveHandle } from "./src/live/live_handle.ts";
export type { ReadPolicyOptions } from "./src/live/read_policy.ts";
export type { TableWindow } from "./src/live/read_request.ts";
export type { LiveTableOptions } from "./src/live/live_options.ts";
export type { LiveObserver, LiveStore } from "./src/live/live_observer.ts";
export type { WindowObserver, WindowOptions } from "./src/live/window_observer.ts";
export type { WindowSnapshot } from "./src/live/window_snapshot.ts";
export type { WritesObserver, WritesSnapshot } from "./src/live/watched_writes.ts";
export type { ShownElsewhere } from "./src/live/watched_rows.ts";
export type { LiveSnapshot } from "./src/live/live_snapshot.ts";
export type { LiveStats } from "./src/live/live_stats.ts";
export type { Durations } from "./src/live/durations.ts";
export type { Change, ChangeCause, ChangeSource } from "./src/change/change.ts";
export type { LoggedChange } from "./src/change/logged_change.ts";
export type { FailedWrite } from "./src/live/failed_write.ts";
export type { WhenOptions, Write, WriteState } from "./src/queue/write.ts";
export type { FailedAttempt, RetryOptions, RetryPolicy } from "./src/queue/retry.ts";

// Seeing what happens, and the time it happens at
export { type Clock, systemClock, type WaitOptions } from "./src/base/clock.ts";
export type {
  Trace,
  TracedCalls,
  TracedOp,
  TracedQuery,
  TraceEvent,
  TraceFields,
  TraceLevel,
  TraceNote,
  TraceNoted,
  Tracer,
  TraceTarget,
} from "./src/trace/tracer.ts";
