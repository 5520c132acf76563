import { type Cache, Rows, type Value } from "@vantage/live";

const SCOPE = "values/";

/**
 * Values under texts, as other libraries want them, in any of our caches: each is the only row of an entry. The entry's
 * key ends with a slash, so that no other key starts like it.
 */
export class KeyedValues {
  readonly #cache: Cache;

  constructor(cache: Cache) {
    this.#cache = cache;
  }

  async get(key: string): Promise<Value | undefined> {
    return (await this.#cache.get(entryKey(key)))?.rows.get("value")?.value;
  }

  async set(key: string, value: Value): Promise<boolean> {
    return await this.#cache.put(entryKey(key), { rows: Rows.from([["value", { value }]]), fetchedAt: Date.now() });
  }

  /** Whether there was one. */
  async delete(key: string): Promise<boolean> {
    const held = await this.#cache.get(entryKey(key));
    await this.#cache.invalidatePrefix(entryKey(key));
    return held !== undefined;
  }

  /** Deletes all whose keys start with `prefix`. */
  async clear(prefix: string): Promise<void> {
    await this.#cache.invalidatePrefix(SCOPE + escape(prefix));
  }
}

function entryKey(key: string): string {
  return `${SCOPE}${escape(key)}/`;
}

function escape(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("/", "%2F");
}
