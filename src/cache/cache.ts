import type { Rows } from "../table/rows.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";

/** An entry: what a cache keeps under one key. */
export interface CachedRows {
  /** The rows, in the master's order. */
  readonly rows: Rows;
  /** When the rows were requested from the master, in milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/**
 * The state of a key at one moment: two fences of a key differ (`!==`) if it was invalidated in between, and are equal
 * if nothing in its scope was.
 */
export type Fence = string | number;

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
 * - `get`, `put`, `fence` and `invalidatePrefix` may throw or reject: the caller then reads from the master.
 *
 * Each of them may return its result without a promise. A cache in memory should, since that makes hits cheapest.
 */
export interface Cache {
  /** The entry under `key`, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined>;
  /** A fence to pass to `put`, taken before the master is read. */
  fence(key: string): MaybePromise<Fence>;
  /** Stores an entry, unless the key was invalidated since the fence; returns whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean>;
  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): MaybePromise<void>;
}
