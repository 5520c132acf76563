import { amount, countOf, inBatches, keyPart, type KvDatabase, type KvEntry } from "./deno_kv_database.ts";
import type { KvKey, KvStamp } from "./deno_kv_handle.ts";

/** How many records one atomic can check. */
const RECORDS_PER_STEP = 100;
/** How often an invalidation that others come in the way of is tried. */
const MAX_TRIES = 50;

/**
 * What was invalidated, in one record for the store and one for each scope that ever was:
 *
 * ```text
 * [namespace, "store"]
 * [namespace, "scope", name]
 * [namespace, "count", "scopes"]    how many of the latter there are
 * ```
 *
 * Every invalidation writes a record, so its versionstamp is the **fence**. The **floor** is the write up to which entries
 * are invalidated: the record's own, or an older one that the record holds, if only some entries of the scope were.
 *
 * A record that is older than the floor of the store says nothing any more, and may go: its entries are below that floor
 * anyway, and every fence from before it holds an older versionstamp of the store.
 */
export class KvScopes {
  readonly #db: KvDatabase;
  readonly #store: KvKey;
  readonly #count: KvKey;
  /** How many scopes have a record of their own; when there would be more, everything is invalidated at once instead. */
  readonly #maxScopes: number;

  constructor(db: KvDatabase, maxScopes: number) {
    this.#db = db;
    this.#maxScopes = maxScopes;
    this.#store = db.key("store");
    this.#count = db.key("count", "scopes");
  }

  /** Where the records stand that concern a scope: that of the store, and its own. */
  async keys(scope: string): Promise<readonly [store: KvKey, scope: KvKey]> {
    return [this.#store, this.#db.key("scope", await keyPart(scope))];
  }

  /** The floor of each of some scopes. */
  async floors(scopes: ReadonlySet<string>): Promise<ReadonlyMap<string, string>> {
    const names = [...scopes];
    const keys = await Promise.all(names.map((scope) => this.keys(scope)));
    const [store, ...records] = await this.#db.read([this.#store, ...keys.map(([, key]) => key)]);
    return new Map(records.map((record, at) => [names[at] ?? "", floorOf(store, record)]));
  }

  /** Moves the fence of a scope, or of all, and the floor with it unless `keepsEntries`. */
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
    throw new Error(`Cannot invalidate: others did so ${MAX_TRIES} times meanwhile`);
  }

  /** Invalidates everything, and removes the records that then say nothing any more. */
  async #startOver(): Promise<void> {
    await this.invalidate(undefined, { keepsEntries: false });
    const [store] = await this.#db.read([this.#store]);
    for await (const batch of inBatches(this.#db.list("scope"), RECORDS_PER_STEP)) {
      await this.#remove(batch.filter((record) => isBelow(record, floorOf(store))));
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

/** A record that is its own floor. */
const OWN_VERSIONSTAMP = true;

/** The fence of a scope, given the record of the store and its own. */
export function fenceOf(store: KvStamp, scope: KvStamp): string {
  return `${store.versionstamp ?? ""}:${scope.versionstamp ?? ""}`;
}

/** The write up to which entries are invalidated, by whichever record tells of the last one. */
export function floorOf(...records: readonly KvEntry[]): string {
  const floors = records.map(({ value, versionstamp }) => typeof value === "string" ? value : versionstamp ?? "");
  return floors.reduce((last, floor) => floor > last ? floor : last, "");
}

/** Whether something was written before a floor. */
export function isBelow({ versionstamp }: KvStamp, floor: string): boolean {
  return (versionstamp ?? "") < floor;
}
