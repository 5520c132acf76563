import type { Clock } from "../../base/clock.ts";
import { isError } from "../../base/realm.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { scopeOf } from "../../cache/cache_key.ts";
import { HALF_STEP } from "../../cache/scope_log.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import { type Lease, leaseAfter, type LeaseRequest } from "../../outbox/lease.ts";
import { holdsMutable, toRow } from "../../table/row.ts";
import { lazyRows, type RowEntry } from "../../table/rows.ts";
import { answerOf, rangeFrom } from "./indexeddb_api.ts";
import { ENTRIES, LEASES, LOG, readState, readTotal, STATE, type State, writeTotal } from "./indexeddb_cache_stores.ts";
import type { IdbDatabase, IdbStores } from "./indexeddb_database.ts";
import { addRecord, changesAfter, emptied, type LogBounds, writeChanged } from "./indexeddb_log.ts";
import { sizeOf } from "./indexeddb_size.ts";
import { dueAtOf, fenceAt, type Head, positionOf, type Scope, type Total } from "./indexeddb_state.ts";

/** The bounds of the entries. */
export interface EntryBounds {
  readonly maxEntries: number;
  readonly maxBytes: number;
}

/** What an {@linkcode IdbCacheStore} works with. */
export interface CacheSettings extends LogBounds, EntryBounds {
  readonly maxAgeMs: number;
  readonly clock: Clock;
}

/** What was logged since a place. */
export interface LoggedSince {
  /** `undefined` if the log does not reach back to the place. */
  readonly changes: readonly LoggedChange[] | undefined;
  readonly fence: Fence;
}

/** How many entries are dropped in one step, so that no reader waits for long. */
const BATCH = 64;

/** A cache in the stores of `createCacheStores`. Each call is one transaction, or a few short ones. */
export class IdbCacheStore implements Cache {
  readonly #db: IdbDatabase;
  readonly #settings: CacheSettings;

  constructor(db: IdbDatabase, settings: CacheSettings) {
    this.#db = db;
    this.#settings = settings;
  }

  async get(key: string): Promise<CachedRows | undefined> {
    const found = await this.#db.step([...LOG, "heads", "bodies"], "readonly", async (store) => {
      const [state, head, body] = await Promise.all([
        readState(store, scopeOf(key) ?? ""),
        answerOf(store("heads").get(key)) as Promise<Head | undefined>, // Written here alone.
        answerOf(store("bodies").get(key)) as Promise<readonly RowEntry[] | undefined>,
      ]);
      if (head === undefined || body === undefined || head.at < state.scope.floor) return undefined;
      const isBehind = head.at < state.scope.position;
      const changes = isBehind ? await changesAfter(store, state.scope.name, head.at) : undefined;
      return { state, head, body, changes };
    });
    if (found === undefined || this.#isExpired(found.head)) return undefined;
    const { state: { total, scope }, head, body, changes } = found;
    return {
      rows: lazyRows(body.map(([id]) => id), head.isMutable, (index) => toRow(body[index]?.[1] ?? {})),
      fetchedAt: head.fetchedAt,
      until: head.until,
      since: changes && { changes, fence: fenceAt(total, scope.position) },
      intentsDueAt: dueAtOf(scope),
    };
  }

  async fence(key: string): Promise<Fence> {
    const { total, scope } = await this.#state(key);
    return fenceAt(total, scope.position);
  }

  /** With a `term`, nothing is stored if another holder has the next one. */
  async put(key: string, { rows, fetchedAt, until }: CachedRows, fence?: Fence, term?: number): Promise<boolean> {
    const { clock, maxBytes, maxScopes } = this.#settings;
    const body = rows.toArray();
    const size = sizeOf(key) + sizeOf(body);
    if (size > maxBytes) return false;
    const isMutable = body.some(([, row]) => holdsMutable(row));
    const stores = [...LOG, "heads", "bodies", ...term === undefined ? [] : [LEASES]];
    const total = await this.#db.step(stores, "readwrite", async (store) => {
      if (term !== undefined) await checkTerm(store, scopeOf(key) ?? "", term);
      const [state, held] = await Promise.all([
        readState(store, scopeOf(key) ?? ""),
        answerOf(store("heads").get(key)) as Promise<Head | undefined>, // Written here alone.
      ]);
      const { total, scope } = state;
      const at = fence === undefined ? scope.position : positionOf(fence, total);
      if (at === undefined || at > scope.position || at < Math.max(scope.lowestFence, scope.floor)) return undefined;
      if (held !== undefined && held.at > at) return undefined;
      const landed = scope.intents.length > 0 ? scope.position + HALF_STEP : scope.position;
      const [last, storedAt] = [total.last + 1, clock.now()];
      const head: Head = { key, at, until: until ?? landed, fetchedAt, storedAt, size, age: last, isMutable };
      store("heads").put(head);
      store("bodies").put(body, key);
      const next = { ...without(total, held), last };
      const added: Total = { ...next, entries: next.entries + 1, bytes: next.bytes + size };
      if (scope.age === 0) await writeChanged(store, { total: added, scope }, maxScopes);
      else writeTotal(store, added);
      return added;
    });
    if (total === undefined) return false;
    if (isFull(total, this.#settings)) await this.makeRoom();
    return true;
  }

  async log(scope: string, record: LogRecord): Promise<Fence> {
    return await this.#log(scope, record, LOG, () => Promise.resolve());
  }

  /**
   * Logs what the holder of a term has received.
   *
   * @throws {DOMException} an `AbortError` if another holder has the next term.
   */
  async feed(name: string, record: LogRecord, term: number): Promise<Fence> {
    return await this.#log(name, record, [...LOG, LEASES], (store) => checkTerm(store, name, term));
  }

  /** The lease of the right to feed a log. */
  async leaseOf(name: string): Promise<Lease | undefined> {
    return await this.#db.step([LEASES], "readonly", (store) => leaseIn(store, name));
  }

  /** Ends the lease of a holder. The next one gets another term. */
  async release(name: string, holder: string): Promise<void> {
    await this.#db.step([LEASES], "readwrite", async (store) => {
      const held = await leaseIn(store, name);
      if (held?.holder === holder) store(LEASES).put({ ...held, holder: "", until: 0 }, name);
    });
  }

  /** Takes or extends the lease; answers with the one of another holder that has it. `ended` is the term of one that is gone. */
  async lease(name: string, request: LeaseRequest, ended?: number): Promise<Lease> {
    return await this.#db.step([LEASES], "readwrite", async (store) => {
      const held = await leaseIn(store, name);
      const current = held === undefined || held.term === ended ? undefined : held;
      const lease = leaseAfter(current, request, (held?.term ?? 0) + 1);
      if (lease !== undefined) store(LEASES).put(lease, name);
      return lease ?? held as Lease; // It is held by another one.
    });
  }

  /** What was logged in a scope since a fence. */
  async since(name: string, fence: Fence | undefined): Promise<LoggedSince> {
    return await this.#db.step(LOG, "readonly", async (store) => {
      const { total, scope } = await readState(store, name);
      const from = fence === undefined ? undefined : positionOf(fence, total);
      const isKnown = from !== undefined && from >= Math.max(scope.floor, scope.lowestFence);
      const changes = isKnown ? await changesAfter(store, name, from) : undefined;
      return { changes, fence: fenceAt(total, scope.position) };
    });
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    const { maxScopes } = this.#settings;
    const name = scopeOf(prefix);
    await this.#db.step(LOG, "readwrite", async (store) => {
      if (name !== undefined) {
        return await writeChanged(store, moved(store, await readState(store, name), prefix), maxScopes);
      }
      const scopes = await answerOf(store("scopes").getAll()) as readonly Scope[]; // Written here alone.
      const { last, ...rest } = await readTotal(store);
      let total: Total = { ...rest, last: last + 1, elsewhere: last + 1 };
      for (const scope of scopes) {
        // The keys without a `/` are the scope "".
        if (scope.name !== "" && !scope.name.startsWith(prefix)) continue;
        const state = moved(store, { total, scope }, prefix);
        store("scopes").put(state.scope);
        total = state.total;
      }
      writeTotal(store, total);
    });
    if (prefix !== name && prefix !== "") { while (await this.#dropSome(prefix)); }
  }

  /** Drops the older half of the entries, for lack of room on the disk. */
  async halve(): Promise<void> {
    const { entries, bytes } = await this.#db.step(["total"], "readonly", readTotal);
    await this.makeRoom({ maxEntries: entries / 2, maxBytes: bytes / 2 });
  }

  /** Drops what is too old, and then the oldest entries until all bounds are met. */
  async makeRoom(bounds: EntryBounds = this.#settings): Promise<void> {
    const isDone = (): Promise<boolean> =>
      this.#db.step(ENTRIES, "readwrite", async (store) => {
        const oldest = await answerOf(store("heads").index("age").getAll(null, BATCH)) as readonly Head[];
        let total = await readTotal(store);
        // Nothing left to drop means wrong counts.
        if (oldest.length === 0) total = { ...total, entries: 0, bytes: 0 };
        for (const head of oldest) {
          if (!isFull(total, bounds) && !this.#isExpired(head)) break;
          total = drop(store, total, head);
        }
        writeTotal(store, total);
        return oldest.length < BATCH || !isFull(total, bounds);
      });
    while (!await isDone());
  }

  async #log(
    name: string,
    record: LogRecord,
    stores: readonly string[],
    check: (store: IdbStores) => Promise<void>,
  ): Promise<Fence> {
    const add = (): Promise<Fence> =>
      this.#db.step(stores, "readwrite", async (store) => {
        const [state] = await Promise.all([readState(store, name), check(store)]);
        const next = await addRecord(store, state, record, this.#settings);
        await writeChanged(store, next, this.#settings.maxScopes);
        return fenceAt(next.total, next.scope.position);
      });
    try {
      return await add();
    } catch (error) {
      if (!isFullDisk(error)) throw error;
      await this.halve();
      return await add();
    }
  }

  #state(key: string): Promise<State> {
    return this.#db.step(STATE, "readonly", (store) => readState(store, scopeOf(key) ?? ""));
  }

  /** Drops entries whose keys begin with a prefix; returns whether there may be more. */
  #dropSome(prefix: string): Promise<boolean> {
    return this.#db.step(ENTRIES, "readwrite", async (store) => {
      const heads = await answerOf(store("heads").getAll(rangeFrom(prefix), BATCH)) as readonly Head[];
      const dropped = heads.filter(({ key }) => key.startsWith(prefix));
      writeTotal(store, dropped.reduce((total, head) => drop(store, total, head), await readTotal(store)));
      return dropped.length === BATCH;
    });
  }

  /** A clock that was set back expires nothing. */
  #isExpired({ storedAt }: Head): boolean {
    return storedAt < this.#settings.clock.now() - this.#settings.maxAgeMs;
  }
}

/** Whether a step failed for lack of room on the disk. */
export function isFullDisk(error: unknown): boolean {
  return isError(error) && error.name === "QuotaExceededError";
}

function isFull({ entries, bytes }: Total, { maxEntries, maxBytes }: EntryBounds): boolean {
  return entries > maxEntries || bytes > maxBytes;
}

/** The state after what begins with a prefix was invalidated in its scope. */
function moved(store: IdbStores, { total, scope }: State, prefix: string): State {
  const position = total.last + 1;
  const next = { total: { ...total, last: position }, scope: { ...scope, position, lowestFence: position } };
  return scope.name.startsWith(prefix) ? emptied(store, next) : next;
}

function drop(store: IdbStores, total: Total, head: Head): Total {
  store("heads").delete(head.key);
  store("bodies").delete(head.key);
  return without(total, head);
}

function without(total: Total, head: Head | undefined): Total {
  return head === undefined ? total : { ...total, entries: total.entries - 1, bytes: total.bytes - head.size };
}

async function checkTerm(store: IdbStores, name: string, term: number): Promise<void> {
  if ((await leaseIn(store, name))?.term !== term) throw new DOMException("The term is over", "AbortError");
}

async function leaseIn(store: IdbStores, name: string): Promise<Lease | undefined> {
  return await answerOf(store(LEASES).get(name)) as Lease | undefined; // Written here alone.
}
