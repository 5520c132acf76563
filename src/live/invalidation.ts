import type { Cache, Fence } from "../cache/cache.ts";
import type { Change } from "../change/change.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { Backoff } from "../base/backoff.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Counters } from "./live_stats.ts";

/** What is known, in this process, of one prefix in one cache. What one table failed to drop, none may serve. */
interface Trust {
  /** How many changes were made known from here. */
  generation: number;
  /** The generation of the last one that invalidated everything. */
  invalidatedAt: number;
  /** That change, if it is known. */
  invalidatedBy: Change | undefined;
  /** From when on the master's answers are no older than the last invalidation from here, in monotonic milliseconds. */
  settledFrom: number;
  /**
   * The tables whose invalidation is in flight, or failed and was not repeated with success, with the generation that
   * each began.
   */
  readonly pending: Map<Invalidation, number>;
  /** The changes that are being logged. */
  readonly recordings: Set<Promise<void>>;
  /** The tables that are open or being closed. An open one can make up for what another failed to drop. */
  readonly users: Set<Invalidation>;
  /** Called after each change that any of them made known, once the cache has it. */
  readonly listeners: Set<() => void>;
}

const trusts = new WeakMap<Cache, Map<string, Trust>>();

/** What an {@linkcode Invalidation} works with. */
export interface InvalidationOptions {
  readonly cache: Cache;
  readonly guarded: SafeCache;
  readonly prefix: string;
  readonly masterLagMs: number;
  /** Whether changes are logged, so that entries live on, where the cache keeps a log. */
  readonly isSurgical: boolean;
  readonly clock: Clock;
  readonly counters: Counters;
}

/**
 * Makes changes known to the cache: it logs them, or invalidates everything under one prefix. What the cache holds there is
 * suspect, and not served, while an invalidation is in flight, and after one failed until a later one succeeds.
 */
export class Invalidation {
  readonly #options: InvalidationOptions;
  readonly #trust: Trust;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  /** Shares its trust with all tables on the same cache and prefix, and takes over what a closed one left undone. */
  constructor(options: InvalidationOptions) {
    this.#options = options;
    this.#trust = trustIn(options.cache, options.prefix);
    const { pending, users } = this.#trust;
    users.add(this);
    if ([...pending.keys()].some((table) => !users.has(table))) this.#retryLater();
  }

  /** Counts the changes, those of other tables on the same cache in this process included. */
  get generation(): number {
    return this.#trust.generation;
  }

  /** The generation that the last invalidation of everything began. */
  get invalidatedAt(): number {
    return this.#trust.invalidatedAt;
  }

  /** Whether the cache has all changes that are known here: none is being logged, and what it holds is not suspect. */
  get isQuiet(): boolean {
    return this.#trust.pending.size === 0 && this.#trust.recordings.size === 0;
  }

  /** The change that invalidated everything last. */
  get invalidatedBy(): Change | undefined {
    return this.#trust.invalidatedBy;
  }

  /** Whether what the cache holds may be older than the last invalidation. */
  get suspect(): boolean {
    return this.#trust.pending.size > 0;
  }

  /** From when on the master's answers are no older than the last invalidation from here, in monotonic milliseconds. */
  get settledFrom(): number {
    return this.#trust.settledFrom;
  }

  /** Resolves when the changes of this process that are being logged are in the log; `undefined` if none is. */
  get recording(): Promise<unknown> | undefined {
    const { recordings } = this.#trust;
    return recordings.size === 0 ? undefined : Promise.all(recordings);
  }

  /**
   * Makes a change known. `since` is the fence when its write was sent. If it cannot be logged, everything held is
   * invalidated: from the call on it is suspect; the answer is there once the cache has dropped it, or has failed to, in
   * which case it stays suspect and is tried again in the background. So is everything if that is what was asked for. All
   * other changes of which nothing is known are logged: they make the entries dead, which are there still for readers that
   * take stale rows.
   */
  record(change: Change, since: Fence | undefined): MaybePromise<void> {
    const { guarded, prefix, isSurgical } = this.#options;
    const isFinal = change.kind === "changed" && change.cause === "manual";
    if (guarded.log === undefined || !isSurgical || isFinal || this.suspect) return this.#invalidate(change);
    this.#trust.generation++;
    if (change.kind === "changed") {
      this.#trust.invalidatedAt = this.#trust.generation;
      this.#trust.invalidatedBy = change;
    }
    this.#settleLater();
    const logged = guarded.log(prefix, { kind: "change", change, since });
    if (!isPromise(logged)) return logged === undefined ? this.#invalidate(change) : undefined;
    const { recordings } = this.#trust;
    const recorded: Promise<void> = logged.then((fence) => {
      const invalidated = fence === undefined ? this.#invalidate(change) : undefined;
      recordings.delete(recorded);
      return invalidated;
    });
    recordings.add(recorded);
    return recorded;
  }

  /** What the cache holds is not served until this resolves: it may lack changes that are on their way. */
  hold(caughtUp: Promise<void>): void {
    const { recordings } = this.#trust;
    const held: Promise<void> = caughtUp.then(() => void recordings.delete(held));
    recordings.add(held);
  }

  /** Takes note of a change that the log has already. After a gap in what is heard of it, the entries are as good as before. */
  note(change: Change): void {
    this.#trust.generation++;
    if (change.kind === "changed" && change.cause !== "gap") {
      this.#trust.invalidatedAt = this.#trust.generation;
      this.#trust.invalidatedBy = change;
    }
    this.#settleLater();
  }

  /** Calls `listener` after each change that a table on this cache has made known, until the returned function is called. */
  onRecorded(listener: () => void): () => void {
    const { listeners } = this.#trust;
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Tells all listeners that the cache has a change. */
  recorded(): void {
    for (const listener of this.#trust.listeners) listener();
  }

  /**
   * Resolves when no invalidation is in flight. What still cannot be dropped is left to the other open tables on the
   * cache.
   */
  async close(): Promise<void> {
    const { pending, users } = this.#trust;
    this.#closing.abort();
    await this.#retrying;
    while (this.#running !== undefined || this.#next !== undefined) await (this.#next ?? this.#running);
    if (pending.has(this)) await this.#drop();
    users.delete(this);
    this.#handOver();
    if (users.size === 0 && pending.size === 0) trusts.get(this.#options.cache)?.delete(this.#options.prefix);
  }

  /**
   * What is left to drop goes to a table that stays: not to one that is being closed, and also what this was left
   * itself.
   */
  #handOver(): void {
    if (!this.suspect) return;
    for (const user of this.#trust.users) {
      if (!user.#closing.signal.aborted) return user.#retryLater();
    }
  }

  #invalidate(change: Change): MaybePromise<void> {
    this.#trust.invalidatedBy = change;
    this.#suspect();
    this.#settleLater();
    return this.#drop();
  }

  #settleLater(): void {
    const { clock, masterLagMs } = this.#options;
    if (masterLagMs === 0) return;
    this.#trust.settledFrom = Math.max(this.#trust.settledFrom, clock.monotonic() + masterLagMs);
  }

  #suspect(): void {
    this.#trust.invalidatedAt = ++this.#trust.generation;
    this.#trust.pending.set(this, this.#trust.generation);
  }

  /**
   * An invalidation requested while one is in flight needs one that begins later, which all requests until then share.
   */
  #drop(): MaybePromise<void> {
    if (this.#running === undefined) return this.#attempt();
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.#drop();
    });
    return this.#next;
  }

  #attempt(): MaybePromise<void> {
    const began = this.#trust.generation;
    const dropped = this.#options.guarded.invalidatePrefix(this.#options.prefix);
    if (!isPromise(dropped)) return this.#attempted(dropped, began);
    this.#running = dropped.then((ok) => {
      this.#running = undefined;
      this.#attempted(ok, began);
    });
    return this.#running;
  }

  /** A success makes up for all that was asked for before it began, by whichever table. */
  #attempted(ok: boolean, began: number): void {
    const { pending } = this.#trust;
    if (!ok) return this.#retryLater();
    for (const [table, since] of pending) {
      if (since <= began) pending.delete(table);
    }
  }

  #retryLater(): void {
    // Another table may have succeeded already: then there is nothing to retry, and a loop must not seem to be running.
    if (this.suspect && !this.#closing.signal.aborted) this.#retrying ??= this.#retryUntilDropped();
  }

  async #retryUntilDropped(): Promise<void> {
    const { signal } = this.#closing;
    const backoff = new Backoff(this.#options.clock);
    while (this.suspect && !signal.aborted) {
      await backoff.pause({ signal, background: true }).catch(() => {});
      if (signal.aborted || !this.suspect) break;
      this.#options.counters.retries++;
      await this.#drop();
    }
    this.#retrying = undefined;
  }
}

function trustIn(cache: Cache, prefix: string): Trust {
  const ofCache = trusts.get(cache) ?? new Map<string, Trust>();
  const trust = ofCache.get(prefix) ??
    {
      generation: 0,
      invalidatedAt: 0,
      invalidatedBy: undefined,
      settledFrom: -Infinity,
      pending: new Map(),
      recordings: new Set(),
      users: new Set(),
      listeners: new Set(),
    };
  trusts.set(cache, ofCache.set(prefix, trust));
  return trust;
}
