import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, slowly } from "./fixture.ts";

/** A cache that cannot log changes; what else it logs, it can. */
function withoutChanges(inner: Cache, isLater: boolean): Cache {
  const full = new Error("The disk is full");
  return {
    get: (key) => inner.get(key),
    fence: (key) => inner.fence(key),
    put: (key, rows, fence) => inner.put(key, rows, fence),
    invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
    log: (scope, record) => {
      if (record.kind !== "change") return inner.log?.(scope, record) ?? 0;
      if (isLater) return Promise.reject(full);
      throw full;
    },
  };
}

for (const isLater of [false, true]) {
  describe(`A change that a cache cannot log, which says so ${isLater ? "later" : "at once"}`, () => {
    const world = () => {
      const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
      const inner = isLater ? slowly(new MemCache()) : new MemCache();
      const liveStream = new ManualLiveStream();
      const table = new LiveTable(master, "products", withoutChanges(inner, isLater), { liveStream });
      return { master, liveStream, table };
    };

    it("invalidates what is held, where it is a write", async () => {
      const { table } = world();
      await table.listValues();
      await table.patchValue("a", { price: 9 });
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().masterReads, 2);
      await table.close();
    });

    it("invalidates what is held, where it is an event", async () => {
      const { master, liveStream, table } = world();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().masterReads, 2);
      await table.close();
    });
  });
}
