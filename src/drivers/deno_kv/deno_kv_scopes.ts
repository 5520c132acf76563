import { amount, countOf, inBatches, keyPart, type KvDatabase, type KvEntry } from "./deno_kv_database.ts";
import type { KvKey, KvStamp } from "./deno_kv_handle.ts";

/** The most records that one atomic can check. */
const RECORDS_PER_STEP = 100;
/** How often an invalidation is tried that conflicts with others. */
const MAX_TRIES = 50;

/**
 * Invalidations, in one record for the store and one for each scope that was ever invalidated:
 *
 * ```text
 * [namespace, "store"]
 * [namespace, "scope", name]
 * [namespace, "count", "scopes"]    the number of scope records
 * ```
 *
 * Every invalidation writes a record, so its versionstamp is the **fence**. The **floor** is the write before which
 * entries are invalid: the record's own, or an older one stored in it if only some entries of the scope were
 * invalidated.
 *
 * A scope record older than the floor of the store is obsolete and may be removed: its entries are below that floor
 * anyway, and every earlier fence contains an older versionstamp of the store.
 */
export class KvScopes {
  readonly #db: KvDatabase;
  readonly #store: KvKey;
  readonly #count: KvKey;
  /** The most scope records; one more invalidates everything instead. */
  readonly #maxScopes: number;

  constructor(db: KvDatabase, maxScopes: number) {
    this.#db = db;
    this.#maxScopes = maxScopes;
    this.#store = db.key("store");
    this.#count = db.key("count", "scopes");
  }

  /** The keys of the records for a scope: that of the store, and its own. */
  async keys(scope: string): Promise<readonly [store: KvKey, scope: KvKey]> {
    return [this.#store, this.#db.key("scope", await keyPart(scope))];
  }

  /** The floors of some scopes. */
  async floors(scopes: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const names = [...scopes];
    const keys = await Promise.all(names.map((scope) => this.keys(scope)));
    const [store, ...records] = await this.#db.read([this.#store, ...keys.map(([, key]) => key)]);
    return new Map(records.map((record, at) => [names[at] ?? "", floorOf(store, record)]));
  }

  /** Moves the fence of a scope or of the store, and also the floor unless `keepsEntries`. */
  async invalidate(scope: string | undefined, { keepsEntries }: { readonly keepsEntries: boolean }): Promise<void> {
    const key = scope === undefined ? this.#store : (await this.keys(scope))[1];
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const [record, count] = await this.#db.read([key, this.#count]);
      const added = scope !== undefined && record.versionstamp === null;
      if (added && countOf(count) >= this.#maxScopes) return await this.#startOver();
      const { ok } = await this.#db.commit((step) => {
        if (added) step.sum(this.#count, 1n);
        step.check(record).set(key, keepsEntries ? floorOf(record) : OWN_VERSIONSTAMP);
      });
      if (ok) return;
    }
    throw new Error(`Cannot invalidate: ${MAX_TRIES} attempts conflicted with others`);
  }

  /** Invalidates everything; returns the floor of everything. */
  async invalidateAll(): Promise<string> {
    await this.invalidate(undefined, { keepsEntries: false });
    const [store] = await this.#db.read([this.#store]);
    return floorOf(store);
  }

  /** Invalidates everything, and removes the records that are obsolete then. */
  async #startOver(): Promise<void> {
    const floor = await this.invalidateAll();
    for await (const batch of inBatches(this.#db.list(["scope"]), RECORDS_PER_STEP)) {
      await this.#remove(batch.filter((record) => isBelow(record, floor)));
    }
  }

  async #remove(records: readonly KvStamp[]): Promise<void> {
    if (records.length === 0) return;
    await this.#db.commit((step) => {
      step.sum(this.#count, amount(-records.length));
      for (const record of records) step.check(record).delete(record.key);
    });
  }
}

/** The value of a record whose floor is its own versionstamp. */
const OWN_VERSIONSTAMP = true;

/** The fence of a scope, from the record of the store and its own. */
export function fenceOf(store: KvStamp, scope: KvStamp): string {
  return `${store.versionstamp ?? ""}:${scope.versionstamp ?? ""}`;
}

/** The latest floor of some records. */
export function floorOf(...records: readonly KvEntry[]): string {
  const floors = records.map(({ value, versionstamp }) => typeof value === "string" ? value : versionstamp ?? "");
  return floors.reduce((last, floor) => floor > last ? floor : last, "");
}

/** Whether an entry was written before a floor. */
export function isBelow({ versionstamp }: KvStamp, floor: string): boolean {
  return (versionstamp ?? "") < floor;
}
