import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  type Capabilities,
  defineTable,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  type Row,
  type Table,
} from "@vantage/live";
import { SqliteCache } from "@vantage/live/sqlite";
import { FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, slowly } from "./fixture.ts";
import { newPath } from "../conformance/temp_folder.ts";

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

  it("gives pages, counts and what the master leaves to memory, though the master evaluates some conditions itself", async () => {
    const asked: string[] = [];
    const master = (capabilities: Partial<Capabilities>): Table =>
      defineTable({
        name: "products",
        columns: [{ name: "name" }, { name: "price" }],
        capabilities,
        list: ({ query: { where = [], orderBy = [] } }) => {
          asked.push([...where, ...orderBy].join(" "));
          const [[, , name] = []] = where;
          return BAKERY.filter(([, row]) => name === undefined || row.name === name);
        },
      });
    await using table = new LiveTable(master({ where: ["eq"] }), "products", new MemCache());
    assert.equal((await table.listValues()).size, 3);
    assert.deepEqual((await table.page(2, 2).listValues()).ids(), ["c"]);
    assert.deepEqual((await table.orderBy("price").listValues()).ids(), ["b", "a", "c"]);
    assert.deepEqual((await table.where("price", "gt", 1).listValues()).ids(), ["a", "c"]);
    assert.equal(await table.where("price", "gt", 1).getCount(), 2);
    assert.deepEqual((await table.where("name", "eq", "Bun").where("price", "gt", 1).listValues()).ids(), ["a"]);
    assert.deepEqual(asked, ["", "name,eq,Bun"]);
    await using ordering = new LiveTable(master({ orderBy: true }), "products", new MemCache());
    await ordering.listValues();
    await ordering.page(2, 2).listValues();
    await ordering.orderBy("price").listValues();
    assert.deepEqual(asked.slice(2), ["", "price,asc"], "only the master knows its order");
  });

  it("is what peek(), observe() and watch() show of its parts at once, where the cache answers at once", async () => {
    for (const isLater of [false, true]) {
      const { master, reads } = source();
      const cache = isLater ? slowly(new MemCache()) : new MemCache();
      await using table = new LiveTable(master, "products", cache);
      const view = table.where("price", "gt", 1).orderBy("price");
      assert.equal(view.peek(), undefined);
      await table.listValues();
      if (!isLater) {
        assert.deepEqual([view.peek()?.ids(), view.page(2, 1).peek()?.ids()], [["a", "c"], ["c"]]);
        const observer = view.observe();
        const { status, rows } = observer.getSnapshot();
        assert.deepEqual([status, rows?.ids()], ["success", ["a", "c"]]);
        assert.equal(observer.getSnapshot(), observer.getSnapshot());
      }
      const fetching: unknown[] = [];
      const observer = view.observe();
      const leave = observer.subscribe(() => fetching.push(observer.getSnapshot().fetchStatus));
      await settle();
      assert.deepEqual(observer.getSnapshot().rows?.ids(), ["a", "c"]);
      assert(!fetching.includes("fetching"));
      leave();
      assert.equal(reads(), 1);
      await table.invalidate();
      assert.equal(view.orderBy("name").peek(), undefined);
    }
  });

  it("is what an observer shows of its parts after each change, though nobody listens", async () => {
    const rows = new Map(BAKERY);
    const patch = (id: string, partial: Row): Row => {
      const row = { ...rows.get(id), ...partial };
      rows.set(id, row);
      return row;
    };
    const columns = [{ name: "name" }, { name: "price" }];
    const master = defineTable({ name: "products", columns, list: () => [...rows], patch });
    await using table = new LiveTable(master, "products", new MemCache());
    await table.listValues();
    const observer = table.where("price", "gt", 1).orderBy("price").observe();
    assert.deepEqual(observer.getSnapshot().rows?.ids(), ["a", "c"]);
    await table.patchValue("a", { price: 9 });
    assert.deepEqual(observer.getSnapshot().rows?.ids(), ["c", "a"]);
    assert.equal(table.stats().masterReads, 1);
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

describe("A row that a list has", () => {
  const large = (): { readonly master: Table; reads(): number } => {
    let reads = 0;
    const rows = Array.from(
      { length: 6_000 },
      (_, index) => [`r${index}`, { name: `Product ${index}`, index }] as const,
    );
    const master = defineTable({ name: "products", list: () => (reads++, rows) });
    return { master, reads: () => reads };
  };
  const CACHES: readonly (readonly [string, () => Cache])[] = [
    ["at once", () => new MemCache()],
    ["later", () => slowly(new MemCache())],
  ];

  for (const [name, open] of CACHES) {
    it(`answers getValue(), with a cache that answers ${name}, also if there are many and the list was a hit`, async () => {
      const { master, reads } = large();
      const cache = open();
      await using table = new LiveTable(master, "products", cache);
      await using another = new LiveTable(master, "products", cache);
      await table.listValues();
      assert.equal((await table.getValue("r5999"))?.index, 5_999);
      await another.listValues();
      assert.equal((await another.getValue("r1"))?.index, 1);
      assert.equal((await another.where("index", "lt", 5).getValue("r2"))?.index, 2);
      assert.equal(reads(), 1);
      assert.equal(await another.where("index", "lt", 5).getValue("r7"), undefined);
    });

    it(`answers while its own entry has a hole, with a cache that answers ${name}`, async () => {
      const { master, reads } = large();
      const liveStream = new ManualLiveStream();
      await using table = new LiveTable(master, "products", open(), { liveStream });
      await settle();
      await table.getValue("r1");
      liveStream.push({ kind: "updated", id: "r1" });
      await settle();
      await table.listValues();
      const before = reads();
      assert.equal((await table.getValue("r1"))?.index, 1);
      assert.equal(reads(), before);
    });
  }

  it("answers getValue() from a cache that was opened again", async () => {
    const { master, reads } = large();
    const path = newPath("listed.db");
    for (let time = 0; time < 2; time++) {
      await using cache = await SqliteCache.open(path);
      await using table = new LiveTable(master, "products", cache);
      await table.listValues();
      assert.equal((await table.getValue(`r${time}`))?.index, time);
    }
    assert.equal(reads(), 1);
  });

  it("that is not in the lists asked for last is asked of the master", async () => {
    const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
    const cache = slowly(new MemCache());
    await using table = new LiveTable(master, "products", cache);
    await table.where("price", "gt", 1).listValues();
    assert.equal((await table.getValue("b"))?.price, 1);
    assert.equal((await table.getValue("a"))?.price, 2);
    assert.deepEqual([master.plan.count("getValue"), master.plan.count("listValues")], [1, 1]);
  });
});
