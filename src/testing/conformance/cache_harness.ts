import type { Cache, CachedRows } from "../../cache/cache.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import { field, type Row, type Value } from "../../table/row.ts";
import { Rows } from "../../table/rows.ts";
import { type Closable, type ConformanceCase, using } from "./conformance_case.ts";
import { expect, expectEqual, show } from "./expect.ts";

/** A cache on the storage of a harness. */
export interface OpenCache extends Closable {
  /** The cache. */
  readonly cache: Cache;
}

/** One storage, and what caches on it can do. */
export interface CacheHarness {
  /** Whether entries can be read after they are put; `false` for a cache that keeps nothing. */
  readonly keeps: boolean;
  /** Whether entries and invalidations survive when the last cache on the storage is closed. */
  readonly persistent: boolean;
  /** Whether every reader gets its own copies of dates and bytes. A cache in memory may leave that to `LiveTable`. */
  readonly copies: boolean;
  /** The most changes of a scope that its log keeps, as configured here; left out for a cache without a log. */
  readonly maxChanges?: number | undefined;
  /** Another cache on the same storage; several may be open at once. */
  open(): Promise<OpenCache>;
}

/** A case of the cache suite. */
export type CacheCase = ConformanceCase<CacheHarness>;

/** A cache with a log. */
export type LoggingCache = Cache & { readonly log: NonNullable<Cache["log"]> };

/** The key of most cases. */
export const KEY = "clients/page_1";
/** Its scope. */
export const SCOPE = "clients/";
/** All kinds of prefixes of {@linkcode KEY}. */
export const PREFIXES: readonly string[] = [SCOPE, "", "cli", "clients", "clients/pa", KEY];

/** A case on two caches on one storage. */
export function anyCase(
  name: string,
  body: (cache: Cache, other: Cache, harness: CacheHarness) => Promise<void>,
): CacheCase {
  return {
    name,
    run: (harness) =>
      using(harness.open(), ({ cache }) => using(harness.open(), (other) => body(cache, other.cache, harness))),
  };
}

/** A case that needs a cache that keeps entries. */
export function keeping(name: string, body: (cache: Cache, other: Cache) => Promise<void>): CacheCase {
  return { ...anyCase(name, body), skip: ({ keeps }) => keepsNothing(keeps) };
}

/** Why a case that needs entries is skipped. */
export function keepsNothing(keeps: boolean): string | undefined {
  return keeps ? undefined : "the cache keeps nothing";
}

/** Opens a cache on the storage, uses it, and closes it. */
export type Reopened = <T>(use: (cache: Cache) => MaybePromise<T>) => Promise<T>;

/** A case that needs a cache whose entries outlive it. */
export function reopening(name: string, body: (reopened: Reopened) => Promise<void>): CacheCase {
  return {
    name,
    skip: ({ keeps, persistent }) => keeps && persistent ? undefined : "the cache is not persistent",
    run: (harness) =>
      body(async (use) => {
        const { cache, close } = await harness.open();
        try {
          return await use(cache);
        } finally {
          await close();
        }
      }),
  };
}

/** Rows of one row with this name. */
export function named(name: string): Rows {
  return Rows.from([["a", { name }]]);
}

/** An entry of one row with this name. */
export function entry(name: string): CachedRows {
  return { rows: named(name), fetchedAt: 1 };
}

/** Rows with dates and bytes. */
export function mutableRows(): Rows {
  const row: Row = { at: new Date(5), bytes: new Uint8Array([1, 2]), deep: [{ at: new Date(6) }] };
  return Rows.from([["a", row]]);
}

/** Changes dates and bytes, which freezing does not protect. */
export function spoil(value: Value): void {
  if (isDate(value)) value.setTime(0);
  else if (isBytes(value)) value.fill(0);
  else if (typeof value === "object" && value !== null) { for (const inner of Object.values(value)) spoil(inner); }
}

/** Fails unless there is an entry of one row with this name. */
export async function expectHit(cache: Cache, key: string, name: string): Promise<void> {
  const held = await cache.get(key);
  expect(held !== undefined, `expected an entry under ${show(key)}, got none`);
  expectEqual(field(held.rows.get("a") ?? {}, "name"), name, `the entry under ${show(key)}`);
  expectEqual(held.rows.size, 1, `the rows under ${show(key)}`);
}

/** Fails if there is an entry. */
export async function expectMiss(cache: Cache, key: string, when: string): Promise<void> {
  const held = await cache.get(key);
  expect(held === undefined, `${when}: expected nothing under ${show(key)}, got ${show(held && [...held.rows])}`);
}
