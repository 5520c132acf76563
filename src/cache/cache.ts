import type { Change } from "../change/change.ts";
import type { LoggedChange } from "../change/logged_change.ts";
import type { Rows } from "../table/rows.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import { selfOf } from "../base/self.ts";

/** An entry: what a cache keeps under one key. */
export interface CachedRows {
  /** The rows, in the master's order. */
  readonly rows: Rows;
  /** When the rows were requested from the master, in milliseconds since the epoch. */
  readonly fetchedAt: number;
  /**
   * How far the log stood when the rows were stored, if the cache keeps one. To be passed on in a `put` of rows that were
   * brought up to date without the master; without it, a `put` counts as of now. While an intent is pending, that is after
   * the present position: half a step after it.
   */
  readonly until?: number | undefined;
  /** What was logged since the rows were requested. Only in what `get` returns; absent if nothing was. */
  readonly since?: ChangesSince | undefined;
  /**
   * When the first of the intents in the scope is overdue, in milliseconds since the epoch. Only in what `get` returns;
   * absent if there is none.
   */
  readonly intentsDueAt?: number | undefined;
}

/** What is counted of a scope. */
export interface CacheUsage {
  /** How many entries it holds. */
  readonly entries: number;
  /** How many it has dropped for lack of room. */
  readonly evictions: number;
}

/** What was logged since an entry was requested. */
export interface ChangesSince {
  /** The changes, in order. May be empty, if only the position has moved. */
  readonly changes: readonly LoggedChange[];
  /** The position that they lead to, for a `put` of the rows brought up to date. */
  readonly fence: Fence;
}

/**
 * The state of a key at one moment: two fences of a key differ (`!==`) if it was invalidated in between, and are equal
 * if nothing in its scope was.
 */
export type Fence = string | number;

/**
 * What is logged in a scope.
 *
 * - `change`: something changed. `since` is the fence when the write was sent, or when an event was received that is no
 *   older than any read before it; without it, the row of the change may be older than what was read meanwhile. Ends the
 *   intent of the same write.
 * - `intent`: a write is about to be sent. If its outcome is not logged before `dueAt`, in milliseconds since the epoch,
 *   because its process has died, `change` is logged in its place.
 * - `settled`: the write with this id changed nothing. Ends its intent.
 * - `overdue`: logs the change of each intent that is due at `now`, or later than `spanMs` after it, since then a clock was
 *   set back.
 */
export type LogRecord =
  | { readonly kind: "change"; readonly change: Change; readonly since?: Fence | undefined }
  | { readonly kind: "intent"; readonly writeId: string; readonly change: Change; readonly dueAt: number }
  | { readonly kind: "settled"; readonly writeId: string }
  | { readonly kind: "overdue"; readonly now: number; readonly spanMs: number };

/**
 * A store for entries. Keys are `/`-separated; the part before the first `/` is the **scope** of a key, and all keys of
 * a scope are usually invalidated together, by the prefix `scope/`.
 *
 * A cache keeps these promises to every `LiveTable`, process and host that shares it:
 *
 * - `get` returns what the last successful `put` stored under exactly this key, or `undefined`. A cache may evict any
 *   entry at any time. It never returns an entry that was invalidated.
 * - `fence` returns the current state of a key. `put` with a fence stores nothing and returns `false` if any prefix of
 *   the key was invalidated since the fence was taken, or if the cache does not know. The check and the store are
 *   atomic.
 * - `put` without a fence stores unconditionally. An entry beyond the cache's bounds is not stored. `put` returns
 *   `true` if and only if the entry was stored.
 * - `invalidatePrefix` drops every entry whose key starts with the prefix, compared literally; `""` drops all. Once it
 *   has returned (or its promise has resolved), no reader in any process gets such an entry again.
 * - Stored entries are not affected by later changes to the rows that were put, or to the rows that a reader got. Rows
 *   are frozen, so a cache may keep and return the same rows; dates and bytes in them cannot be frozen, so a
 *   `LiveTable` gives every reader copies of those.
 * A cache may keep a log of the changes to each scope, which is what `log` adds to. It keeps these promises besides:
 *
 * - A change moves the fence, and invalidates nothing. `put` with a fence of before stores the rows as of that fence.
 * - `get` returns, with the rows, every change that was logged after their fence, in order, once (`since`), in one step.
 * - `put` returns `false` if an entry of a later fence is held, or if the log does not reach back to the fence. An entry
 *   that the log does not reach back to is not returned any more: the log is bounded.
 * - A change loses its `columns` while the intent of another write to its row is pending: the state after the change may
 *   have that write in it, whatever the columns of the change.
 * - `LoggedChange.from` is the position of `since`, unless a change of the same row, or of an unknown one, was logged
 *   after it: then the row may be older than that change.
 * - `LoggedChange.isOverlapping` is true of a write's change whose `since` the log does not reach back to, or after which
 *   the change of another write was logged that is of the same row, or of an unknown one.
 *
 * - `get`, `put`, `fence`, `log` and `invalidatePrefix` may throw or reject: the caller then reads from the master.
 *
 * Each of them may return its result without a promise. A cache in memory should, since that makes hits cheapest.
 */
export interface Cache {
  /** The entry under `key`, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined>;
  /** A fence to pass to `put`, taken before the master is read. A `get` that begins after it answers with nothing older. */
  fence(key: string): MaybePromise<Fence>;
  /** Stores an entry, unless the key was invalidated since the fence; returns whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean>;
  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): MaybePromise<void>;
  /**
   * Logs a record in the scope with this prefix, which ends with its `/`, in one step; returns the fence after it. A cache
   * without a log has no such method: there, every change invalidates the scope.
   */
  readonly log?: ((scope: string, record: LogRecord) => MaybePromise<Fence>) | undefined;
  /**
   * The same rows, where each that equals one held in the scope of the key is the one held: rows that several entries have
   * take memory once. A cache that encodes rows has no such method.
   */
  readonly share?: ((key: string, rows: Rows) => Rows) | undefined;
  /**
   * What is counted of the scope with this prefix, which ends with its `/`, for metrics. A cache that would have to look for
   * it has no such method.
   */
  readonly usage?: ((scope: string) => CacheUsage) | undefined;
  /**
   * How long a `get` takes at most, in milliseconds, if the cache itself rejects one that takes longer. A `LiveTable` whose
   * `cacheTimeoutMs` is no shorter then sets no timer for it, which on the way of a hit over a network is a tenth of the whole.
   */
  readonly getTimeoutMs?: number | undefined;
  /** The cache behind this one that keeps the log, if this one passes records on. */
  readonly logOf?: Cache | undefined;
  /**
   * Calls `listener` with a scope once the cache has heard that its log has grown or that it was invalidated, before the
   * streams of the cache emit that; until the returned function is called. A cache that hears of nothing has no such method.
   */
  readonly onChanged?: ((listener: (scope: string) => void) => () => void) | undefined;
}

/** Whether what is logged in a cache is logged in another one. */
export function isLoggedIn(cache: Cache, other: object): boolean {
  for (let each: Cache | undefined = cache; each !== undefined; each = each.logOf) {
    if (selfOf(each) === selfOf(other)) return true;
  }
  return false;
}
