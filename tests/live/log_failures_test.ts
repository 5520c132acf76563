import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Cache, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, slowly } from "./fixture.ts";

/** A cache that cannot log changes, or drop anything either; what else it logs, it can. */
function withoutChanges(inner: Cache, isLater: boolean, canDrop: boolean): Cache {
  const fail = (): Promise<never> => {
    const full = new Error("The disk is full");
    if (isLater) return Promise.reject(full);
    throw full;
  };
  return {
    get: (key) => inner.get(key),
    fence: (key) => inner.fence(key),
    put: (key, rows, fence) => inner.put(key, rows, fence),
    invalidatePrefix: (prefix) => canDrop ? inner.invalidatePrefix(prefix) : fail(),
    log: (scope, record) => record.kind === "change" ? fail() : inner.log?.(scope, record) ?? 0,
  };
}

for (const isLater of [false, true]) {
  describe(`A change that a cache cannot log, which says so ${isLater ? "later" : "at once"}`, () => {
    const world = (canDrop: boolean, liveStream?: ManualLiveStream) => {
      const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
      const inner = isLater ? slowly(new MemCache()) : new MemCache();
      const table = new LiveTable(master, "products", withoutChanges(inner, isLater, canDrop), { liveStream });
      return { master, table };
    };

    it("invalidates what is held, where it is a write", async () => {
      const { table } = world(true);
      await table.listValues();
      await table.listValues();
      assert.equal(table.stats().masterReads, 1);
      await table.patchValue("a", { price: 9 });
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().masterReads, 2);
      await table.close();
    });

    it("invalidates what is held, where it is an event", async () => {
      const liveStream = new ManualLiveStream();
      const { master, table } = world(true, liveStream);
      await settle();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().masterReads, 2);
      await table.close();
    });

    it("lets nothing of what is held be served, where that cannot be dropped either", async () => {
      const { table } = world(false);
      await table.listValues();
      await table.listValues();
      assert.equal(table.stats().masterReads, 1);
      await table.patchValue("a", { price: 9 });
      assert.equal((await table.getValue("a"))?.price, 9, "and not as a list has it");
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().masterReads, 3);
      await table.close();
    });
  });
}
