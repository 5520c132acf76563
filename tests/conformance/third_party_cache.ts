import { type Cache, type CachedRows, type Fence, type RowEntry, Rows } from "@vantage/live";

interface Kept {
  readonly entries: readonly RowEntry[];
  readonly fetchedAt: number;
}

/**
 * A cache as somebody might write one who knows nothing but the interface: asynchronous, and keeping structured clones,
 * as a store behind a message channel would. One counter per prefix that was ever invalidated makes the fences.
 */
export class CloneCache implements Cache {
  readonly #kept = new Map<string, Kept>();
  readonly #invalidations = new Map<string, number>();

  async get(key: string): Promise<CachedRows | undefined> {
    const kept = await this.#read(key);
    if (kept === undefined) return undefined;
    return { rows: Rows.from(structuredClone(kept.entries)), fetchedAt: kept.fetchedAt };
  }

  async fence(key: string): Promise<Fence> {
    return await Promise.resolve(this.#fence(key));
  }

  async put(key: string, { rows, fetchedAt }: CachedRows, fence?: Fence): Promise<boolean> {
    const kept = structuredClone({ entries: [...rows], fetchedAt });
    await Promise.resolve();
    if (fence !== undefined && fence !== this.#fence(key)) return false;
    this.#kept.set(key, kept);
    return true;
  }

  async invalidatePrefix(prefix: string): Promise<void> {
    await Promise.resolve();
    this.#invalidations.set(prefix, (this.#invalidations.get(prefix) ?? 0) + 1);
    for (const key of this.#kept.keys()) {
      if (key.startsWith(prefix)) this.#kept.delete(key);
    }
  }

  #fence(key: string): number {
    let sum = 0;
    for (const [prefix, count] of this.#invalidations) {
      if (key.startsWith(prefix)) sum += count;
    }
    return sum;
  }

  async #read(key: string): Promise<Kept | undefined> {
    return await Promise.resolve(this.#kept.get(key));
  }
}
