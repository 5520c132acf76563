import assert from "node:assert/strict";
import { describe, it } from "node:test";
// What SqliteCache and DurableObjectCache make of their options; it is no entry of the library.
import { storeSettings } from "../../../src/drivers/sqlite/sqlite_store.ts";

describe("storeSettings()", () => {
  it("are 100 000 entries, 10 000 scopes, 256 MiB and 1000 changes of a scope by default", () => {
    const { maxEntries, maxScopes, maxBytes, maxChanges } = storeSettings({});
    assert.deepEqual([maxEntries, maxScopes, maxBytes, maxChanges], [100_000, 10_000, 268_435_456, 1_000]);
    const given = storeSettings({ maxEntries: 1, maxScopes: 3, maxBytes: 2, maxChanges: 4 });
    assert.deepEqual([given.maxEntries, given.maxScopes, given.maxBytes, given.maxChanges], [1, 3, 2, 4]);
  });

  it("let one entry have as many bytes as all may, and no more than it may itself", () => {
    assert.equal(storeSettings({ maxBytes: 100 }).maxEntryBytes, 100);
    assert.equal(storeSettings({ maxBytes: 100 }, 10).maxEntryBytes, 10);
    assert.equal(storeSettings({ maxBytes: 10 }, 100).maxEntryBytes, 10);
  });

  it("name a bound that is no whole number of at least 1", () => {
    for (const bound of ["maxEntries", "maxScopes", "maxBytes", "maxChanges"]) {
      for (const value of [0, -1, 0.5, NaN, Infinity]) {
        assert.throws(() => storeSettings({ [bound]: value }), { name: "RangeError", message: new RegExp(bound) });
      }
    }
  });
});
