import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { type Cache, LiveTable, MemCache, MemTable } from "@vantage/live";
import { BAKERY, slowly } from "./fixture.ts";

/** What a cache of JavaScript may hand out that is no entry. */
const NO_ENTRIES: readonly unknown[] = [
  {},
  5,
  "text",
  true,
  { rows: undefined, fetchedAt: 0 },
  { rows: [], fetchedAt: 0 },
  { rows: { content: [] }, fetchedAt: 0 },
  { rows: new Map([["z", {}]]), fetchedAt: 0 },
];

for (
  const { kind, later } of [
    { kind: "at once", later: (cache: Cache) => cache },
    { kind: "later", later: slowly },
  ]
) {
  describe(`A cache that answers, ${kind}, with`, () => {
    for (const answer of NO_ENTRIES) {
      it(`${inspect(answer)}: the master is asked, and the failure counted`, async () => {
        const inner = new MemCache();
        const cache: Cache = {
          // The type of the cache is what its author breaks.
          get: () => answer as ReturnType<Cache["get"]>,
          fence: (key) => inner.fence(key),
          put: (key, rows, fence) => inner.put(key, rows, fence),
          invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
        };
        const table = new LiveTable(new MemTable("products", { rows: BAKERY }), "products", later(cache));
        assert.equal((await table.listValues()).size, 3);
        assert.equal((await table.getValue("a"))?.price, 2);
        assert.equal((await table.explain("products/all")).held, false);
        assert.equal(table.stats().cacheFailures, 4, "the row is looked for in the list, too");
        await table.close();
      });
    }
  });
}
