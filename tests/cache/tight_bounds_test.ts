import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { describe } from "node:test";
import { type Cache, type Fence, MemCache, Rows } from "@vantage/live";
import { DenoKvCache } from "@vantage/live/deno-kv";
import { SqliteCache } from "@vantage/live/sqlite";
import { skippable } from "../skippable.ts";
import { NO_KV } from "../drivers/deno_kv/deno_kv_fixture.ts";

const BOUNDS = { maxEntries: 5, maxScopes: 3 };
const STEPS = 1_500;

/** Caches so small that they forget entries and scopes all the time. */
const CACHES: Readonly<Record<string, () => Promise<Cache & Partial<AsyncDisposable>>>> = {
  MemCache: () => Promise.resolve(new MemCache(BOUNDS)),
  SqliteCache: () => SqliteCache.open(new DatabaseSync(":memory:"), BOUNDS),
  DenoKvCache: () => DenoKvCache.open(":memory:", BOUNDS),
};

/** Numbers from 0 to below 1, the same for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    return state / 2 ** 32;
  };
}

/** What any cache must hold to, whatever it forgets: what was put last since the last invalidation, or nothing. */
async function run(cache: Cache, seed: number): Promise<void> {
  const random = chance(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const keys = ["a", "b", "c", "d", "e", "f"].flatMap((scope) => [`${scope}/x`, `${scope}/xy`]).concat("solo");
  const prefixes = [...keys, "a/", "b/", "c/", "d/", "e/", "f/", "a", "solo", "b/x", ""];
  const held = new Map<string, number>();
  const fences: { readonly key: string; readonly fence: Fence; valid: boolean }[] = [];
  for (let step = 0; step < STEPS; step++) {
    const key = pick(keys);
    const where = `seed ${seed}, step ${step}, ${key}`;
    const cached = { rows: Rows.from([["a", { step }]]), fetchedAt: Math.floor(random() * 1e13) };
    const kind = random();
    if (kind < 0.2) {
      const prefix = pick(prefixes);
      await cache.invalidatePrefix(prefix);
      for (const fence of fences) fence.valid &&= !fence.key.startsWith(prefix);
      for (const each of held.keys()) if (each.startsWith(prefix)) held.delete(each);
    } else if (kind < 0.45) {
      fences.push({ key, fence: await cache.fence(key), valid: true });
    } else if (kind < 0.65) {
      const taken = pick(fences);
      if (taken === undefined) continue;
      const stored = await cache.put(taken.key, cached, taken.fence);
      assert(!stored || taken.valid, `${where}: stored what was fetched before an invalidation`);
      if (stored) held.set(taken.key, step);
    } else if (kind < 0.8) {
      assert.equal(await cache.put(key, cached, await cache.fence(key)), true, where);
      held.set(key, step);
      assert.notEqual(await cache.get(key), undefined, where);
    } else {
      const found = (await cache.get(key))?.rows.get("a")?.step;
      assert(found === undefined || found === held.get(key), `${where}: found ${found}, put ${held.get(key)}`);
    }
  }
}

describe("A cache that is too small for what is asked of it", () => {
  for (const [name, open] of Object.entries(CACHES)) {
    const missing = name === "DenoKvCache" ? NO_KV : undefined;
    skippable(`serves and stores nothing old, whatever it forgets: ${name}`, missing, async () => {
      for (const seed of [1, 2, 3]) {
        const cache = await open();
        await run(cache, seed);
        await cache[Symbol.asyncDispose]?.();
      }
    });
  }
});
