import { disposeByClosing } from "../../base/async_dispose.ts";
import { ClosedError } from "../../table/errors.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { Trace, Tracer } from "../../trace/tracer.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { scopeOf } from "../../cache/cache_key.ts";
import { HALF_STEP } from "../../cache/scope_log.ts";
import { decodeRows, encodeRows } from "../../cache/codec.ts";
import {
  chargeOf,
  type EntryFacts,
  factsOf,
  KvEntries,
  type KvRecord,
  MAX_ENTRY_BYTES,
  MAX_KEY_LENGTH,
  newFacts,
} from "./deno_kv_entries.ts";
import { countOf, inBatches, KvDatabase, type KvEntry, namespaceOf } from "./deno_kv_database.ts";
import { type KvHandle, type KvKey, openKv } from "./deno_kv_handle.ts";
import { fenceAt, type FoundLog, type LogPlace, placeOf, reachesBackTo, stateOf } from "./deno_kv_log_state.ts";
import { KvLogs } from "./deno_kv_logs.ts";
import { floorOf, isBelow, KvScopes } from "./deno_kv_scopes.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of a {@linkcode DenoKvCache}. */
export interface DenoKvCacheOptions {
  /** The most entries to keep; default 100 000. */
  readonly maxEntries?: number | undefined;
  /** The most scopes whose invalidations are remembered; default 10 000. One more invalidates everything. */
  readonly maxScopes?: number | undefined;
  /**
   * The most bytes to keep, including keys and overhead per entry; default 256 MiB. An entry that is larger, or has
   * more than 16 MiB of rows, is not kept. Each scope takes up to 2 KB more.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The most changes of a scope to keep in its log; default 1000. Entries that are older than the log are evicted.
   * Changes take at most a quarter of `maxBytes`.
   */
  readonly maxChanges?: number | undefined;
  /**
   * The first part of all its keys, up to 32 characters; default `"vantage_live"`. Each namespace is a separate cache.
   */
  readonly namespace?: string | undefined;
  /** Receives events about unreadable entries. */
  readonly tracer?: Tracer | undefined;
}

/**
 * After this many puts of a process, the next batch of entries is searched for invalidated ones, starting with the
 * first put.
 */
const PUTS_PER_SWEEP = 8;
/** The size of that batch; also how many entries are removed at a time. */
const SWEEP_ENTRIES = 64;
/** How often a put is tried that conflicts with other writes. */
const MAX_TRIES = 50;

/**
 * A cache in Deno KV, under its own keys. Several processes may use it at once: on one machine through a file, or
 * anywhere on Deno Deploy. Bounded by entries, scopes and bytes: entries put longest ago are evicted first, independent
 * of clocks. A hit is one read, or two if the rows take more than 64 KiB. The cost of invalidating a scope does not
 * depend on its size; any other prefix is searched for among all entries.
 *
 * An entry that is incomplete or cannot be decoded is dropped. A key of more than 30 000 characters is not kept. A
 * damaged file is left alone, since it may hold more than the cache: every call rejects.
 *
 * @example Two caches, one database
 * ```ts
 * import { LiveTable, MemTable } from "@vantage/live";
 * import { DenoKvCache } from "@vantage/live/deno-kv";
 * import assert from "node:assert/strict";
 *
 * using kv = await Deno.openKv(":memory:"); // on Deno Deploy: await DenoKvCache.open(), without a handle
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 *
 * for (const expected of [1, 0]) {
 *   await using cache = await DenoKvCache.open(kv);
 *   await using products = new LiveTable(master, "products", cache);
 *   await products.listValues();
 *   assert.equal(products.stats().masterReads, expected);
 * }
 * ```
 */
export class DenoKvCache implements Cache, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #trace: Trace | undefined;
  readonly #db: KvDatabase;
  /** The handle, if it was opened here. */
  readonly #opened: KvHandle | undefined;
  readonly #entries: KvEntries;
  readonly #scopes: KvScopes;
  readonly #logs: KvLogs;
  #closed = false;
  #puts = 0;
  /** Where the next sweep starts. */
  #hand: KvKey | undefined;

  private constructor({ maxEntries, maxScopes, maxBytes, maxChanges, trace, db, opened }: Parts) {
    disposeByClosing(DenoKvCache.prototype);
    rememberSelf(this, DenoKvCache);
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#trace = trace;
    this.#db = db;
    this.#opened = opened;
    this.#entries = new KvEntries(db);
    this.#scopes = new KvScopes(db, maxScopes);
    this.#logs = new KvLogs(db, { maxScopes, maxChanges, maxBytes });
  }

  /**
   * Opens a cache: in the database at a path (or an address, as in `Deno.openKv`), which is created if missing; in the
   * default database, as on Deno Deploy; or in an open handle. `close()` closes what is opened here, but not a handle
   * of the caller.
   *
   * @throws {TypeError} if the database does not exist and cannot be created, or the namespace is invalid.
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   * @throws {UnsupportedError} if no handle is given and the runtime has no `Deno.openKv` (`--unstable-kv`).
   */
  static async open(pathOrKv?: string | KvHandle | undefined, options: DenoKvCacheOptions = {}): Promise<DenoKvCache> {
    checkOptions("a DenoKvCache", options, [
      "maxEntries",
      "maxScopes",
      "maxBytes",
      "maxChanges",
      "namespace",
      "tracer",
    ]);
    checkTools(options);
    const maxEntries = wholeNumber("maxEntries", options.maxEntries ?? 100_000);
    const maxScopes = wholeNumber("maxScopes", options.maxScopes ?? 10_000);
    const maxBytes = wholeNumber("maxBytes", options.maxBytes ?? 256 * 2 ** 20);
    const maxChanges = wholeNumber("maxChanges", options.maxChanges ?? 1_000);
    const namespace = namespaceOf(options.namespace ?? "vantage_live");
    const trace = options.tracer?.trace({});
    const kv = typeof pathOrKv === "object" ? pathOrKv : await openKv(pathOrKv);
    const opened = kv === pathOrKv ? undefined : kv;
    const db = new KvDatabase(kv, namespace);
    return new DenoKvCache({ maxEntries, maxScopes, maxBytes, maxChanges, trace, db, opened });
  }

  async get(key: string): Promise<CachedRows | undefined> {
    const { found, head } = await this.#look(key);
    if (head.versionstamp === null || isBelow(head, floorOf(found.store, found.scope))) return undefined;
    const facts = factsOf(head.value);
    // Only keys with the same hash could share a head.
    if (facts !== undefined && (facts.key !== key || !reachesBackTo(found.state, placeIn(facts)))) return undefined;
    const body = facts && await this.#entries.read(head, facts);
    try {
      if (facts === undefined || body === undefined) throw new TypeError("The entry is incomplete");
      const since = await this.#since(key, found, facts.at);
      if (since === undefined) return undefined;
      const { fetchedAt, until } = facts;
      return { rows: decodeRows(body), fetchedAt, until, intentsDueAt: found.state.dueAt, ...since };
    } catch (error) {
      // If it was replaced after its head was read, it is not damaged.
      if (await this.#entries.removeHead(head)) this.#report("entry dropped", key, error);
      return undefined;
    }
  }

  async fence(key: string): Promise<Fence> {
    const { found } = await this.#find(scopeOf(key) ?? "", []);
    return fenceAt(found, found.state);
  }

  async put(key: string, { rows, fetchedAt, until }: CachedRows, fence?: Fence): Promise<boolean> {
    // A copy: for a view of a larger buffer, Deno KV would write the whole buffer.
    const body = new Uint8Array(encodeRows(rows));
    const size = body.length;
    if (chargeOf({ key, size }) > this.#maxBytes || size > MAX_ENTRY_BYTES || key.length > MAX_KEY_LENGTH) return false;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { found, head, age } = await this.#look(key);
      const { id: log, position, dueAt } = found.state;
      // While a write is in flight, the rows may have been read after it was sent.
      const landed = dueAt === undefined ? position : position + HALF_STEP;
      const place = fence === undefined ? found.state : placeOf(fence, found);
      if (place === undefined || isNewer(head, found, place.position)) return false;
      const at = { log, at: place.position, until: Math.min(until ?? landed, landed) };
      const facts = newFacts({ key, fetchedAt, ...at, age, size });
      const unchanged = fence === undefined ? [] : [found.store, found.scope];
      if (!await this.#entries.write(facts, body, { replaced: head, unchanged })) continue;
      if (this.#puts++ % PUTS_PER_SWEEP === 0) await this.#sweep();
      const evicted = await this.#evict();
      return !evicted.has(facts.id);
    }
    throw new Error(`Cannot store an entry: ${MAX_TRIES} attempts conflicted with other writes`);
  }

  async log(scope: string, record: LogRecord): Promise<Fence> {
    const adds = record.kind === "change" || record.kind === "intent";
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { found } = await this.#find(scope, []);
      if (adds && tries === 0 && found.state.id === "" && await this.#logs.isFull()) {
        await this.#logs.removeAll(await this.#scopes.invalidateAll());
        continue;
      }
      const since = record.kind === "change" && record.since !== undefined ? placeOf(record.since, found) : undefined;
      const added = await this.#logs.add(found, record, since?.position);
      if (added === undefined) continue;
      if (added.isPart) return await this.log(scope, record);
      if (adds) await this.#evict();
      return fenceAt(found, added.state);
    }
    throw new Error(`Cannot log a record: ${MAX_TRIES} attempts conflicted with other writes`);
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    this.#assertOpen();
    const scope = scopeOf(prefix);
    const isWhole = prefix === "" || prefix === scope;
    await this.#scopes.invalidate(scope, { keepsEntries: !isWhole });
    if (isWhole) return;
    // The fence has moved: entries put from now on are fresh, and may stay or go.
    for await (const records of inBatches(this.#entries.records(), SWEEP_ENTRIES)) {
      await this.#remove(records.filter(({ facts }) => facts?.key.startsWith(prefix)));
    }
  }

  /** Closes the database, if `open` opened one. Idempotent. */
  close(): Promise<void> {
    if (!this.#closed) this.#opened?.close();
    this.#closed = true;
    return Promise.resolve();
  }

  /** Reads all that decides about a key, as one snapshot. */
  async #look(key: string): Promise<Look> {
    const headKey = await this.#entries.headKey(key);
    const { found, others: [head, puts] } = await this.#find(scopeOf(key) ?? "", [headKey, this.#entries.putCount]);
    return { found, head, age: countOf(puts) };
  }

  /** Reads the log of a scope and other keys, as one snapshot. Removes a damaged log, and invalidates its scope. */
  async #find<const Keys extends readonly KvKey[]>(name: string, keys: Keys): Promise<Found<Keys>> {
    this.#assertOpen();
    const [storeKey, scopeKey] = await this.#scopes.keys(name);
    const logKey = await this.#logs.key(name);
    const [store, scope, log, ...others] = await this.#db.read([storeKey, scopeKey, logKey, ...keys]);
    const state = stateOf(log);
    if (state !== undefined) return { found: { store, scope, log, state }, others };
    this.#report("log dropped", name, new TypeError("The state of the log is invalid"));
    await this.#scopes.invalidate(name, { keepsEntries: false });
    await this.#logs.remove(log, (await this.#scopes.floors(new Set([name]))).get(name) ?? "");
    return await this.#find(name, keys);
  }

  /** What was logged after a position; `undefined` if that is not known any more. */
  async #since(key: string, found: FoundLog, position: number): Promise<Pick<CachedRows, "since"> | undefined> {
    if (position === found.state.position) return {};
    try {
      const changes = await this.#logs.since(found, position);
      return changes && { since: { changes, fence: fenceAt(found, found.state) } };
    } catch (error) {
      this.#report("log dropped", key, error);
      return undefined;
    }
  }

  /** Checks the next batch of entries, and removes those that were invalidated. */
  async #sweep(): Promise<void> {
    const records: KvRecord[] = [];
    for await (const record of this.#entries.records({ start: this.#hand, limit: SWEEP_ENTRIES })) records.push(record);
    this.#hand = records.length < SWEEP_ENTRIES ? undefined : records.at(-1)?.stamp.key;
    const floors = await this.#scopes.floors(new Set(records.map(scopeOfRecord)));
    const isDead = (record: KvRecord): boolean => isBelow(record.stamp, floors.get(scopeOfRecord(record)) ?? "");
    await this.#remove(records.filter((record) => record.facts === undefined || isDead(record)));
  }

  /** Evicts until all bounds are met; returns the ids of the evicted entries. */
  async #evict(): Promise<ReadonlySet<string>> {
    const evicted = new Set<string>();
    const { entries, bytes } = await this.#entries.totals();
    let [tooMany, tooLarge] = [entries - this.#maxEntries, bytes - this.#maxBytes];
    if (tooMany <= 0 && tooLarge <= 0) return evicted;
    for await (const { stamp, facts } of this.#entries.records()) {
      await this.#entries.remove({ stamp, facts });
      tooMany--;
      tooLarge -= facts === undefined ? 0 : chargeOf(facts);
      if (facts !== undefined) evicted.add(facts.id);
      if (tooMany <= 0 && tooLarge <= 0) return evicted;
    }
    // If a bound is still exceeded, the counts are wrong: without a recount, every put would evict everything.
    await this.#entries.countAgain();
    return evicted;
  }

  async #remove(records: readonly KvRecord[]): Promise<void> {
    await Promise.all(records.map((record) => this.#entries.remove(record)));
  }

  #report(name: string, key: string, error: unknown): void {
    this.#trace?.event({ target: "vantage_live::cache", level: "warn", name, key, error });
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError("The cache is closed");
  }
}

function scopeOfRecord({ facts }: KvRecord): string {
  return scopeOf(facts?.key ?? "") ?? "";
}

/** Whether an entry of a later position is held. */
function isNewer(head: KvEntry, found: FoundLog, position: number): boolean {
  if (head.versionstamp === null || isBelow(head, floorOf(found.store, found.scope))) return false;
  const facts = factsOf(head.value);
  return facts !== undefined && facts.at > position && reachesBackTo(found.state, placeIn(facts));
}

/** The place in a log that an entry is of. */
function placeIn({ log, at }: EntryFacts): LogPlace {
  return { id: log, position: at };
}

interface Found<Keys extends readonly KvKey[]> {
  readonly found: FoundLog;
  readonly others: { readonly [Index in keyof Keys]: KvEntry };
}

interface Look {
  readonly found: FoundLog;
  readonly head: KvEntry;
  readonly age: number;
}

interface Parts {
  readonly maxEntries: number;
  readonly maxScopes: number;
  readonly maxBytes: number;
  readonly maxChanges: number;
  readonly trace: Trace | undefined;
  readonly db: KvDatabase;
  readonly opened: KvHandle | undefined;
}
