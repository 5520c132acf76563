import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  defineTable,
  type LiveEvent,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  MemTable,
  NoCache,
  NotFoundError,
  Rows,
  type TableLike,
  UnsupportedError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, fixture } from "./fixture.ts";

/** Code that knows tables, and nothing of caches. */
async function cheapest(table: TableLike): Promise<string | undefined> {
  return (await table.withQuery({ orderBy: [["price", "asc"]] }).listValues()).first()?.[0];
}

describe("LiveTable, reading", () => {
  it("LiveTable.listValues() serves a hit without asking the master", async () => {
    const { table, master } = fixture();
    const first = await table.listValues();
    const second = await table.listValues();
    assert.equal(second, first, "a hit hands out the very same rows: no copy is made");
    assert.equal(master.plan.count("listValues"), 1);
    assert.deepEqual(pick(table, "hits", "misses", "fills"), { hits: 1, misses: 1, fills: 1 });
    assert.equal(table.listValues(), table.listValues(), "and the very same promise");
  });

  it("LiveTable.listValues() still answers a hit when the master is gone", async () => {
    const { table, master } = fixture();
    await table.listValues();
    master.plan.fail("listValues", new Error("unreachable"));
    assert.equal((await table.listValues()).size, 3);
  });

  it("LiveTable.listValues() passes the master's error on, and keeps nothing", async () => {
    const { table, master } = fixture();
    const error = new Error("unreachable");
    master.plan.fail("listValues", error);
    await assert.rejects(table.listValues(), (thrown) => thrown === error);
    assert.equal((await table.listValues()).size, 3);
    assert.equal(table.stats().hits, 0);
  });

  it("LiveTable.listValues() remembers that a set is empty", async () => {
    const { table, master } = fixture();
    const none = table.where({ name: "Nothing" });
    assert.equal((await none.listValues()).size, 0);
    await none.listValues();
    assert.equal(master.plan.count("listValues"), 1);
  });

  it("LiveTable.getValue() keeps a row under its own key, and does not remember that one is missing", async () => {
    const { table, master } = fixture();
    await table.getValue("a");
    await table.getValue("a");
    assert.equal(master.plan.count("getValue"), 1);
    assert.equal(await table.getValue("z"), undefined);
    assert.equal(await table.getValue("z"), undefined);
    assert.equal(master.plan.count("getValue"), 3);
  });

  it("LiveTable.getValue() of a narrowed set does not find a row outside it", async () => {
    const { table } = fixture();
    await table.getValue("a");
    assert.equal(await table.where({ name: "Roll" }).getValue("a"), undefined);
    assert.equal((await table.where({ name: "Roll" }).getValue("b"))?.name, "Roll");
  });

  it("LiveTable.getValue() answers with the row of a list, unless only the master knows it since a change", async () => {
    const liveStream = new ManualLiveStream();
    const { table, master } = fixture({ liveStream });
    await settle();
    await table.listValues();
    assert.equal((await table.getValue("b"))?.price, 1);
    assert.equal(master.plan.count("getValue"), 0);
    await master.patchValue("a", { price: 9 });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    assert.equal((await table.getValue("a"))?.price, 9);
    assert.equal(master.plan.count("getValue"), 1);
    await table.close();
  });

  it("LiveTable.getSomeValue() is the master's answer, and getCount() is kept like a list", async () => {
    const { table, master } = fixture();
    await table.listValues();
    await master.insertValue("d", { name: "Eclair" });
    assert.equal(await table.getCount(), 4);
    assert.equal(await table.page(1, 2).getCount(), 4);
    assert.equal((await table.getSomeValue())?.[0], "a");
    assert.deepEqual([table.stats().masterReads, table.stats().hits], [3, 1]);
  });

  it("LiveTable.streamValues() gives the rows of listValues() one by one, from the cache too", async () => {
    const { table, master } = fixture();
    for (let round = 0; round < 2; round++) {
      const ids: string[] = [];
      for await (const [id] of table.orderBy("price").streamValues()) ids.push(id);
      assert.deepEqual(ids, ["b", "a", "c"]);
    }
    assert.equal(master.plan.count("listValues"), 1);
  });

  it("LiveTable.listValues() with an aborted signal ends that wait alone", async () => {
    const { table, master } = fixture();
    const gate = master.plan.hold("listValues");
    const control = new AbortController();
    const impatient = assert.rejects(table.listValues({ signal: control.signal }), (thrown) => thrown === "too slow");
    const patient = table.listValues();
    await gate.reached;
    control.abort("too slow");
    await impatient;
    gate.release();
    assert.equal((await patient).size, 3);
    assert.equal(master.plan.count("listValues"), 1);
    await assert.rejects(table.listValues({ signal: control.signal }), (thrown) => thrown === "too slow");
  });

  it("LiveTable with staleTimeMs asks again once an entry is too old", async () => {
    const { table, master, clock } = fixture({ staleTimeMs: 1_000 });
    await table.listValues();
    await clock.advance(999);
    await table.listValues();
    assert.equal(master.plan.count("listValues"), 1);
    await clock.advance(1);
    await table.listValues();
    assert.equal(master.plan.count("listValues"), 2);
    assert.equal(table.stats().rowsReceived, 6);
    assert.equal(table.stats().rowsRedundant, 3);
  });

  it("LiveTable with staleTimeMs does not serve an entry from the future, as after a clock was set back", async () => {
    const { master, cache } = fixture();
    const [early, late] = [new FakeClock({ now: 1_000 }), new FakeClock({ now: 5_000 })];
    await new LiveTable(master, "products", cache, { clock: late, staleTimeMs: 60_000 }).listValues();
    await new LiveTable(master, "products", cache, { clock: early, staleTimeMs: 60_000 }).listValues();
    assert.equal(master.plan.count("listValues"), 2);
  });

  it("LiveTable with staleTimeMs serves an entry from the moment that it was read until it is that old", async () => {
    const { table, master, clock } = fixture({ staleTimeMs: 1_000 });
    const asked = async (): Promise<number> => {
      await table.listValues();
      return master.plan.count("listValues");
    };
    clock.set(5_000);
    assert.deepEqual([await asked(), await asked()], [1, 1]);
    clock.set(4_999);
    assert.equal(await asked(), 2);
    clock.set(5_998);
    assert.equal(await asked(), 2);
    clock.set(5_999);
    assert.equal(await asked(), 3);
  });

  it("LiveTable without staleTimeMs serves an entry whatever the time is", async () => {
    const { table, master, clock } = fixture();
    clock.set(1_000_000);
    await table.listValues();
    for (const now of [0, 1_000_000, Number.MAX_SAFE_INTEGER]) {
      clock.set(now);
      await table.listValues();
    }
    assert.equal(master.plan.count("listValues"), 1);
  });

  it("LiveTable counts as fenced only what an invalidation kept out", async () => {
    const none = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new NoCache());
    const tight = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new MemCache({ maxRows: 1 }));
    await none.listValues();
    await tight.listValues();
    assert.equal(none.stats().fencedFills + tight.stats().fencedFills, 0);
  });

  it("LiveTable takes `null` from a cache as nothing", async () => {
    for (const nothing of [null, Promise.resolve(null)]) {
      const cache = new MemCache();
      Object.defineProperty(cache, "get", { value: () => nothing });
      const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", cache);
      assert.equal((await table.listValues()).size, 3);
      assert.equal(table.stats().cacheFailures, 0);
    }
  });

  it("LiveTable counts rows that it receives again unchanged", async () => {
    const { table } = fixture();
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    await table.invalidate();
    await table.listValues();
    assert.equal(table.stats().rowsReceived, 6);
    assert.equal(table.stats().rowsRedundant, 2);
  });
});

describe("LiveTable, a table like any other", () => {
  it("generic code cannot tell it from its master", async () => {
    const { table, master } = fixture();
    assert.equal(await cheapest(table), await cheapest(master));
    assert.equal(await cheapest(new LiveTable(table, "outer", new MemCache())), "b");
  });

  it("LiveTable shows its master's name, columns, id, titles, relations and capabilities", () => {
    const clients = new MemTable("clients");
    const source = defineTable({
      name: "orders",
      idField: "id",
      columns: [{ name: "id", flags: ["id"] }, { name: "label", flags: ["title"] }],
      refs: { clients: () => clients },
      list: () => [],
    });
    const table = new LiveTable(source, "orders", new NoCache());
    assert.equal(table.tableName, "orders");
    assert.equal(table.columns, source.columns);
    assert.equal(table.idField, "id");
    assert.deepEqual(table.titleFields, ["label"]);
    assert.deepEqual(table.refNames, ["clients"]);
    assert.deepEqual(table.capabilities, source.capabilities);
    assert.equal(table.getRef("clients"), clients);
    assert.throws(() => table.getRef("suppliers"), NotFoundError);
  });

  it("LiveTable over a LiveTable reads its own writes", async () => {
    const { table: inner, master } = fixture();
    const outer = new LiveTable(inner, "outer", new MemCache(), { liveStream: inner.events });
    await outer.listValues();
    await outer.patchValue("a", { price: 3 });
    assert.equal((await outer.listValues()).get("a")?.price, 3);
    await inner.patchValue("a", { price: 4 });
    await settle();
    assert.equal((await outer.listValues()).get("a")?.price, 4);
    assert.equal(master.plan.count("patchValue"), 2);
    await outer.close();
  });

  it("LiveTable.withQuery() leaves the handle as it was, and shares everything but the query", async () => {
    const { table } = fixture();
    const cheap = table.where("price", "lt", 2);
    assert.deepEqual(table.query, {});
    assert.deepEqual((await cheap.listValues()).ids(), ["b"]);
    await cheap.patchValue("b", { price: 0 });
    assert.equal(table.stats().masterWrites, 1);
    await table.close();
    await assert.rejects(cheap.listValues(), { code: "closed" });
    await assert.rejects(cheap.patchValue("b", {}), { code: "closed" });
  });

  it("a handle that narrowing gives owns nothing: what concerns the whole table is not there", async () => {
    const { table } = fixture();
    const owned = ["events", "stats", "explain", "invalidate", "idle", "close", Symbol.asyncDispose] as const;
    for (const handle of [table.where({ price: 2 }), table.orderBy("name"), table.search("b"), table.page(1)]) {
      for (const name of owned) assert.equal(name in handle, false, String(name));
      assert(!(handle instanceof LiveTable));
    }
    // @ts-expect-error: whether a handle can be closed is seen when it is compiled
    assert.throws(() => table.where({ price: 2 }).close(), TypeError);
    await table.close();
  });

  it("LiveTable over a narrowed master shares nothing with the whole table under one cacheKey on one cache", async () => {
    const cache = new MemCache();
    const master = new MemTable("products", { rows: BAKERY });
    const whole = new LiveTable(master, "products", cache);
    const cheap = new LiveTable(master.where("price", "lt", 3), "products", cache);
    const sorted = new LiveTable(master.orderBy("price"), "products", cache);
    for (let round = 0; round < 2; round++) {
      assert.deepEqual((await whole.listValues()).ids(), ["a", "b", "c"]);
      assert.deepEqual((await cheap.listValues()).ids(), ["a", "b"]);
      assert.deepEqual((await cheap.page(1).listValues()).ids(), ["a", "b"]);
      assert.deepEqual((await sorted.listValues()).ids(), ["b", "a", "c"]);
      assert.equal((await whole.getValue("c"))?.name, "Tart");
      assert.equal(await cheap.getValue("c"), undefined);
      assert.deepEqual((await cheap.withQuery({}).listValues()).ids(), ["a", "b", "c"]);
    }
    assert.equal(whole.stats().misses + sorted.stats().misses, 2);
  });

  it("LiveTable.getValueRecord() edits through the queue, and saves only what changed", async () => {
    const { table, master } = fixture();
    const bun = await table.getValueRecord("a");
    assert(bun);
    await master.patchValue("a", { name: "Brioche" });
    bun.data.price = 3;
    await bun.save();
    assert.deepEqual(await table.getValue("a"), { name: "Brioche", price: 3 });
    assert.deepEqual(bun.data, { name: "Brioche", price: 3 });
    assert.equal(await table.getValueRecord("z"), undefined);
    assert.equal((await table.listValueRecords()).length, 3);
  });
});

describe("LiveTable, writing", () => {
  it("each write settles with the master's own answer", async () => {
    const { table, master } = fixture();
    assert.deepEqual(await table.insertValue("a", { name: "Other" }), { name: "Bun", price: 2 });
    assert.deepEqual(await table.replaceValue("a", { name: "Bun" }), { name: "Bun" });
    assert.deepEqual(await table.patchValue("a", { price: 7 }), { name: "Bun", price: 7 });
    const id = await table.insertReturnIdValue({ name: "Rye" });
    assert.deepEqual(await master.getValue(id), { name: "Rye" });
    assert.equal(await table.delete("a"), undefined);
    assert.equal(await table.delete("a"), undefined);
    assert.equal(await table.deleteAll(), undefined);
    assert.equal(await master.getCount(), 0);
    assert.equal(table.stats().masterWrites, 7);
    assert.equal(table.stats().invalidations.write, 7);
  });

  it("LiveTable with a writeTarget sends writes there, and reads from the master", async () => {
    const submissions = new FaultyTable(new MemTable("submissions", { rows: BAKERY }));
    const { table, master } = fixture({ writeTarget: submissions });
    await table.listValues();
    await table.insertValue("d", { name: "Eclair" });
    await table.where({ name: "Bun" }).deleteAll();
    assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    assert.deepEqual((await submissions.listValues()).ids(), ["b", "c", "d"]);
    assert.equal(master.plan.count("listValues"), 2, "what was held was invalidated");
    assert.equal(master.plan.count("insertValue") + master.plan.count("deleteAll"), 0);
  });

  it("LiveTable with a writeTarget writes within both narrowings, its own and the target's", async () => {
    const rows = [["a", { city: "Riga", shop: 1 }], ["b", { city: "Oslo", shop: 1 }], ["c", {
      city: "Riga",
      shop: 2,
    }]] as const;
    const left = async (make: (all: MemTable) => Promise<void>): Promise<string[]> => {
      const all = new MemTable("t", { rows });
      await make(all);
      return (await all.listValues()).ids();
    };
    const live = (master: TableLike, writeTarget: TableLike): LiveTable =>
      new LiveTable(master, "t", new MemCache(), { writeTarget });
    assert.deepEqual(await left((all) => live(all.where({ city: "Riga" }), all).deleteAll()), ["b"]);
    assert.deepEqual(await left((all) => live(all, all.where({ shop: 1 })).where({ city: "Riga" }).deleteAll()), [
      "b",
      "c",
    ]);
    assert.deepEqual(await left((all) => live(all, all.where({ shop: 1 })).deleteAll()), ["c"]);
    assert.deepEqual(await left((all) => live(all.search("ri"), all.search("ri")).deleteAll()), ["b"]);
    await left((all) => assert.rejects(live(all.page(1, 1), all).deleteAll(), UnsupportedError));
    await left((all) => assert.rejects(live(all.search("x"), all.search("y")).deleteAll(), UnsupportedError));
  });

  it("LiveTable tells the write target's capabilities for writes", () => {
    const readOnly = defineTable({ name: "log", idField: "id", list: () => [] });
    const { table } = fixture({ writeTarget: readOnly });
    assert.equal(table.capabilities.insert, false);
    assert.equal(table.capabilities.page, true);
  });

  it("LiveTable.deleteAll() of a narrowed set removes that set alone; of a page, nothing", async () => {
    const { table, master } = fixture();
    await table.where("price", "lt", 3).deleteAll();
    assert.deepEqual((await master.listValues()).ids(), ["c"]);
    await assert.rejects(table.page(1).deleteAll(), UnsupportedError);
    assert.equal(await master.getCount(), 1);
  });

  it("LiveTable.enqueue() hands out the write: its id, state, and promises", async () => {
    const { table, master } = fixture();
    const gate = master.plan.hold("patchValue", "before");
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } }, { idempotencyKey: "k1" });
    assert.equal(write.id, "k1");
    assert.equal(write.state, "sent");
    await write.accepted;
    gate.release();
    assert.deepEqual(await write.applied, { name: "Bun", price: 3 });
    assert.equal(write.state, "applied");
    assert.equal(write.cancel(), false);
    assert.deepEqual(master.writeOptions.map(({ idempotencyKey }) => idempotencyKey), ["k1"]);
  });

  it("a write is taken back by cancel() or its signal while it is queued, and not once it is sent", async () => {
    const { table, master } = fixture();
    const gate = master.plan.hold("patchValue", "before");
    const control = new AbortController();
    const sent = table.patchValue("a", { price: 3 }, { signal: control.signal });
    const aborted = table.patchValue("a", { price: 4 }, { signal: control.signal });
    const cancelled = table.enqueue({ kind: "delete", id: "a" });
    const last = table.patchValue("a", { price: 9 });
    await gate.reached;
    assert.equal(cancelled.cancel(), true);
    assert.equal(cancelled.cancel(), false);
    assert.equal(cancelled.state, "failed");
    control.abort("changed my mind");
    gate.release();
    assert.equal((await sent).price, 3);
    await assert.rejects(aborted, (thrown) => thrown === "changed my mind");
    await assert.rejects(cancelled.applied, { name: "AbortError" });
    assert.equal((await last).price, 9);
    assert.equal((await table.getValue("a"))?.price, 9);
    await assert.rejects(
      table.delete("b", { signal: control.signal }),
      (thrown) => thrown === "changed my mind",
    );
  });

  it("LiveTable.idle() resolves when nothing is queued or under way", async () => {
    const { table, master } = fixture();
    await table.idle();
    const gate = master.plan.hold("patchValue", "before");
    void table.patchValue("a", { price: 3 });
    void table.patchValue("b", { price: 3 });
    let idle = false;
    const waiting = table.idle().then(() => idle = true);
    await gate.reached;
    assert.equal(table.stats().queued, 2);
    assert.equal(idle, false);
    gate.release();
    await waiting;
    assert.equal(table.stats().queued, 0);
  });

  it("writes to one row are applied in the order they were made", async () => {
    const { table } = fixture();
    await Promise.all(Array.from({ length: 20 }, (_, price) => table.patchValue("a", { price })));
    assert.equal((await table.getValue("a"))?.price, 19);
  });
});

describe("LiveTable, seeing", () => {
  it("LiveTable.listCacheKey, pageCacheKey() and idCacheKey() follow the grammar", () => {
    const { table } = fixture();
    const clients = new LiveTable(new MemTable("clients"), "clients", new MemCache());
    assert.equal(clients.pageCacheKey(1), "clients/page_1");
    assert.equal(clients.idCacheKey("marty"), "clients/id/marty");
    assert.equal(clients.idCacheKey("a/b%"), "clients/id/a%2Fb%25");
    assert.equal(clients.listCacheKey, "clients/all");
    assert.equal(clients.page(2).listCacheKey, "clients/page_2");
    const ordered = new LiveTable(new MemTable("clients").orderBy("name"), "clients", new MemCache());
    assert.equal(ordered.idCacheKey("marty"), "clients/id/marty");
    assert.match(ordered.page(2).listCacheKey, /^clients\/view:[^/]*\/page_2$/);
    assert.equal(table.cacheKey, "products");
    assert.notEqual(table.page(1, 20).pageCacheKey(1), table.pageCacheKey(1));
  });

  it("LiveTable.explain() tells what is held, since when, and what changed last", async () => {
    const { table, clock } = fixture();
    const key = table.page(1).pageCacheKey(1);
    assert.deepEqual(await table.explain(key), {
      key,
      held: false,
      fetchedAt: undefined,
      rows: undefined,
      changes: [],
      lastChange: undefined,
    });
    await clock.advance(5);
    await table.page(1).listValues();
    assert.deepEqual(await table.explain(key), {
      key,
      held: true,
      fetchedAt: 5,
      rows: 3,
      changes: [],
      lastChange: undefined,
    });
    await clock.advance(5);
    await table.patchValue("a", { price: 3 }, { idempotencyKey: "w" });
    const after = await table.explain(key);
    assert.equal(after.held, true, "the row that was written is put in place");
    const by = { at: 10, cause: "write", writeId: "w", outcome: "applied" };
    const row = { name: "Bun", price: 3 };
    assert.deepEqual(after.lastChange, { kind: "updated", id: "a", row, columns: ["price"], ...by });
    assert.equal(table.stats().hits, 0, "to explain is not to read");
  });

  it("LiveTable.events tells its own writes after what was held is invalidated", async () => {
    const { table } = fixture();
    const events = table.events.subscribe().getReader();
    await table.listValues();
    await table.insertValue("d", {});
    await table.replaceValue("d", {});
    await table.patchValue("d", {});
    await table.delete("d");
    const id = await table.insertReturnIdValue({});
    await table.deleteAll();
    await table.invalidate();
    const heard: LiveEvent[] = [];
    for (let n = 0; n < 7; n++) heard.push((await events.read()).value ?? { kind: "changed" });
    assert.deepEqual(heard, [
      { kind: "inserted", id: "d", row: {} },
      { kind: "inserted", id: "d", row: {} },
      { kind: "updated", id: "d", row: {} },
      { kind: "deleted", id: "d" },
      { kind: "inserted", id },
      { kind: "changed" },
      { kind: "changed" },
    ]);
    await table.close();
    assert.equal((await events.read()).done, true);
    assert.equal((await table.events.subscribe().getReader().read()).done, true);
  });

  it("a listener of events that writes again is served what it wrote", async () => {
    const { table } = fixture();
    const events = table.events.subscribe().getReader();
    await table.listValues();
    const write = table.patchValue("a", { price: 3 });
    await events.read();
    assert.equal((await table.listValues()).get("a")?.price, 3);
    await table.patchValue("a", { price: 4 });
    assert.equal((await table.listValues()).get("a")?.price, 4);
    await write;
  });

  it("LiveTable.explain() tells the last change: what, which row, since when, and from whom", async () => {
    const stream = new ManualLiveStream();
    const { table, master, clock } = fixture({ liveStream: stream });
    const last = async (): Promise<unknown> => (await table.explain("products/all")).lastChange;
    await settle();
    assert.deepEqual(await last(), { kind: "changed", at: 0, cause: "gap", gap: "ends" });
    await clock.advance(5);
    await table.deleteAll({ idempotencyKey: "w1" });
    assert.deepEqual(await last(), { kind: "changed", at: 5, cause: "write", writeId: "w1", outcome: "applied" });
    master.plan.fail("delete", new Error("connection lost"), "after");
    await assert.rejects(table.delete("b", { idempotencyKey: "w2" }));
    const lost = { at: 5, cause: "write", writeId: "w2", outcome: "unknown" };
    assert.deepEqual(await last(), { kind: "deleted", id: "b", ...lost });
    const row = { at: new Date(7) };
    stream.push({ kind: "inserted", id: "c", row });
    await settle();
    const told = (await table.explain("products/all")).lastChange;
    assert(told !== undefined && told.kind !== "changed" && told.row?.at instanceof Date);
    told.row.at.setTime(99);
    assert.deepEqual(await last(), { kind: "inserted", id: "c", row, at: 5, cause: "event" });
    await table.invalidate();
    assert.deepEqual(await last(), { kind: "changed", at: 5, cause: "manual" });
    await table.close();
  });

  it("LiveTable.stats() of a new table are all zero", () => {
    const { invalidations, deadEntries, events, masterReadTimes, stream, ...counts } = fixture().table.stats();
    const { count, totalMs, within } = masterReadTimes;
    const times = Object.fromEntries(within.map(({ ms, count }) => [`within ${ms} ms`, count]));
    for (const all of [counts, invalidations, deadEntries, events, { count, totalMs }, times]) {
      for (const [name, count] of Object.entries(all)) assert.equal(count, 0, name);
    }
    assert.equal(stream, "none");
  });

  it("LiveTable.stats() are counts of their own, which a caller cannot change", async () => {
    const { table } = fixture();
    const stats = table.stats();
    Object.assign(stats, { hits: 99 });
    Object.assign(stats.invalidations, { write: 99 });
    await table.listValues();
    assert.equal(table.stats().hits, 0);
    assert.equal(table.stats().invalidations.write, 0);
  });

  it("`await using` closes the table, and leaves open what it was handed", async () => {
    const { master, cache } = fixture();
    {
      await using table = new LiveTable(master, "products", cache);
      await table.listValues();
    }
    assert.equal((await master.listValues()).size, 3);
    assert(await cache.get("products/all"));
  });
});

describe("LiveTable, bad input", () => {
  it("is named, with its value", async () => {
    const master = new MemTable("products", { rows: BAKERY, columns: [{ name: "name" }, { name: "price" }] });
    const make = (cacheKey: string, options?: LiveTableOptions): LiveTable =>
      new LiveTable(master, cacheKey, new MemCache(), options);
    const table = make("products");
    assert.throws(() => make(""), { name: "TypeError", message: /cacheKey .* got ""/ });
    assert.throws(() => Reflect.construct(LiveTable, [master, 5, new MemCache()]), TypeError);
    assert.throws(() => make("p", { queueCapacity: 0 }), {
      name: "RangeError",
      message: /queueCapacity .* got number 0/,
    });
    assert.throws(() => make("p", { waitingCapacity: NaN }), RangeError);
    assert.throws(() => make("p", { waitingCapacity: -1 }), RangeError);
    for (const ms of [-1, -0.5, NaN]) {
      assert.throws(() => make("p", { staleTimeMs: ms }), { name: "RangeError", message: /staleTimeMs/ });
      assert.throws(() => make("p", { masterLagMs: ms }), { name: "RangeError", message: /masterLagMs/ });
      assert.throws(() => make("p", { cacheTimeoutMs: ms }), { name: "RangeError", message: /cacheTimeoutMs/ });
    }
    assert.throws(() => make("p", { masterLagMs: Infinity }), RangeError);
    assert.throws(() => make("p", { cacheTimeoutMs: 0 }), {
      name: "RangeError",
      message: /cacheTimeoutMs .* got number 0/,
    });
    assert.throws(() => make("p", { cacheTimeoutMs: NaN }), RangeError);
    for (const name of ["staleTimeMs", "masterLagMs", "cacheTimeoutMs"]) {
      for (const wrong of ["5", 5n, null]) {
        // What comes from a configuration file has whatever type it has.
        assert.throws(
          () => make("p", { [name]: wrong as unknown as number }),
          { name: "RangeError" },
          `${name} ${wrong}`,
        );
      }
    }
    assert.throws(() => table.page(NaN), { name: "RangeError", message: /page .* got number NaN/ });
    assert.throws(() => table.where({ prise: 1 }), { name: "TypeError", message: /"prise".*accepted are name, price/ });
    assert.throws(() => Reflect.apply(table.where, table, ["price", "like", 1]), {
      name: "TypeError",
      message: /"like".*accepted are eq, ne/,
    });
    await assert.rejects(Reflect.apply(table.getValue, table, [5]), { name: "TypeError", message: /number 5/ });
    await assert.rejects(Reflect.apply(table.insertValue, table, [5, {}]), { name: "TypeError", message: /number 5/ });
    await assert.rejects(Reflect.apply(table.insertValue, table, ["x", { f: () => 1 }]), /a function \(at f\)/);
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    await assert.rejects(Reflect.apply(table.insertValue, table, ["x", cycle]), /cycle/);
    assert.throws(() => Reflect.apply(table.enqueue, table, [{ kind: "explode" }]), /"explode"; accepted are insert/);
    await assert.rejects(table.explain("clients/all"), { name: "RangeError", message: /"clients\/all"/ });
    assert.equal(await master.getCount(), 3, "nothing was changed");
    assert.equal(table.stats().masterWrites, 0, "nothing was sent");
  });

  it("is not what stands at a bound", () => {
    const accepted: LiveTableOptions[] = [
      { queueCapacity: 1, waitingCapacity: 0 },
      { staleTimeMs: 0, masterLagMs: 0 },
      { staleTimeMs: 0.5, masterLagMs: 0.5, cacheTimeoutMs: 0.5 },
      { staleTimeMs: Infinity, cacheTimeoutMs: Infinity },
    ];
    for (const options of accepted) new LiveTable(new MemTable("p"), "p", new MemCache(), options);
  });

  it("LiveTable tries a failed invalidation again, also after one that another table had made up for", async () => {
    const clock = new FakeClock();
    const storage = new MemCache();
    const drops: { readonly succeed: () => void; readonly fail: () => void }[] = [];
    const cache: Cache = {
      get: (key) => storage.get(key),
      fence: (key) => storage.fence(key),
      put: (key, rows, fence) => storage.put(key, rows, fence),
      invalidatePrefix: (prefix) =>
        new Promise((resolve, reject) => {
          const succeed = (): void => resolve(storage.invalidatePrefix(prefix));
          drops.push({ succeed, fail: () => reject(new Error("the store is away")) });
        }),
    };
    const master = new MemTable("p", { rows: BAKERY });
    const [one, other] = [new LiveTable(master, "p", cache, { clock }), new LiveTable(master, "p", cache, { clock })];
    const [first, second] = [one.invalidate(), other.invalidate()];
    drops[1]?.succeed();
    await second;
    drops[0]?.fail();
    await first;
    const third = one.invalidate();
    drops[2]?.fail();
    await third;
    await clock.advance(1_000);
    assert.equal(drops.length, 4);
    drops[3]?.succeed();
    await settle();
    await one.listValues();
    await one.listValues();
    assert.equal(one.stats().hits, 1);
    await Promise.all([one.close(), other.close()]);
  });

  it("LiveTable refuses what is no cache", () => {
    for (const cache of [undefined, {}, "cache"]) {
      assert.throws(
        () => new LiveTable(new MemTable("p"), "p", cache as unknown as MemCache),
        /The cache of a LiveTable must be a cache/,
      );
    }
  });

  it("LiveTable that refuses its options leaves nothing behind on the cache or the stream", async () => {
    const stream = new ManualLiveStream();
    const { table, master, cache, clock } = fixture({ invalidation: "all" });
    await table.close();
    const left = new LiveTable(master, "products", cache, { invalidation: "all", clock });
    for (let n = 0; n < 2; n++) cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await left.patchValue("a", { price: 3 });
    await left.close();
    const options = { clock, liveStream: stream, queueCapacity: 0 };
    assert.throws(() => new LiveTable(master, "products", cache, options), RangeError);
    assert.equal(stream.subscriberCount, 0);
    assert.equal(clock.waiting, 0);
  });

  it("LiveTable takes rows from a master that answers with any iterable of entries", async () => {
    const odd = new MemTable("odd");
    Object.defineProperty(odd, "listValues", { value: () => Promise.resolve(new Map([["a", { name: "Bun" }]])) });
    const table = new LiveTable(odd, "odd", new MemCache());
    const rows = await table.listValues();
    assert(rows instanceof Rows);
    assert.deepEqual(rows.get("a"), { name: "Bun" });
  });
});

function pick<K extends keyof ReturnType<LiveTable["stats"]>>(
  table: LiveTable,
  ...names: K[]
): Record<string, unknown> {
  const stats = table.stats();
  return Object.fromEntries(names.map((name) => [name, stats[name]]));
}
