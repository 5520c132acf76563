import { rememberSelf, selfOf } from "../base/self.ts";
import { wholeNumber } from "../base/whole_number.ts";
import type { Rows } from "../table/rows.ts";
import type { Cache, CachedRows, CacheUsage, Fence, LogRecord } from "./cache.ts";
import { scopeOf } from "./cache_key.ts";
import { HALF_STEP, ScopeLog } from "./scope_log.ts";
import { SharedRows } from "./shared_rows.ts";

/** Bounds of a {@linkcode MemCache}. */
export interface MemCacheOptions {
  /** The most entries it keeps; default 10 000. */
  readonly maxEntries?: number | undefined;
  /** The most rows it keeps, over all entries; default 100 000. An entry with more rows than this is not kept. */
  readonly maxRows?: number | undefined;
  /**
   * The most scopes whose changes it remembers; default 10 000. The entries of a scope that is forgotten are dropped, and
   * an entry of any other scope is not stored if a scope is forgotten while the entry is fetched.
   */
  readonly maxScopes?: number | undefined;
  /** The most changes it remembers of one scope; default 1000. An entry that is further behind is dropped. */
  readonly maxChanges?: number | undefined;
}

interface Entry {
  readonly key: string;
  readonly scope: Scope;
  /** The position that its rows were read at, or have been brought up to. */
  readonly at: number;
  readonly cached: CachedRows;
  readonly rowCount: number;
  newer: Entry | undefined;
  older: Entry | undefined;
}

interface Scope {
  readonly name: string;
  readonly entries: Set<Entry>;
  /** The rows of its entries. */
  rows: SharedRows;
  readonly log: ScopeLog;
  /** The position of entries that can be returned as they are; `undefined` while there are intents. */
  current: number | undefined;
  /** The lowest fence that `put` accepts. */
  lowestFence: number;
}

/**
 * A synchronous cache in memory. Bounded by entries, rows and scopes; the least recently used entry is evicted first.
 * It keeps a log of the changes to each scope.
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
  readonly #maxChanges: number;
  readonly #entries = new Map<string, Entry>();
  /** The scopes that have entries, or have changed. */
  readonly #scopes = new Map<string, Scope>();
  /** The scopes that have changed, the one that changed longest ago first. */
  readonly #changed = new Map<string, Scope>();
  #byAge = this.#changed.values();
  /** The last of them. */
  #lastChanged: Scope | undefined;
  /** The position of all other scopes. */
  #elsewhere = 0;
  /** The last position of any scope: no position is used twice. */
  #last = 0;
  readonly #next = (): number => ++this.#last;
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  #rowCount = 0;
  /** How many entries were evicted, by scope. Those of `maxScopes` scopes are remembered. */
  readonly #evictions = new Map<string, number>();

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
    this.#maxChanges = wholeNumber("maxChanges", options.maxChanges ?? 1_000);
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
    const isCurrent = entry.at === entry.scope.current;
    if (!isCurrent && entry.at < entry.scope.log.floor) return self.#remove(entry);
    if (entry !== self.#newest) {
      self.#unlink(entry);
      self.#linkNewest(entry);
    }
    return isCurrent ? entry.cached : withChanges(entry);
  }

  fence(key: string): Fence {
    const self = selfOf(this);
    return self.#scopes.get(scopeOf(key) ?? "")?.log.position ?? self.#elsewhere;
  }

  put(key: string, { rows, fetchedAt, until }: CachedRows, fence?: Fence): boolean {
    const self = selfOf(this);
    const now = self.fence(key) as number; // Made here.
    const at = fence ?? now;
    const known = self.#scopes.get(scopeOf(key) ?? "");
    if (typeof at !== "number" || at > now || at < lowestFence(known, self.#elsewhere)) return false;
    const held = self.#entries.get(key);
    if (held !== undefined && held.at > at) return false;
    const scope = known ?? self.#scopeNamed(scopeOf(key) ?? "");
    if (held !== undefined) self.#drop(held);
    const { size: rowCount } = rows;
    const fits = rowCount <= self.#maxRows;
    const landed = scope.current === undefined ? now + HALF_STEP : now;
    const cached = { rows, fetchedAt, until: until ?? landed };
    scope.rows.replace(held?.cached, fits ? cached : undefined);
    if (fits) self.#add({ key, scope, at, cached, rowCount, newer: undefined, older: undefined });
    else self.#leaveUnused(scope);
    while (self.#entries.size > self.#maxEntries || self.#rowCount > self.#maxRows) self.#evict(self.#oldest);
    return fits;
  }

  invalidatePrefix(prefix: string): void {
    const self = selfOf(this);
    const name = scopeOf(prefix);
    if (name === undefined) return self.#invalidateScopes(prefix);
    self.#invalidate(self.#scopeNamed(name), prefix);
  }

  log(scope: string, record: LogRecord): Fence {
    const self = selfOf(this);
    const changed = self.#scopeNamed(scope);
    changed.log.add(record);
    self.#remember(changed);
    return changed.log.position;
  }

  usage(scope: string): CacheUsage {
    const self = selfOf(this);
    return { entries: self.#scopes.get(scope)?.entries.size ?? 0, evictions: self.#evictions.get(scope) ?? 0 };
  }

  share(key: string, rows: Rows): Rows {
    return selfOf(this).#scopes.get(scopeOf(key) ?? "")?.rows.share(rows) ?? rows;
  }

  /** A prefix without a `/` may affect any scope, including those that are not remembered. */
  #invalidateScopes(prefix: string): void {
    this.#elsewhere = this.#next();
    for (const scope of this.#scopes.values()) {
      // The keys without a `/` are the scope "".
      if (scope.name === "" || scope.name.startsWith(prefix)) this.#invalidate(scope, prefix);
    }
  }

  #invalidate(scope: Scope, prefix: string): void {
    if (scope.name.startsWith(prefix)) {
      scope.log.restart();
      scope.rows = new SharedRows();
    } else scope.log.move();
    scope.lowestFence = scope.log.position;
    this.#remember(scope);
    this.#dropEntries(scope, prefix);
  }

  #dropEntries({ entries }: Scope, prefix: string): void {
    for (const entry of entries) if (entry.key.startsWith(prefix)) this.#remove(entry);
  }

  #scopeNamed(name: string): Scope {
    const known = this.#scopes.get(name);
    if (known !== undefined) return known;
    const log = new ScopeLog(this.#elsewhere, this.#next, this.#maxChanges);
    const scope: Scope = {
      name,
      entries: new Set(),
      rows: new SharedRows(),
      log,
      current: log.position,
      lowestFence: log.position,
    };
    this.#scopes.set(name, scope);
    return scope;
  }

  /** Remembers that a scope has changed, and forgets the one that changed longest ago if there are too many. */
  #remember(scope: Scope): void {
    scope.current = scope.log.intentsDueAt === undefined ? scope.log.position : undefined;
    if (this.#lastChanged === scope) return;
    this.#lastChanged = scope;
    this.#changed.delete(scope.name);
    this.#changed.set(scope.name, scope);
    if (this.#changed.size > this.#maxScopes) this.#forget(this.#longestAgo());
  }

  /** Keeps the entries that can be returned as they are. */
  #forget(scope: Scope): void {
    this.#changed.delete(scope.name);
    if (this.#lastChanged === scope) this.#lastChanged = undefined;
    const { current, log, entries } = scope;
    for (const entry of entries) if (entry.at !== current) this.#remove(entry);
    log.forget();
    scope.current = log.position;
    this.#leaveUnused(scope);
  }

  /** Continues one iteration: a new one would first scan the entries deleted at the front of the map. */
  #longestAgo(): Scope {
    const { done, value } = this.#byAge.next();
    if (!done) return value;
    this.#byAge = this.#changed.values();
    return this.#longestAgo();
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.key, entry);
    entry.scope.entries.add(entry);
    this.#linkNewest(entry);
    this.#rowCount += entry.rowCount;
  }

  #evict(entry: Entry | undefined): void {
    if (entry === undefined) return;
    const { scope: { name } } = entry;
    const evictions = this.#evictions.get(name) ?? 0;
    this.#evictions.delete(name);
    this.#evictions.set(name, evictions + 1);
    if (this.#evictions.size > this.#maxScopes) this.#evictions.delete(this.#evictions.keys().next().value ?? name);
    this.#remove(entry);
  }

  #remove(entry: Entry | undefined): undefined {
    if (entry === undefined) return;
    this.#drop(entry);
    entry.scope.rows.replace(entry.cached, undefined);
    this.#leaveUnused(entry.scope);
  }

  #drop(entry: Entry): void {
    this.#entries.delete(entry.key);
    entry.scope.entries.delete(entry);
    this.#unlink(entry);
    this.#rowCount -= entry.rowCount;
  }

  /** Scopes that are not remembered share the highest position of those that were: no older fence matches again. */
  #leaveUnused(scope: Scope): void {
    if (scope.entries.size > 0 || this.#changed.has(scope.name)) return;
    this.#scopes.delete(scope.name);
    this.#elsewhere = Math.max(this.#elsewhere, scope.log.position);
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

function lowestFence(scope: Scope | undefined, elsewhere: number): number {
  return scope === undefined ? elsewhere : Math.max(scope.lowestFence, scope.log.floor);
}

/** The entry, with what was logged since its rows were read. */
function withChanges({ at, cached, scope: { log } }: Entry): CachedRows {
  const since = at === log.position ? undefined : { changes: log.since(at), fence: log.position };
  return { ...cached, since, intentsDueAt: log.intentsDueAt };
}
