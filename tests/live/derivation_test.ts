import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, LiveTable, ManualLiveStream, MemCache, type Table } from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY } from "./fixture.ts";

/** A source that gives everything, and how often it was asked. */
function source(): { readonly master: Table; reads(): number } {
  let reads = 0;
  const master = defineTable({
    name: "products",
    columns: [{ name: "name", flags: ["searchable"] }, { name: "price" }],
    list: () => (reads++, [...BAKERY]),
  });
  return { master, reads: () => reads };
}

describe("A set that is held whole", () => {
  it("is counted, also for a handle of one page", async () => {
    const { master, reads } = source();
    await using table = new LiveTable(master, "products", new MemCache());
    assert.equal(await table.page(1, 2).getCount(), 3);
    assert.equal(await table.where("price", "gt", 1).page(2, 1).getCount(), 2);
    assert.equal(reads(), 1);
  });

  it("answers for no rows that it lacks, since the master is narrowed or searched", async () => {
    const { master } = source();
    await using narrowed = new LiveTable(master.where("price", "gt", 1), "narrowed", new MemCache());
    assert.deepEqual((await narrowed.listValues()).ids(), ["a", "c"]);
    assert.deepEqual((await narrowed.withQuery({ where: [["price", "lt", 2]] }).listValues()).ids(), ["b"]);
    await using searched = new LiveTable(master.search("Bun"), "searched", new MemCache());
    assert.deepEqual((await searched.listValues()).ids(), ["a"]);
    assert.deepEqual((await searched.search("Roll").listValues()).ids(), ["b"]);
  });

  it("keeps what refresh() has read, though a reader with another policy fills a hole of what was held before", async () => {
    const rows = new Map(BAKERY);
    const columns = [{ name: "name" }, { name: "price" }];
    const master = new FaultyTable(defineTable({ name: "products", columns, list: () => [...rows] }));
    const liveStream = new ManualLiveStream();
    await using table = new LiveTable(master, "products", new MemCache(), { liveStream });
    const view = table.orderBy("name");
    await settle();
    await view.listValues();
    rows.set("c", { name: "Tart", price: 6 }); // Nothing tells of it.
    rows.set("a", { name: "Bun", price: 3 });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    const gate = master.plan.hold("listValues");
    const refreshed = view.refresh();
    await gate.reached;
    const other = view.withReadPolicy({ maxAgeMs: 1e9 }).listValues();
    await settle();
    gate.release();
    await refreshed;
    assert.equal((await other).get("a")?.price, 3);
    const shown = await view.listValues();
    assert.deepEqual(shown.ids().map((id) => shown.get(id)?.price), [3, 1, 6]);
    assert.equal(master.plan.count("listValues"), 2);
  });
});
