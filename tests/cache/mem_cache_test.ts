import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CachedRows, MemCache, Rows } from "@vantage/live";

function entry(rowCount: number): CachedRows {
  return { rows: Rows.from(Array.from({ length: rowCount }, (_, at) => [`${at}`, { at }])), fetchedAt: 1 };
}

/** The keys among those given that are held. Looking makes each of them the most recently used, in this order. */
function held(cache: MemCache, ...keys: string[]): string[] {
  return keys.filter((key) => cache.get(key) !== undefined);
}

function filled(cache: MemCache, ...keys: string[]): MemCache {
  for (const key of keys) cache.put(key, entry(1));
  return cache;
}

describe("MemCache", () => {
  it("answers without a promise", () => {
    const cache = new MemCache();
    assert.equal(typeof cache.fence("a/all"), "number");
    assert.equal(cache.put("a/all", entry(1), cache.fence("a/all")), true);
    assert.equal(cache.get("a/all")?.rows.size, 1);
    assert.equal(cache.invalidatePrefix("a/"), undefined);
    assert.equal(cache.get("a/all"), undefined);
  });

  it("answers every hit with the same object, so that a hit allocates nothing", () => {
    const cache = filled(new MemCache(), "a/all");
    assert.equal(cache.get("a/all"), cache.get("a/all"));
  });

  it("keeps the bound of entries, the oldest going first", () => {
    const cache = filled(new MemCache({ maxEntries: 3 }), "a", "b", "c", "d");
    assert.equal(cache.size, 3);
    assert.deepEqual(held(cache, "a", "b", "c", "d"), ["b", "c", "d"]);
  });

  it("counts the entries of each scope, and those it evicted, also of a scope of which nothing is left", () => {
    const cache = filled(new MemCache({ maxEntries: 3 }), "a/1", "b/1", "b/2");
    assert.deepEqual(cache.usage("a/"), { entries: 1, evictions: 0 });
    assert.deepEqual(cache.usage("b/"), { entries: 2, evictions: 0 });
    assert.deepEqual(cache.usage("never/"), { entries: 0, evictions: 0 });
    filled(cache, "b/3", "b/4");
    assert.deepEqual(cache.usage("a/"), { entries: 0, evictions: 1 });
    assert.deepEqual(cache.usage("b/"), { entries: 3, evictions: 1 });
    cache.invalidatePrefix("b/");
    assert.deepEqual(cache.usage("b/"), { entries: 0, evictions: 1 }, "what was invalidated was not evicted");
  });

  it("counts the evictions of no more scopes than it remembers", () => {
    const cache = new MemCache({ maxEntries: 1, maxScopes: 2 });
    for (let scope = 0; scope < 10; scope++) filled(cache, `${scope}/all`);
    const evictions = Array.from({ length: 10 }, (_, scope) => cache.usage(`${scope}/`).evictions);
    assert.deepEqual(evictions, [0, 0, 0, 0, 0, 0, 0, 1, 1, 0]);
  });

  it("counts a get as use", () => {
    const cache = filled(new MemCache({ maxEntries: 3 }), "a", "b", "c");
    cache.get("a");
    filled(cache, "d");
    assert.deepEqual(held(cache, "a", "b", "c", "d"), ["a", "c", "d"]);
  });

  it("counts a put as use", () => {
    const cache = filled(new MemCache({ maxEntries: 3 }), "a", "b", "c");
    filled(cache, "a", "d");
    assert.deepEqual(held(cache, "a", "b", "c", "d"), ["a", "c", "d"]);
  });

  it("does not count a get that misses, a fence or a refused put as use", () => {
    const cache = filled(new MemCache({ maxEntries: 2 }), "s/a", "s/b");
    cache.fence("s/a");
    cache.put("s/a", entry(1), "no fence of this cache");
    cache.get("s/none");
    filled(cache, "s/c");
    assert.deepEqual(held(cache, "s/a", "s/b", "s/c"), ["s/b", "s/c"]);
  });

  it("goes by use in any order of gets, puts and invalidations", () => {
    const cache = filled(new MemCache({ maxEntries: 4 }), "a/1", "b/1", "a/2", "b/2");
    held(cache, "b/2", "a/1");
    cache.invalidatePrefix("b/");
    filled(cache, "c/1", "c/2");
    held(cache, "c/1");
    filled(cache, "d/1", "d/2");
    assert.deepEqual(held(cache, "a/1", "a/2", "b/1", "b/2", "c/1", "c/2", "d/1", "d/2"), ["c/1", "c/2", "d/1", "d/2"]);
  });

  it("keeps the bound of rows, as many entries going as need to", () => {
    const cache = new MemCache({ maxRows: 10 });
    for (const key of ["a", "b", "c"]) cache.put(key, entry(3));
    cache.put("d", entry(6));
    assert.equal(cache.rowCount, 9);
    assert.deepEqual(held(cache, "a", "b", "c", "d"), ["c", "d"]);
  });

  it("keeps an entry of exactly as many rows as it may, alone", () => {
    const cache = filled(new MemCache({ maxRows: 5 }), "a");
    assert.equal(cache.put("b", entry(5)), true);
    assert.deepEqual(held(cache, "a", "b"), ["b"]);
  });

  it("does not keep an entry with more rows than it may, nor what stood there before, nor drops others for it", () => {
    const cache = filled(new MemCache({ maxRows: 5 }), "a", "b");
    assert.equal(cache.put("a", entry(6)), false);
    assert.deepEqual(held(cache, "a", "b"), ["b"]);
  });

  it("counts entries without rows as entries", () => {
    const cache = new MemCache({ maxEntries: 2, maxRows: 1 });
    for (const key of ["a", "b", "c"]) cache.put(key, entry(0));
    assert.deepEqual(held(cache, "a", "b", "c"), ["b", "c"]);
  });

  it("counts its entries and rows right through overwriting, refusing and invalidating", () => {
    const cache = new MemCache();
    const fence = cache.fence("s/a");
    cache.put("s/a", entry(3));
    cache.put("s/a", entry(5));
    cache.put("s/b", entry(2));
    cache.put("t/a", entry(1));
    assert.deepEqual([cache.size, cache.rowCount], [3, 8]);
    cache.invalidatePrefix("s/a");
    cache.put("s/a", entry(9), fence);
    assert.deepEqual([cache.size, cache.rowCount], [2, 3]);
    cache.invalidatePrefix("s/");
    assert.deepEqual([cache.size, cache.rowCount], [1, 1]);
    cache.invalidatePrefix("");
    assert.deepEqual([cache.size, cache.rowCount], [0, 0]);
  });

  it("drops every entry under a prefix, and no other of its scope", () => {
    const cache = new MemCache();
    const keys = ["s/a/1", "s/a/2", "s/a/3", "s/b/1"];
    for (const key of keys) cache.put(key, entry(1));
    cache.invalidatePrefix("s/a/");
    assert.deepEqual(held(cache, ...keys), ["s/b/1"]);
    assert.deepEqual([cache.size, cache.rowCount], [1, 1]);
  });

  it("remembers when scopes were invalidated, the last of them, and refuses an old fence of any other", () => {
    const cache = new MemCache({ maxScopes: 3 });
    const [first, other] = [cache.fence("first/all"), cache.fence("other/all")];
    for (const scope of ["first", "b", "b", "c"]) cache.invalidatePrefix(`${scope}/`);
    assert.equal(cache.fence("other/all"), other);
    const second = cache.fence("first/all");
    cache.invalidatePrefix("d/");
    assert.notEqual(cache.fence("other/all"), other, "more scopes are remembered than asked for");
    assert.equal(cache.put("first/all", entry(1), first), false);
    assert.equal(cache.put("first/all", entry(1), second), true);
    for (let round = 0; round < 20; round++) cache.invalidatePrefix(`${round % 7}/`);
    for (const fence of [first, other]) assert.equal(cache.put("first/all", entry(1), fence), false);
    assert.equal(cache.put("first/all", entry(1), second), true, "a scope with an entry is remembered");
    assert.equal(cache.put("first/all", entry(1), cache.fence("first/all")), true);
  });

  it("keeps 10 000 entries and 100 000 rows unless told otherwise", () => {
    const many = new MemCache();
    for (let at = 0; at < 10_000; at++) many.put(`k/${at}`, entry(0));
    assert.equal(many.size, 10_000);
    many.put("k/more", entry(0));
    assert.equal(many.size, 10_000);
    const large = new MemCache();
    large.put("k/1", entry(99_999));
    large.put("k/2", entry(1));
    assert.equal(large.rowCount, 100_000);
    large.put("k/3", entry(1));
    assert.deepEqual(held(large, "k/1", "k/2", "k/3"), ["k/2", "k/3"]);
  });

  it("remembers which of 10 000 scopes were invalidated, and forgets the one longest ago for each beyond", () => {
    const cache = new MemCache();
    const untouched = cache.fence("untouched/all");
    for (let scope = 0; scope < 10_000; scope++) cache.invalidatePrefix(`scope_${scope}/`);
    assert.equal(cache.fence("untouched/all"), untouched, "no other scope is concerned while each is remembered");
    // Said again, it is the latest, and takes no more room.
    cache.invalidatePrefix("scope_0/");
    assert.equal(cache.fence("untouched/all"), untouched);
    const known = [0, 3, 9_999].map((scope) => [`scope_${scope}/all`, cache.fence(`scope_${scope}/all`)] as const);
    const before = new Set([untouched]);
    for (const more of ["one/", "one more/"]) {
      cache.invalidatePrefix(more);
      assert(!before.has(cache.fence("untouched/all")), "it might be the one that is forgotten");
      before.add(cache.fence("untouched/all"));
      for (const [key, fence] of known) assert.equal(cache.fence(key), fence, key);
    }
    for (const prefix of ["", "two/", "three/", "four/"]) {
      cache.invalidatePrefix(prefix);
      for (const [key, fence] of known) assert.notEqual(cache.fence(key), fence, `${key} after ${prefix}`);
    }
  });

  for (const bound of ["maxEntries", "maxRows", "maxScopes"] as const) {
    it(`refuses a ${bound} that is no whole number of at least 1`, () => {
      for (const value of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
        assert.throws(() => new MemCache({ [bound]: value }), { name: "RangeError", message: new RegExp(bound) });
      }
      assert.throws(() => new MemCache({ [bound]: "5" as unknown as number }), { name: "RangeError" });
      assert.equal(new MemCache({ [bound]: undefined }).size, 0);
    });
  }
});
