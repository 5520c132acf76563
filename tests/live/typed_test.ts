import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  InvalidRowError,
  LayeredCache,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemOutbox,
  MemTable,
} from "@vantage/live";
import { FaultyTable, settle } from "@vantage/live/testing";
import { SqliteCache } from "@vantage/live/sqlite";
import { z } from "zod";
import { counted, LIBRARIES } from "../table/schemas.ts";
import { fixture, LOGGING_CACHES, slowly } from "./fixture.ts";

const { product, range } = LIBRARIES[0] ?? assert.fail();

describe("LiveTable.typed()", () => {
  for (const { kind, cache } of LOGGING_CACHES) {
    it(`checks each row once, when it is read from the master, with ${kind}`, async () => {
      const { table, master } = fixture({}, cache());
      const schema = counted(product);
      const products = table.typed(schema);
      const rows = await products.list();
      assert.equal(schema.count, 3);
      assert.equal(await products.list(), rows);
      await products.get("a");
      await table.orderBy("price").typed(schema).list();
      await table.typed(schema).list({ fresh: true });
      assert.equal(schema.count, 3);
      assert.equal(master.plan.count("listValues"), 3);
      await table.close();
    });
  }

  it("after a change checks the row that changed", async () => {
    const liveStream = new ManualLiveStream();
    const { table, master } = fixture({ liveStream });
    const schema = counted(product);
    const products = table.typed(schema);
    await products.list();
    await master.patchValue("a", { price: 9 });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    assert.equal((await products.list()).get("a")?.price, 9);
    assert.equal(schema.count, 4);
    await table.close();
  });

  it("does not check rows with dates again, of which each reader gets copies", async () => {
    const master = new MemTable("events", { rows: [["a", { at: new Date(0) }], ["b", { at: new Date(1) }]] });
    await using table = new LiveTable(master, "events", new MemCache());
    const schema = counted(z.object({ at: z.date() }));
    const events = table.typed(schema);
    const first = await events.list();
    first.get("a")?.at.setFullYear(1900);
    assert.deepEqual((await events.list()).get("a")?.at, new Date(0));
    (await events.get("b"))?.at.setFullYear(1900);
    assert.deepEqual((await events.get("b"))?.at, new Date(1));
    (await events.getEntity("b"))?.data.at.setFullYear(1900);
    (await events.listEntities())[1]?.data.at.setFullYear(1900);
    assert.deepEqual((await events.get("b"))?.at, new Date(1));
    // Once more when it was found in the list, and made an entry.
    assert.equal(schema.count, 3);
    await table.typed(schema, { onInvalidRow: "keep" }).get("b").then((row) => row?.at.setFullYear(1900));
    assert.deepEqual((await table.getValue("b"))?.["at"], new Date(1));
  });

  it("the cache holds what the master gave: other schemas, and readers without one, see that", async () => {
    const { table } = fixture();
    const text = z.object({ name: z.string().toUpperCase(), price: z.number().transform(String) });
    assert.deepEqual(await table.typed(text).get("a"), { name: "BUN", price: "2" });
    assert.deepEqual((await table.typed(text).list()).get("b"), { name: "ROLL", price: "1" });
    assert.deepEqual(await table.getValue("a"), { name: "Bun", price: 2 });
    assert.deepEqual(await table.typed(product).get("a"), { name: "Bun", price: 2 });
    await table.close();
  });

  for (const { kind, cache } of LOGGING_CACHES) {
    it(`a patch is checked with the row that is cached, without asking the master, with ${kind}`, async () => {
      const master = new FaultyTable(new MemTable("ranges", { rows: [["a", { least: 1, most: 5 }]] }));
      await using table = new LiveTable(master, "ranges", cache());
      const ranges = table.typed(range);
      await ranges.list();
      const reads = master.plan.count("getValue") + master.plan.count("listValues");
      await assert.rejects(ranges.patch("a", { least: 7 }), InvalidRowError);
      assert.equal(master.plan.count("patchValue"), 0);
      assert.deepEqual(await ranges.patch("a", { least: 4 }), { least: 4, most: 5 });
      await assert.rejects(ranges.patch("a", { most: 4 }), InvalidRowError);
      assert.equal(master.plan.count("getValue") + master.plan.count("listValues"), reads);
    });
  }

  it("a patch is checked with the writes that are pending, where they are shown", async () => {
    const master = new FaultyTable(new MemTable("ranges", { rows: [["a", { least: 1, most: 5 }]] }));
    await using table = new LiveTable(master, "ranges", new MemCache(), { optimistic: true });
    const ranges = table.typed(range);
    await ranges.list();
    const writes = [ranges.patch("a", { most: 20 }), ranges.patch("a", { least: 15 })];
    assert.deepEqual(await Promise.all(writes).then((rows) => rows[1]), { least: 15, most: 20 });
    const made = ranges.insert("b", { least: 1, most: 3 });
    await assert.rejects(ranges.patch("b", { least: 4 }), InvalidRowError);
    await made;
  });

  it("a write is shown at once, as the schema's output", async () => {
    const { table } = fixture({ optimistic: true });
    const products = table.typed(product);
    await products.list();
    const writing = products.patch("a", { name: " Bap " });
    assert.equal(table.pendingWrites().length, 1);
    assert.equal((await products.list()).get("a")?.name, "Bap");
    await writing;
    await table.close();
  });

  it("works while the master is away: from the cache, and into the outbox", async () => {
    const { table } = fixture({ outbox: new MemOutbox(), optimistic: true });
    const products = table.typed(product);
    await products.list();
    table.setOnline(false);
    const writes = [products.replace("a", { name: "Bap", price: 3 }), products.patch("b", { price: 8 })];
    await assert.rejects(products.patch("b", { price: "8" as never }), InvalidRowError);
    await settle();
    assert.equal(table.pendingWrites().length, 2);
    assert.deepEqual((await products.list()).get("a"), { name: "Bap", price: 3 });
    table.setOnline(true);
    await Promise.all(writes);
    await table.close();
  });

  it("replace() keeps columns that the schema does not know, of a row that is cached", async () => {
    const { table, master } = fixture();
    await master.patchValue("a", { shelf: 3 });
    const products = table.typed(product);
    await products.list();
    await products.replace("a", { name: "Bap", price: 3 });
    assert.equal(master.plan.count("getValue"), 0);
    assert.deepEqual(await master.getValue("a"), { name: "Bap", price: 3, shelf: 3 });
    await table.close();
  });

  it("an entity saves through the cache", async () => {
    const { table } = fixture();
    const entity = await table.typed(product).getEntity("a");
    assert(entity);
    entity.data.price = 4;
    await entity.save();
    assert.equal((await table.getValue("a"))?.["price"], 4);
    await table.close();
  });

  it("rows that a cache decodes for each reader are checked for each, and by a cache in memory before it once", async () => {
    for (const [isLayered, checks] of [[false, 9], [true, 6]] as const) {
      const decoding = await SqliteCache.open(":memory:");
      const { table } = fixture({}, isLayered ? new LayeredCache(new MemCache(), decoding) : decoding);
      const schema = counted(product);
      for (let reads = 0; reads < 3; reads++) await table.typed(schema).list();
      assert.equal(schema.count, checks);
      await table.close();
      await decoding.close();
    }
  });

  it("reads that are in flight are rejected by a table that is closed", async () => {
    const { table } = fixture({}, slowly(new MemCache()));
    const products = table.typed(product);
    await table.close();
    await assert.rejects(products.list(), { name: "ClosedError" });
    await assert.rejects(products.get("a"), { name: "ClosedError" });
    await assert.rejects(products.patch("a", { price: 1 }), { name: "ClosedError" });
  });
});
