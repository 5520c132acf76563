import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, LiveTable, ManualLiveStream, MemCache, MemTable, RejectedError, type Row } from "@vantage/live";
import { FakeClock, FaultyCache, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, fixture, LOGGING_CACHES, slowly } from "./fixture.ts";

for (const { kind, cache: make } of LOGGING_CACHES) {
  describe(`Changes put in place, with ${kind}`, () => {
    it("a delete through a narrowed handle of a row outside its set leaves the row in every list", async () => {
      const { table } = fixture({}, make());
      await table.listValues();
      await table.where({ name: "Bun" }).delete("b");
      assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    });

    it("a replacement that moves a row from an earlier page moves the rows of the later pages", async () => {
      const { table, master } = fixture({}, make());
      const cheapestFirst = table.orderBy("price").page(2, 1);
      assert.deepEqual((await cheapestFirst.listValues()).ids(), ["a"]);
      await table.replaceValue("b", { name: "Roll", price: 9 });
      const now = await cheapestFirst.listValues();
      assert.deepEqual(now.ids(), (await master.orderBy("price").page(2, 1).listValues()).ids());
    });

    it("a row that the write target has deleted is shown as long as the master has it", async () => {
      const writeTarget = new MemTable("requests", { rows: [["a", { name: "Bun" }]] });
      const { table } = fixture({ writeTarget }, make());
      await table.listValues();
      await table.delete("a");
      assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    });

    it("a row that is read again alone does not hide a change of another one that came meanwhile", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master } = fixture({ liveStream }, make());
      await settle();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      const gate = master.plan.hold("getValue");
      const reading = table.listValues();
      await gate.reached;
      await master.patchValue("b", { price: 8 });
      liveStream.push({ kind: "updated", id: "b" });
      await settle();
      gate.release();
      await reading;
      const now = await table.listValues();
      assert.deepEqual(["a", "b"].map((id) => now.get(id)?.price), [9, 8]);
      assert.equal(table.stats().holes, 2);
      await table.close();
    });

    it("of reads that are under way at the same time, the one with the newer rows is kept, whichever ends last", async () => {
      const rows = new MemTable("products", { rows: BAKERY });
      let isRefused = false;
      const getValue = rows.getValue.bind(rows);
      rows.getValue = (id) => isRefused ? Promise.reject(new RejectedError("no single rows")) : getValue(id);
      const master = new FaultyTable(rows);
      const liveStream = new ManualLiveStream();
      await using table = new LiveTable(master, "products", make(), { liveStream, clock: new FakeClock() });
      await settle();
      await table.listValues();
      liveStream.push({ kind: "updated", id: "a" });
      await settle();

      // Holes of an entry are read, of which another read makes a newer one.
      const first = master.plan.hold("getValue", "before");
      const refused = table.listValues();
      await first.reached;
      await table.invalidate();
      await table.listValues();
      liveStream.push({ kind: "updated", id: "b" });
      await settle();
      const second = master.plan.hold("getValue");
      const filled = table.listValues();
      await second.reached;

      // They are refused, so that all rows are read: these are newer than the entry whose holes are being read.
      await rows.patchValue("c", { price: 6 }); // Nothing tells of it.
      isRefused = true;
      first.release();
      assert.equal((await refused).get("c")?.price, 6);
      assert.equal((await table.listValues()).get("c")?.price, 6);
      second.release();
      assert.equal((await filled).get("c")?.price, 5);
      assert.equal((await table.listValues()).get("c")?.price, 6);
      assert.equal(master.plan.count("listValues"), 3);
    });

    it("an answer to a write does not replace what was read from the master after it was applied", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("patchValue", "after");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await master.patchValue("a", { price: 4 });
      assert.equal((await table.listValues()).get("a")?.price, 4);
      gate.release();
      await write;
      assert.equal((await table.listValues()).get("a")?.price, 4);
    });
  });
}

describe("Writes whose outcome is unknown", () => {
  const SPAN_MS = 60_000;

  it("what is cut from a whole set has the write of a process that died, once its intent is overdue", async () => {
    const rows = new Map<string, Row>([["a", { price: 2 }], ["b", { price: 1 }]]);
    const clock = new FakeClock();
    const cache = new MemCache();
    const master = defineTable({ name: "products", list: () => [...rows] });
    const table = new LiveTable(master, "products", cache, { clock });
    await table.listValues();
    const change = { kind: "updated", id: "a", at: 0, cause: "write", writeId: "w", outcome: "unknown" } as const;
    cache.log("products/", { kind: "intent", writeId: "w", change, dueAt: clock.now() + SPAN_MS });
    rows.set("a", { price: 9 });
    await clock.advance(SPAN_MS);
    assert.equal((await table.where("price", "gt", 1).listValues()).get("a")?.price, 9);
  });

  it("the write of a process whose clock is ahead is pending, and not overdue", async () => {
    const { table, cache, clock, master } = fixture();
    const ahead = new LiveTable(master, "products", cache, { clock: new FakeClock({ now: clock.now() + 5 }) });
    await table.listValues();
    const gate = master.plan.hold("patchValue", "before");
    const write = ahead.patchValue("a", { price: 3 });
    await gate.reached;
    await table.listValues();
    gate.release();
    await write;
    assert.equal((await table.listValues()).get("a")?.price, 3);
    assert.equal(table.stats().masterReads, 1);
  });
});

describe("A master whose lists have other columns than its rows", () => {
  it("has the row of a list read again after a write, and the row itself put in place", async () => {
    const rows = new Map<string, Row>([["a", { name: "Bun", story: "long" }], ["b", { name: "Roll", story: "long" }]]);
    const master = defineTable({
      name: "products",
      list: () => [...rows].map(([id, { name }]) => [id, { name, shop: "Riga" }] as [string, Row]),
      get: (id) => rows.get(id),
      patch: (id, partial) => {
        const row = { ...rows.get(id), ...partial };
        rows.set(id, row);
        return row;
      },
    });
    const table = new LiveTable(master, "products", new MemCache());
    await table.listValues();
    await table.getValue("a");
    await table.patchValue("a", { name: "Tart" });
    assert.deepEqual(await table.getValue("a"), { name: "Tart", story: "long" });
    assert.equal(table.stats().masterReads, 2);
    assert.deepEqual((await table.listValues()).get("a"), { name: "Tart", shop: "Riga" });
  });
});

describe("A master that does not say whether its lists have the same rows", () => {
  it("has the answer to a write put in place in a list whose row has the same columns", async () => {
    const rows = new Map<string, Row>([["a", { name: "Bun", price: 2 }], ["b", { name: "Roll", price: 1 }]]);
    const master = defineTable({
      name: "products",
      list: () => [...rows],
      get: (id) => rows.get(id),
      patch: (id, partial) => {
        const row = { ...rows.get(id), ...partial };
        rows.set(id, row);
        return row;
      },
    });
    const table = new LiveTable(master, "products", new MemCache());
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    assert.deepEqual((await table.listValues()).get("a"), { name: "Bun", price: 3 });
    assert.equal(table.stats().masterReads, 1);
    await table.patchValue("a", { note: "new" });
    assert.deepEqual((await table.listValues()).get("a"), { name: "Bun", price: 3, note: "new" });
    assert.equal(table.stats().masterReads, 2, "a list may leave out columns");
  });
});

describe("What is read twice", () => {
  it("a row that a list has read again is not read once more", async () => {
    const stream = new ManualLiveStream();
    const rows = BAKERY.map(([id, row]) => [id, { id, ...row }] as const);
    const master = new FaultyTable(new MemTable("products", { rows, idField: "id" }));
    const table = new LiveTable(master, "products", new MemCache(), { liveStream: stream });
    await settle();
    await table.getValue("a");
    await table.listValues();
    await master.patchValue("a", { price: 3 });
    stream.push({ kind: "updated", id: "a" });
    await settle();
    assert.equal((await table.listValues()).get("a")?.price, 3);
    const { masterReads } = table.stats();
    assert.equal((await table.getValue("a"))?.price, 3);
    assert.equal(table.stats().masterReads, masterReads);
  });
});

describe("A read that begins after an invalidation", () => {
  for (const turns of [0, 1, 2]) {
    it(`shows nothing of before to who asked after it, ${turns} turns later`, async () => {
      const rows = BAKERY.map(([id, row]) => [id, { id, ...row }] as const);
      const master = new FaultyTable(new MemTable("products", { rows, idField: "id" }));
      const storage = slowly(new MemCache());
      const cache = new FaultyCache(storage);
      const table = new LiveTable(master, "products", cache);
      const reading = master.plan.hold("listValues");
      const first = table.listValues();
      await reading.reached;
      await new LiveTable(master, "products", new FaultyCache(storage)).listValues();
      await storage.log?.("products/", { kind: "change", change: { kind: "updated", id: "a", at: 0, cause: "event" } });
      const looking = cache.plan.hold("fence");
      const second = table.listValues();
      await looking.reached;
      await master.patchValue("b", { price: 7 });
      await table.invalidate();
      const third = table.listValues();
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      looking.release();
      await settle();
      reading.release();
      assert.equal((await third).get("b")?.price, 7);
      await Promise.all([first, second]);
    });
  }
});

describe("A master that refuses everything for a while", () => {
  it("is asked for single rows again afterwards", async () => {
    const stream = new ManualLiveStream();
    const rows = BAKERY.map(([id, row]) => [id, { id, ...row }] as const);
    const master = new FaultyTable(new MemTable("products", { rows, idField: "id" }));
    const table = new LiveTable(master, "products", new MemCache(), { liveStream: stream });
    await settle();
    await table.listValues();
    stream.push({ kind: "updated", id: "a" });
    await settle();
    for (let call = 0; call < 2; call++) master.plan.fail("listValues", new RejectedError("signed out"));
    await assert.rejects(table.listValues(), RejectedError);
    await table.listValues();
    assert.equal(table.stats().rowsReceived, BAKERY.length + 1);
  });
});
