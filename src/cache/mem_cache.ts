import { rememberSelf, selfOf } from "../base/self.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { Cache, CachedRows, Fence } from "./cache.ts";
import { scopeOf } from "./cache_key.ts";

/** Bounds of a {@linkcode MemCache}. */
export interface MemCacheOptions {
  /** The most entries it keeps; default 10 000. */
  readonly maxEntries?: number | undefined;
  /** The most rows it keeps, over all entries; default 100 000. An entry with more rows than this is not kept. */
  readonly maxRows?: number | undefined;
  /**
   * The most scopes whose last invalidation it remembers; default 10 000. An entry of any other scope is not stored if
   * a remembered scope is evicted while the entry is fetched.
   */
  readonly maxScopes?: number | undefined;
}

interface Entry {
  readonly key: string;
  readonly scope: string;
  readonly cached: CachedRows;
  readonly rowCount: number;
  newer: Entry | undefined;
  older: Entry | undefined;
}

/**
 * A synchronous cache in memory. Bounded by entries, rows and scopes; the least recently used entry is evicted first.
 *
 * @example Two tables, one cache
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const cache = new MemCache({ maxRows: 10_000 });
 * await using clients = new LiveTable(new MemTable("clients"), "clients", cache);
 * await using orders = new LiveTable(new MemTable("orders"), "orders", cache);
 *
 * await clients.listValues();
 * await orders.listValues();
 *
 * assert.equal(cache.size, 2);
 * ```
 */
export class MemCache implements Cache {
  readonly #maxEntries: number;
  readonly #maxRows: number;
  readonly #maxScopes: number;
  readonly #entries = new Map<string, Entry>();
  readonly #scopes = new Map<string, Set<Entry>>();
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  #rowCount = 0;
  /** Counts invalidations of any kind; a fence is the count at the last one that affected the key's scope. */
  #invalidations = 0;
  readonly #invalidatedScopes = new Map<string, number>();
  #byAge = this.#invalidatedScopes.entries();
  #invalidatedBeyondScopes = 0;

  /**
   * An empty cache.
   *
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   */
  constructor(options: MemCacheOptions = {}) {
    rememberSelf(this);
    this.#maxEntries = wholeNumber("maxEntries", options.maxEntries ?? 10_000);
    this.#maxRows = wholeNumber("maxRows", options.maxRows ?? 100_000);
    this.#maxScopes = wholeNumber("maxScopes", options.maxScopes ?? 10_000);
  }

  /** How many entries it holds. */
  get size(): number {
    return selfOf(this).#entries.size;
  }

  /** How many rows it holds, over all entries. */
  get rowCount(): number {
    return selfOf(this).#rowCount;
  }

  get(key: string): CachedRows | undefined {
    // A hit takes about 30 ns; this check is free, while selfOf takes 4.
    const self = #entries in this ? this : selfOf(this);
    const entry = self.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry !== self.#newest) {
      self.#unlink(entry);
      self.#linkNewest(entry);
    }
    return entry.cached;
  }

  fence(key: string): Fence {
    const self = selfOf(this);
    return Math.max(self.#invalidatedBeyondScopes, self.#invalidatedScopes.get(scopeOf(key) ?? "") ?? 0);
  }

  put(key: string, { rows, fetchedAt }: CachedRows, fence?: Fence): boolean {
    const self = selfOf(this);
    if (fence !== undefined && fence !== self.fence(key)) return false;
    self.#remove(self.#entries.get(key));
    const { size: rowCount } = rows;
    if (rowCount > self.#maxRows) return false;
    const scope = scopeOf(key) ?? "";
    const entry: Entry = { key, scope, cached: { rows, fetchedAt }, rowCount, newer: undefined, older: undefined };
    self.#add(entry);
    while (self.#entries.size > self.#maxEntries || self.#rowCount > self.#maxRows) self.#remove(self.#oldest);
    return true;
  }

  invalidatePrefix(prefix: string): void {
    const self = selfOf(this);
    self.#moveFences(prefix);
    const scope = scopeOf(prefix);
    for (const entry of scope === undefined ? self.#entries.values() : self.#scopes.get(scope) ?? []) {
      if (entry.key.startsWith(prefix)) self.#remove(entry);
    }
  }

  /** A prefix without a `/` may affect any scope, including scopes without entries. */
  #moveFences(prefix: string): void {
    const scope = scopeOf(prefix);
    this.#invalidations++;
    if (scope === undefined) {
      this.#invalidatedBeyondScopes = this.#invalidations;
      this.#invalidatedScopes.clear();
      return;
    }
    this.#invalidatedScopes.delete(scope);
    this.#invalidatedScopes.set(scope, this.#invalidations);
    if (this.#invalidatedScopes.size <= this.#maxScopes) return;
    // Scopes that are not remembered share the highest count that was evicted, so that no older fence matches again.
    const [oldest, count] = this.#oldestScope();
    this.#invalidatedBeyondScopes = count;
    this.#invalidatedScopes.delete(oldest);
  }

  /** Continues one iteration: a new one would first scan the entries deleted at the front of the map. */
  #oldestScope(): [scope: string, count: number] {
    const { done, value } = this.#byAge.next();
    if (!done) return value;
    this.#byAge = this.#invalidatedScopes.entries();
    return this.#oldestScope();
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    const siblings = this.#scopes.get(entry.scope);
    if (siblings === undefined) this.#scopes.set(entry.scope, new Set([entry]));
    else siblings.add(entry);
    this.#linkNewest(entry);
    this.#rowCount += entry.rowCount;
  }

  #remove(entry: Entry | undefined): void {
    if (entry === undefined) return;
    this.#entries.delete(entry.key);
    const siblings = this.#scopes.get(entry.scope);
    siblings?.delete(entry);
    if (siblings?.size === 0) this.#scopes.delete(entry.scope);
    this.#unlink(entry);
    this.#rowCount -= entry.rowCount;
  }

  #linkNewest(entry: Entry): void {
    entry.older = this.#newest;
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
  }

  #unlink(entry: Entry): void {
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    entry.newer = entry.older = undefined;
  }
}
