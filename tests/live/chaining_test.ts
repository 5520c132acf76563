import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type LiveHandle, LiveTable, MemCache, MemTable } from "@vantage/live";
import { CacheKeys } from "../../src/cache/cache_key.ts";

/** Counts how often keys are computed, each of which reads the whole query. */
function countKeys(): { readonly count: () => number } & Disposable {
  const { ofList, ofIds } = CacheKeys.prototype;
  let count = 0;
  CacheKeys.prototype.ofList = function (query) {
    count++;
    return ofList.call(this, query);
  };
  CacheKeys.prototype.ofIds = function (query) {
    count++;
    return ofIds.call(this, query);
  };
  return {
    count: () => count,
    [Symbol.dispose]: () => void Object.assign(CacheKeys.prototype, { ofList, ofIds }),
  };
}

describe("LiveTable, narrowed step by step", () => {
  it("computes a key for what is read, once, and none for the handles on the way", async () => {
    await using table = new LiveTable(new MemTable("t", { rows: [["a", { n: 5 }]] }), "t", new MemCache());
    using keys = countKeys();
    let narrowed: LiveHandle = table;
    for (let step = 0; step < 100; step++) narrowed = narrowed.where("n", "ne", step + 10).orderBy(`c${step}`);
    assert.equal(keys.count(), 0);
    for (let time = 0; time < 3; time++) assert.equal((await narrowed.listValues()).size, 1);
    assert.equal(keys.count(), 1);
    for (const id of ["a", "b", "a"]) await narrowed.getValue(id);
    assert.equal(keys.count(), 2);
    assert.equal(table.stats().hits, 4, "the list has the row");
  });
});
