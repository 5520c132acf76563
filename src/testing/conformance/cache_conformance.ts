import type { Cache, Fence } from "../../cache/cache.ts";
import { Rows } from "../../table/rows.ts";
import {
  anyCase,
  type CacheCase,
  type CacheHarness,
  entry,
  expectHit,
  expectMiss,
  keeping,
  keepsNothing,
  KEY,
  mutableRows,
  named,
  PREFIXES,
  reopening,
  SCOPE,
  spoil,
} from "./cache_harness.ts";
import { cacheLogCases } from "./cache_log_cases.ts";
import { SAMPLE_ROWS, SAMPLE_VALUES } from "./cache_samples.ts";
import type { ConformanceCase } from "./conformance_case.ts";
import { expect, expectEqual, expectRows, show, soon } from "./expect.ts";

/**
 * The promises of `Cache`, as named cases. A cache may evict entries at any time, but these cases expect it to keep a
 * few hundred small entries for the duration of a case.
 *
 * @example Run them against your cache
 * ```ts
 * import { MemCache } from "@vantage/live";
 * import { cacheConformance, type CacheHarness } from "@vantage/live/testing";
 *
 * function newHarness(): CacheHarness {
 *   const cache = new MemCache({ maxChanges: 100 }); // the storage of one case
 *   const open = () => Promise.resolve({ cache, close: () => {} });
 *   return { keeps: true, persistent: false, copies: false, maxChanges: 100, open };
 * }
 *
 * for (const { skip, run } of cacheConformance) { // each case is one test: it(name, () => run(newHarness()))
 *   const harness = newHarness();
 *   if (skip?.(harness) === undefined) await run(harness);
 * }
 * ```
 */
export const cacheConformance: readonly ConformanceCase<CacheHarness>[] = [
  ...SAMPLE_VALUES.map(([kind, value]) => roundTrip(kind, Rows.from([["a", { before: 1, value, after: null }]]))),
  ...SAMPLE_ROWS.map(([kind, rows]) => roundTrip(kind, rows)),

  anyCase("Cache.get() answers undefined under a key that was never put", async (cache) => {
    await expectMiss(cache, KEY, "an empty cache");
  }),
  anyCase("Cache.put() answers true exactly if the entry can be got afterwards", async (cache) => {
    const stored = await cache.put(KEY, entry("new"));
    const held = await cache.get(KEY);
    expectEqual(stored, held !== undefined, "the answer of put, against whether get finds it");
  }),
  anyCase("Cache.put() answers true exactly if the cache keeps anything", async (cache, _, { keeps }) => {
    expectEqual(await cache.put(KEY, entry("new")), keeps, "without a fence");
    expectEqual(await cache.put(KEY, entry("new"), await cache.fence(KEY)), keeps, "with a fence");
  }),
  keeping("Cache.get() answers when the master was asked", async (cache) => {
    for (const fetchedAt of [0, 1, 1_700_000_000_123, 1_700_000_000_123.25]) {
      await cache.put(KEY, { rows: named("new"), fetchedAt });
      expectEqual((await cache.get(KEY))?.fetchedAt, fetchedAt, "fetchedAt");
    }
  }),
  keeping("Cache.get() finds an entry under exactly its key", async (cache) => {
    await cache.put("clients/caf\u00e9", entry("new"));
    const others = [
      "clients/caf",
      "clients/cafe\u0301",
      "clients/Caf\u00e9",
      "clients/caf\u00e9/",
      "clients/caf\u00e9 ",
    ];
    for (const key of [...others, "/clients/caf\u00e9", "", "clients/%", "clients/c_f\u00e9"]) {
      await expectMiss(cache, key, "a key that is nearly the same");
    }
    await expectHit(cache, "clients/caf\u00e9", "new");
  }),
  keeping("Cache.get() answers the same however often it is asked", async (cache) => {
    await cache.put(KEY, entry("new"));
    for (let time = 0; time < 3; time++) await expectHit(cache, KEY, "new");
  }),
  keeping("Cache.put() overwrites what stands under its key, the time included", async (cache) => {
    await cache.put(KEY, { rows: Rows.from([["a", { name: "old" }], ["b", { name: "old" }]]), fetchedAt: 1 });
    await cache.put(KEY, { rows: named("new"), fetchedAt: 2 });
    await expectHit(cache, KEY, "new");
    expectEqual((await cache.get(KEY))?.fetchedAt, 2, "fetchedAt");
  }),
  keeping("Cache.put() leaves all other keys alone", async (cache) => {
    const keys = Array.from({ length: 100 }, (_, number) => `clients/page_${number}`);
    for (const key of keys) await cache.put(key, entry(key));
    for (const key of keys) await expectHit(cache, key, key);
  }),
  keeping("Cache.get() answers with rows that no reader can change", async (cache) => {
    await cache.put(KEY, { rows: mutableRows(), fetchedAt: 1 });
    for (let reader = 0; reader < 2; reader++) {
      const held = await cache.get(KEY);
      expectRows(held?.rows, mutableRows(), "the entry");
      overwrite(held?.rows);
    }
  }),
  copying("Cache.put() keeps what was put when its dates and bytes are changed afterwards", async (cache) => {
    const rows = mutableRows();
    await cache.put(KEY, { rows, fetchedAt: 1 });
    for (const row of rows.values()) spoil(row);
    expectRows((await cache.get(KEY))?.rows, mutableRows(), "the entry");
  }),
  copying("Cache.get() gives each reader separate dates and bytes", async (cache) => {
    await cache.put(KEY, { rows: mutableRows(), fetchedAt: 1 });
    for (const row of (await cache.get(KEY))?.rows.values() ?? []) spoil(row);
    expectRows((await cache.get(KEY))?.rows, mutableRows(), "what the next reader gets");
  }),

  anyCase("Cache.share(), if there is one, answers with rows that equal those given", async (cache) => {
    for (const [kind, rows] of SAMPLE_ROWS) {
      await cache.put(KEY, { rows, fetchedAt: 1 });
      expectRows(cache.share?.("clients/page_2", rows) ?? rows, rows, kind);
      expectRows(cache.share?.("clients/page_2", named("new")) ?? named("new"), named("new"), `beside ${kind}`);
    }
    await cache.invalidatePrefix(SCOPE);
    expectRows(cache.share?.(KEY, named("new")) ?? named("new"), named("new"), "beside nothing");
  }),

  anyCase("Cache.fence() answers with a string or a number", async (cache) => {
    const fence: unknown = await cache.fence(KEY);
    expect(
      typeof fence === "string" || typeof fence === "number",
      `a fence is a string or a number, got ${show(fence)}`,
    );
  }),
  anyCase("Cache.fence() answers the same while nothing is invalidated", async (cache) => {
    const fence = await cache.fence(KEY);
    await cache.put(KEY, entry("new"), fence);
    await cache.put("clients/page_2", entry("new"));
    await cache.get(KEY);
    expectEqual(await cache.fence(KEY), fence, "the fence");
  }),
  keeping("Cache.fence() is not moved when another scope is invalidated", async (cache) => {
    const fence = await cache.fence(KEY);
    for (const prefix of ["orders/", "client/", "clients2/", "clients%2F/", "x/clients/", "orders/page_1"]) {
      await cache.invalidatePrefix(prefix);
    }
    expectEqual(await cache.fence(KEY), fence, "the fence");
    expectEqual(await cache.put(KEY, entry("new"), fence), true, "the answer of put");
  }),
  ...PREFIXES.map((prefix) =>
    keeping(`Cache.fence() differs after ${show(prefix)} was invalidated`, async (cache) => {
      const fence = await cache.fence(KEY);
      await cache.invalidatePrefix(prefix);
      expect(await cache.fence(KEY) !== fence, `the fence is still ${show(fence)}`);
    })
  ),
  ...PREFIXES.map((prefix) =>
    anyCase(`Cache.put() with a fence taken before ${show(prefix)} was invalidated stores nothing`, async (cache) => {
      const fence = await cache.fence(KEY);
      await cache.invalidatePrefix(prefix);
      expectEqual(await cache.put(KEY, entry("old"), fence), false, "the answer of put");
      await expectMiss(cache, KEY, "after a refused put");
    })
  ),
  keeping("Cache.put() that is refused leaves the newer entry in place", async (cache) => {
    const fence = await cache.fence(KEY);
    await cache.invalidatePrefix(SCOPE);
    await cache.put(KEY, entry("new"), await cache.fence(KEY));
    expectEqual(await cache.put(KEY, entry("old"), fence), false, "the answer of put");
    await expectHit(cache, KEY, "new");
  }),
  keeping("Cache.put() with a fence taken after the last invalidation stores", async (cache) => {
    for (const prefix of PREFIXES) {
      await cache.invalidatePrefix(prefix);
      expectEqual(await cache.put(KEY, entry(prefix), await cache.fence(KEY)), true, "the answer of put");
      await expectHit(cache, KEY, prefix);
    }
  }),
  keeping("Cache.put() without a fence stores, whatever was invalidated before", async (cache) => {
    for (const prefix of PREFIXES) {
      await cache.invalidatePrefix(prefix);
      expectEqual(await cache.put(KEY, entry(prefix)), true, "the answer of put");
      await expectHit(cache, KEY, prefix);
    }
  }),
  keeping("Cache.put() with one fence may be called several times", async (cache) => {
    const fence = await cache.fence(KEY);
    for (const name of ["first", "second"]) {
      expectEqual(await cache.put(KEY, entry(name), fence), true, "the answer of put");
    }
    await expectHit(cache, KEY, "second");
  }),
  anyCase("Cache.put() looks at the fence and stores in one step", async (cache, other) => {
    for (const invalidator of [cache, other]) {
      for (const prefix of [SCOPE, "", "clients/pa"]) {
        const fence = await cache.fence(KEY);
        await Promise.all([cache.put(KEY, entry("old"), fence), invalidator.invalidatePrefix(prefix)]);
        await expectMiss(cache, KEY, "a put and an invalidation at once");
        const next = await cache.fence(KEY);
        await Promise.all([invalidator.invalidatePrefix(prefix), cache.put(KEY, entry("old"), next)]);
        await expectMiss(cache, KEY, "an invalidation and a put at once");
      }
    }
  }),

  keeping("Cache.invalidatePrefix() of a scope drops all of its keys", async (cache) => {
    const keys = [KEY, "clients/all", "clients/id/marty", "clients/view:x/page_1", "clients/"];
    await expectDropped(cache, SCOPE, keys, ["orders/page_1"]);
  }),
  keeping("Cache.invalidatePrefix() compares character for character: client/ leaves clients/ alone", async (cache) => {
    await expectDropped(cache, "client/", ["client/page_1"], [KEY, "client", "Client/page_1", "xclient/page_1"]);
  }),
  keeping("Cache.invalidatePrefix() of a longer prefix leaves the rest of the scope alone", async (cache) => {
    await expectDropped(cache, "clients/id/", ["clients/id/a", "clients/id/b/c"], [KEY, "clients/id", "clients/ID/a"]);
  }),
  keeping("Cache.invalidatePrefix() of a whole key drops that key and all that begin like it", async (cache) => {
    await expectDropped(cache, KEY, [KEY, "clients/page_10"], ["clients/page_2", "clients/page_", "clients/all"]);
  }),
  keeping(
    "Cache.invalidatePrefix() of a prefix that ends within a scope's name drops all such scopes",
    async (cache) => {
      await expectDropped(cache, "client", [KEY, "client/page_1", "client"], ["orders/page_1", "Clients/a", "clien/a"]);
    },
  ),
  keeping('Cache.invalidatePrefix("") drops everything', async (cache) => {
    await expectDropped(cache, "", [KEY, "orders/page_1", "/", "a", ""], []);
  }),
  keeping("Cache.invalidatePrefix() drops keys without a slash too", async (cache) => {
    await expectDropped(cache, "sol", ["solo", "sol", "solo/a"], ["so", "Solo"]);
  }),
  keeping("Cache.invalidatePrefix() takes every character literally, in a scope's name", async (cache) => {
    for (const sign of SIGNS) await expectDropped(cache, `a${sign}b/`, [`a${sign}b/x`], ["aXb/x", "ab/x", "aXXb/x"]);
  }),
  keeping("Cache.invalidatePrefix() takes every character literally, within a scope", async (cache) => {
    for (const sign of SIGNS) await expectDropped(cache, `s/a${sign}`, [`s/a${sign}b`], ["s/aXb", "s/ab", "s/a"]);
  }),
  keeping("Cache.invalidatePrefix() takes every character literally, before a scope's end", async (cache) => {
    for (const sign of SIGNS) await expectDropped(cache, `a${sign}`, [`a${sign}b/x`, `a${sign}`], ["aXb/x", "a/x"]);
  }),
  keeping("Cache.invalidatePrefix() counts characters beyond 16 bits right", async (cache) => {
    await expectDropped(cache, "\u{1f950}\u{1f950}/b", ["\u{1f950}\u{1f950}/bun"], ["\u{1f950}\u{1f950}/roll"]);
    await expectDropped(cache, "\u{1f950}\u{1f950}", ["\u{1f950}\u{1f950}/a"], ["\u{1f950}/a", "\u{1f950}x/a"]);
    await expectDropped(cache, "s/\u{1f950}\u{1f950}", ["s/\u{1f950}\u{1f950}x"], ["s/\u{1f950}", "s/\u{1f950}x"]);
  }),
  keeping("Cache.get() never finds the entry of another key, whatever characters the keys are of", async (cache) => {
    const keys = ALIKE.flatMap((text) => [`ids/id/${text}`, `${text}/all`, text]);
    for (const key of keys) await cache.put(key, entry(key));
    for (const key of keys) await expectHit(cache, key, key);
    const fences = new Map<string, Fence>();
    for (const key of keys) fences.set(key, await cache.fence(key));
    for (const text of ALIKE) {
      for (const other of ALIKE) await cache.put(`ids/id/${other}`, entry("new"));
      await cache.invalidatePrefix(`ids/id/${text}`);
      await expectMiss(cache, `ids/id/${text}`, "an invalidated id");
      for (const other of ALIKE.filter((each) => !each.startsWith(text))) {
        expect(
          await cache.get(`ids/id/${other}`) !== undefined,
          `${show(text)} was invalidated, and ${show(other)} with it`,
        );
      }
    }
    for (const text of ALIKE) {
      await cache.invalidatePrefix(`${text}/`);
      const key = `${text}/all`;
      expectEqual(
        await cache.put(key, entry("old"), fences.get(key)),
        false,
        `put under ${show(key)} with an old fence`,
      );
      await expectMiss(cache, key, "an invalidated scope");
    }
  }),
  keeping(
    "Cache.put() refuses a fence of a scope that was forgotten among very many, invalidated or not",
    async (cache) => {
      const fence = await cache.fence(KEY);
      await cache.invalidatePrefix(SCOPE);
      const later = await cache.fence(KEY);
      for (let scope = 0; scope < MANY_SCOPES; scope++) await cache.invalidatePrefix(`many ${scope}/`);
      expectEqual(await cache.put(KEY, entry("old"), fence), false, "with the first fence");
      await cache.invalidatePrefix(SCOPE);
      expectEqual(await cache.put(KEY, entry("old"), fence), false, "with the first fence, once more");
      expectEqual(await cache.put(KEY, entry("old"), later), false, "with the second fence");
      expectEqual(await cache.put(KEY, entry("new"), await cache.fence(KEY)), true, "with a fence of now");
      await expectHit(cache, KEY, "new");
    },
  ),
  keeping("Cache.put() keeps a new entry, whatever time the old ones say that it was", async (cache) => {
    const day = 86_400_000;
    for (const [at, fetchedAt] of [2 * day, 1, day, -day, 8.64e15].entries()) {
      expectEqual(
        await cache.put(`clients/page_${at}`, { rows: named(`${at}`), fetchedAt }),
        true,
        "the answer of put",
      );
      await expectHit(cache, `clients/page_${at}`, `${at}`);
    }
  }),
  anyCase("Cache.invalidatePrefix() of what holds nothing does nothing, however often", async (cache) => {
    for (const prefix of [...PREFIXES, ...PREFIXES]) await cache.invalidatePrefix(prefix);
    await expectMiss(cache, KEY, "an empty cache");
  }),
  keeping("Cache.invalidatePrefix() of one scope after the other drops each", async (cache) => {
    const scopes = Array.from({ length: 50 }, (_, number) => `table_${number}/`);
    for (const scope of scopes) await cache.put(`${scope}all`, entry(scope));
    for (const [index, scope] of scopes.entries()) {
      await cache.invalidatePrefix(scope);
      await expectMiss(cache, `${scope}all`, "an invalidated scope");
      const next = scopes[index + 1];
      if (next !== undefined) await expectHit(cache, `${next}all`, next);
    }
  }),

  keeping("Two caches on one storage see each other's entries", async (cache, other) => {
    await cache.put(KEY, entry("of the one"));
    await expectHit(other, KEY, "of the one");
    await other.put(KEY, entry("of the other"));
    await expectHit(cache, KEY, "of the other");
  }),
  keeping("Two caches on one storage see each other's invalidations", async (cache, other) => {
    for (const prefix of PREFIXES) {
      await cache.put(KEY, entry("old"));
      await expectHit(cache, KEY, "old");
      await other.invalidatePrefix(prefix);
      await expectMiss(cache, KEY, `after the other invalidated ${show(prefix)}`);
    }
  }),
  anyCase("Two caches on one storage have the same fences", async (cache, other) => {
    expectEqual(await other.fence(KEY), await cache.fence(KEY), "the fence before any invalidation");
    for (const prefix of PREFIXES) {
      await other.invalidatePrefix(prefix);
      expectEqual(await other.fence(KEY), await cache.fence(KEY), `the fence after ${show(prefix)} was invalidated`);
    }
  }),
  anyCase("Two caches on one storage refuse what was fetched before the other's invalidation", async (cache, other) => {
    for (const prefix of PREFIXES) {
      const fence = await cache.fence(KEY);
      await other.invalidatePrefix(prefix);
      expectEqual(await cache.put(KEY, entry("old"), fence), false, `after ${show(prefix)} was invalidated`);
      expectEqual(await other.put(KEY, entry("old"), fence), false, `after ${show(prefix)} was invalidated`);
      await expectMiss(cache, KEY, "after refused puts");
    }
  }),

  reopening("Cache.get() finds after closing and opening again what was put before", async (reopened) => {
    await reopened((cache) => cache.put(KEY, { rows: mutableRows(), fetchedAt: 7 }));
    const held = await reopened((cache) => cache.get(KEY));
    expectRows(held?.rows, mutableRows(), "the entry");
    expectEqual(held?.fetchedAt, 7, "fetchedAt");
  }),
  reopening("Cache.invalidatePrefix() holds after closing and opening again", async (reopened) => {
    for (const prefix of PREFIXES) {
      await reopened((cache) => cache.put(KEY, entry("old")));
      await reopened((cache) => cache.invalidatePrefix(prefix));
      await reopened((cache) => expectMiss(cache, KEY, `after ${show(prefix)} was invalidated`));
    }
  }),
  reopening("Cache.fence() answers the same after closing and opening again", async (reopened) => {
    for (const prefix of PREFIXES) {
      await reopened((cache) => cache.invalidatePrefix(prefix));
      const fence = await reopened((cache) => cache.fence(KEY));
      await reopened(async (cache) => expectEqual(await cache.fence(KEY), fence, "the fence"));
      await reopened(async (cache) =>
        expectEqual(await cache.put(KEY, entry("new"), fence), true, "the answer of put")
      );
    }
  }),
  reopening(
    "Cache.put() refuses a fence from before an invalidation after closing and opening again",
    async (reopened) => {
      for (const prefix of PREFIXES) {
        const fence = await reopened((cache) => cache.fence(KEY));
        await reopened((cache) => cache.invalidatePrefix(prefix));
        await reopened(async (cache) =>
          expectEqual(await cache.put(KEY, entry("old"), fence), false, "the answer of put")
        );
      }
    },
  ),
  ...cacheLogCases,
];

/** As many as a test has time for; a cache with a lower bound evicts some. */
const MANY_SCOPES = 300;

/** Texts that a store might confuse: lone surrogates, pairs that share a half, forms of one letter, NUL. */
const ALIKE = [
  "\u{1f950}",
  "\u{1f951}",
  "\u{1f450}",
  "\u{1f950}\u{1f951}",
  "\u{1f951}\u{1f950}",
  "\u{20000}",
  "\u{10ffff}",
  "\ud83e",
  "\udd50",
  "\udd50\ud83e",
  "\ud800",
  "\udfff",
  "\ufffd",
  "\u00e9",
  "e\u0301",
  "\u0000",
  "\u0001",
  "\u0001d83e",
  "d83e",
  "%uD83E",
];

/** Characters with a special meaning in the patterns of some stores. */
const SIGNS = [
  "%",
  "_",
  "*",
  "?",
  "[",
  "]",
  "\\",
  "'",
  '"',
  "`",
  ".",
  "^",
  "$",
  "(",
  "+",
  "|",
  "-",
  ":",
  " ",
  "\u{1f950}",
];

function copying(name: string, body: (cache: Cache, other: Cache) => Promise<void>): CacheCase {
  const left = "the cache leaves copying dates and bytes to LiveTable";
  return { ...anyCase(name, body), skip: ({ keeps, copies }) => keeps && !copies ? left : keepsNothing(keeps) };
}

function roundTrip(kind: string, rows: Rows): CacheCase {
  return keeping(`Cache.get() answers ${kind} as put`, async (cache, other) => {
    expectEqual(await cache.put(KEY, { rows, fetchedAt: 1 }), true, "the answer of put");
    expectRows((await soon(Promise.resolve(cache.get(KEY)), "get"))?.rows, rows, "the entry");
    expectRows((await other.get(KEY))?.rows, rows, "the entry, seen from another cache on the same storage");
  });
}

/** Puts all keys, invalidates the prefix, and checks which are left. Afterwards, new entries must be kept again. */
async function expectDropped(
  cache: Cache,
  prefix: string,
  dropped: readonly string[],
  left: readonly string[],
): Promise<void> {
  const fences = new Map<string, Fence>();
  for (const key of [...dropped, ...left]) {
    fences.set(key, await cache.fence(key));
    await cache.put(key, entry(key));
  }
  await cache.invalidatePrefix(prefix);
  for (const key of dropped) await expectMiss(cache, key, `after ${show(prefix)} was invalidated`);
  for (const key of left) await expectHit(cache, key, key);
  for (const key of dropped) {
    expectEqual(await cache.put(key, entry("old"), fences.get(key)), false, `put under ${show(key)} with an old fence`);
    expectEqual(await cache.put(key, entry("new"), await cache.fence(key)), true, `put under ${show(key)}`);
    await expectHit(cache, key, "new");
  }
}

/** Tries to overwrite columns and the items of lists. Frozen rows may refuse. */
function overwrite(rows: Rows | undefined): void {
  for (const row of rows?.values() ?? []) {
    for (const value of Object.values(row)) {
      if (Array.isArray(value)) Reflect.set(value, 0, "overwritten");
    }
    for (const name of [...Object.keys(row), "added"]) Reflect.set(row, name, "overwritten");
  }
}
