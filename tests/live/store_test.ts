import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { LiveTable, MemCache, MemTable, RejectedError } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { BAKERY, CACHES, fixture } from "./fixture.ts";

/** Counts the calls of a listener. */
function counted(subscribe: (listener: () => void) => () => void): { count: number; readonly leave: () => void } {
  const calls = { count: 0, leave: subscribe(() => void calls.count++) };
  return calls;
}

for (const { kind, cache } of CACHES) {
  describe(`LiveObserver.store, with ${kind}`, () => {
    it("is the same object for all handles of the same rows, and another one for other rows or another policy", async () => {
      const { table } = fixture({}, cache());
      const cheap = table.where("price", "lt", 5).where("price", "gt", 0).observe().store;
      assert.equal(table.where("price", "gt", 0).where("price", "lt", 5).observe().store, cheap);
      assert.notEqual(table.observe().store, cheap);
      assert.notEqual(table.withReadPolicy({ staleTimeMs: 5 }).observe().store, table.observe().store);
      assert.equal(table.observeRow("a").store, table.observeRow("a").store);
      assert.notEqual(table.observeRow("a").store, table.observeRow("b").store);
      await table.close();
    });

    it("starts nothing, and leaves nothing behind when the last listener has left", async () => {
      const { table, master, clock } = fixture({}, cache());
      const { store } = table.observe();
      store.getSnapshot();
      store.getServerSnapshot();
      await settle();
      assert.equal(master.plan.count("listValues"), 0);
      const listener = counted(store.subscribe);
      await settle();
      listener.leave();
      listener.leave();
      await clock.advance(60);
      assert.equal(clock.waiting, 0);
      await table.invalidate();
      await settle();
      assert.equal(master.plan.count("listValues"), 1);
      await table.close();
    });

    it("calls a listener once after it has subscribed, which may have seen an older snapshot", async () => {
      const { table } = fixture({}, cache());
      const { store } = table.observe();
      const first = counted(store.subscribe);
      await settle();
      const { count } = first;
      const second = counted(store.subscribe);
      assert.equal(second.count, 0);
      await settle();
      assert.deepEqual([first.count, second.count], [count, 1]);
      await table.close();
    });

    it("is not ended by the end of an observer", async () => {
      const { table } = fixture({}, cache());
      const observer = table.observe();
      const listener = counted(observer.store.subscribe);
      await settle();
      observer[Symbol.dispose]();
      const { count } = listener;
      await table.patchValue("a", { price: 9 });
      await settle();
      assert(listener.count > count);
      await table.close();
    });
  });

  describe(`LiveHandle.observeRow(), with ${kind}`, () => {
    it("shows one row, and reads no other", async () => {
      const { table, master } = fixture({}, cache());
      const observer = table.observeRow("a");
      await observer.ready();
      assert.deepEqual(observer.getSnapshot().rows?.ids(), ["a"]);
      assert.equal(master.plan.count("listValues"), 0);
      assert.equal(master.plan.count("getValue"), 1);
      await table.close();
    });

    it("shows no row if there is none, and one once it is there", async () => {
      const { table } = fixture({}, cache());
      const observer = table.observeRow("z");
      counted(observer.subscribe);
      await settle();
      const { status, rows } = observer.getSnapshot();
      assert.deepEqual([status, rows?.size], ["success", 0]);
      await table.insertValue("z", { name: "Pie" });
      await settle();
      assert.deepEqual(observer.getSnapshot().rows?.get("z"), { name: "Pie" });
      await table.delete("z");
      await settle();
      assert.equal(observer.getSnapshot().rows?.size, 0);
      await table.close();
    });

    it("shows a write at once where the table is optimistic, and takes it back if it is refused", async () => {
      const { table, master } = fixture({ optimistic: true }, cache());
      const observer = table.observeRow("a");
      const prices: unknown[] = [];
      observer.subscribe(() => void prices.push(observer.getSnapshot().rows?.get("a")?.price));
      await settle();
      master.plan.fail("patchValue", new RejectedError("no"), "after");
      const write = table.patchValue("a", { price: 9 });
      assert.deepEqual(observer.getSnapshot().pending, new Set(["a"]));
      await assert.rejects(write);
      await settle();
      assert.deepEqual(prices.filter((price, index) => price !== prices[index - 1]), [2, 9, 2]);
      await table.close();
    });

    it("refuses an id that is no string", async () => {
      const { table } = fixture({}, cache());
      assert.throws(() => table.observeRow(5 as unknown as string), /An id must be a string, got number 5/);
      await table.close();
    });
  });
}

describe("LiveHandle.observeRow()", () => {
  it("shows at once a row that a list has", async () => {
    const { table, master } = fixture();
    await table.listValues();
    assert.deepEqual(table.observeRow("b").getSnapshot().rows?.get("b"), { name: "Roll", price: 1 });
    assert.equal(master.plan.count("getValue"), 0);
    await table.close();
  });

  it("is not shown as of a list that does not have the row in its set", async () => {
    const { table } = fixture();
    await table.listValues();
    assert.equal(table.where("price", "gt", 4).observeRow("b").getSnapshot().rows, undefined);
    await table.close();
  });
});

describe("LiveHandle.equals()", () => {
  it("says whether two handles list the same rows of one table under one policy", async () => {
    const { table, another } = fixture();
    const other = another();
    const cheap = table.where("price", "lt", 5);
    assert(cheap.equals(table.where("price", "lt", 5)));
    assert(table.equals(table));
    assert(!cheap.equals(table));
    assert(!cheap.equals(table.where("price", "lt", 5).withReadPolicy({ staleTimeMs: 5 })));
    assert(!table.equals(other));
    await Promise.all([table.close(), other.close()]);
  });
});

describe("Rows that were shown elsewhere", () => {
  const clock = new FakeClock();
  const open = (): LiveTable => new LiveTable(master, "products", new MemCache(), { clock });
  const master = new MemTable("products", { rows: BAKERY });

  it("are shown at once, by whichever observer, and read again when the first listener subscribes", async () => {
    await using server = open();
    await using browser = open();
    const cheap = (table: LiveTable) => table.where("price", "lt", 5).observe();
    await Promise.all([server.observe().ready(), cheap(server).ready(), server.observeRow("a").ready()]);
    const early = browser.observe();
    browser.importShown(server.exportShown());
    assert.equal(browser.stats().masterReads, 0);
    for (const observer of [early, browser.observe(), cheap(browser), browser.observeRow("a")]) {
      const { status, fetchStatus } = observer.getSnapshot();
      assert.deepEqual([status, fetchStatus], ["success", "idle"]);
    }
    assert.equal(cheap(browser).getSnapshot().rows?.size, 2);
    const listener = counted(early.subscribe);
    assert.equal(early.getSnapshot().fetchStatus, "fetching");
    await settle();
    assert.equal(browser.stats().masterReads, 1);
    listener.leave();
  });

  it("stay what is compared with a server's page, whatever is shown by then", async () => {
    await using server = open();
    await using browser = open();
    await server.observe().ready();
    browser.importShown(server.exportShown());
    const { store } = browser.observe();
    counted(store.subscribe);
    await settle();
    await browser.patchValue("a", { price: 7 });
    await settle();
    assert.equal(store.getSnapshot().rows?.get("a")?.price, 7);
    assert.equal(store.getServerSnapshot().rows?.get("a")?.price, 2);
    assert.equal(store.getServerSnapshot(), store.getServerSnapshot());
    await master.patchValue("a", { price: 2 });
  });

  it("are not shown in place of what is known", async () => {
    await using server = open();
    await using browser = open();
    await server.observe().ready();
    await browser.patchValue("a", { price: 3 });
    await browser.observe().ready();
    browser.importShown(server.exportShown());
    assert.equal(browser.observe().getSnapshot().rows?.get("a")?.price, 3);
    await master.patchValue("a", { price: 2 });
  });

  it("are kept for the last hundred keys at most, until they are asked for", async () => {
    await using server = open();
    await using browser = open();
    await server.observe().ready();
    const [shown] = server.exportShown().values();
    assert(shown !== undefined);
    const pages = Array.from({ length: 101 }, (_, index) => browser.page(index + 1, 7));
    browser.importShown(new Map(pages.map((page) => [page.listCacheKey, shown])));
    const known = pages.map((page) => page.observe().getSnapshot().rows);
    assert.equal(known[0], undefined);
    assert.deepEqual(known.slice(1).map((rows) => rows?.size), Array(100).fill(shown.rows.size));
  });

  it("are refused under keys of another table", async () => {
    await using server = open();
    await using orders = new LiveTable(new MemTable("orders"), "orders", new MemCache());
    await server.observe().ready();
    assert.throws(() => orders.importShown(server.exportShown()), /The key "products\/all" is not of this table/);
  });

  it("of a table that cannot be read are none: the server renders what the browser begins with", async () => {
    const { table, master } = fixture();
    master.plan.fail("listValues", new RejectedError("no"));
    const { store } = table.observe();
    await store.ready().catch(() => {});
    assert.equal(store.getSnapshot().status, "error");
    assert.equal(store.getServerSnapshot().status, "pending");
    assert.equal(table.exportShown().size, 0);
    await table.close();
  });
});

describe("LiveObserver.ready()", () => {
  it("is followed by rows, however young they have to be: a render loop asks once", async () => {
    const { table, master, clock } = fixture({ maxAgeMs: 0, staleTimeMs: 0 });
    const observer = table.observe();
    await observer.ready();
    await clock.advance(5);
    assert.equal(observer.getSnapshot().rows?.size, 3);
    assert.equal(master.plan.count("listValues"), 1);
    await clock.advance(1_000);
    assert.equal(observer.getSnapshot().rows, undefined);
    await table.close();
  });
});
