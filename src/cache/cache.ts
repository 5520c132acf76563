import type { Rows } from "../table/rows.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";

/** What is kept under one key. */
export interface CachedRows {
  /** The rows, in the master's order. */
  readonly rows: Rows;
  /** When the master was asked for them, in milliseconds since the epoch. */
  readonly fetchedAt: number;
}

/**
 * A mark in the life of a key: two marks of one key differ (`!==`) if it was invalidated between, and are equal if nothing
 * of its scope was.
 */
export type Fence = string | number;

/**
 * Where rows are kept. Keys are `/`-separated; what stands before the first `/` is the **scope** of a key, and all keys
 * of one scope are usually invalidated together, by the prefix `scope/`.
 *
 * A cache keeps these promises, to every `LiveTable`, process and host that shares it:
 *
 * - `get` answers with what the last successful `put` stored under exactly this key, or with `undefined`. A cache may
 *   forget any entry at any time. It never answers with an entry that was invalidated.
 * - `fence` marks the present. `put` with a fence stores nothing and answers `false` if any prefix of the key was
 *   invalidated since the fence was taken; a cache that cannot tell refuses. It looks and stores in one step.
 * - `put` without a fence stores, whatever happened before. An entry beyond the cache's bounds is not stored. `put` answers
 *   `true` exactly if the entry was stored.
 * - `invalidatePrefix` drops every entry whose key starts with the prefix, character for character; `""` drops all.
 *   Once it has returned (or its promise resolved), no reader gets such an entry again, in any process.
 * - What was put is not changed by what anybody does to the rows afterwards, nor by what a reader does to what it got.
 *   Rows are frozen, so a cache may keep and hand out the very rows it was given: of the dates and bytes in them, which
 *   cannot be frozen, a `LiveTable` gives every reader copies.
 * - `get`, `put`, `fence` and `invalidatePrefix` may throw or reject: the caller then goes to the master.
 *
 * Any of them may answer without a promise; a cache in memory should, since that makes a hit the cheapest.
 */
export interface Cache {
  /** The entry under `key`, or `undefined`. */
  get(key: string): MaybePromise<CachedRows | undefined>;
  /** A mark to hand to `put`, taken before the master is read. */
  fence(key: string): MaybePromise<Fence>;
  /** Stores an entry, unless the key was invalidated since the fence; answers whether it was stored. */
  put(key: string, rows: CachedRows, fence?: Fence): MaybePromise<boolean>;
  /** Drops every entry whose key starts with `prefix`. */
  invalidatePrefix(prefix: string): MaybePromise<void>;
}
