import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Cache, defineTable, type Explanation, LiveTable, ManualLiveStream, MemCache } from "@vantage/live";
import { BAKERY, type Fixture, fixture, slowly, withoutLog } from "./fixture.ts";

/** Lets everything run that is not stopped. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 40; turn++) await Promise.resolve();
}

interface Explained extends Fixture {
  readonly stream: ManualLiveStream;
  /** Which row, by whom, and what it did. */
  changes(key?: string): Promise<readonly string[]>;
}

async function explained(inner: Cache = new MemCache()): Promise<Explained> {
  const stream = new ManualLiveStream();
  const parts = fixture({ liveStream: stream }, inner);
  await settle();
  const { table } = parts;
  const changes = async (key = table.listCacheKey): Promise<readonly string[]> => shown(await table.explain(key));
  return { ...parts, stream, changes };
}

function shown({ changes }: Explanation): readonly string[] {
  return changes.map(({ change, effect }) => {
    const what = change.kind === "changed" ? change.kind : `${change.kind} ${change.id}`;
    return `${what} by ${change.cause}: ${effect}`;
  });
}

describe("LiveTable.explain()", () => {
  it("shows which rows changed since the entry was read, by whom, and what each change did", async () => {
    const { table, stream, changes, clock } = await explained();
    await table.listValues();
    const row = await table.getValue("c");
    assert.deepEqual(row, { name: "Tart", price: 5 });
    await clock.advance(5);
    await table.patchValue("a", { price: 3 }, { idempotencyKey: "w" });
    stream.push({ kind: "updated", id: "b" });
    await settle();
    assert.deepEqual(await changes(), ["updated a by write: in place", "updated b by event: hole"]);
    assert.deepEqual(await changes(table.idCacheKey("c")), [
      "updated a by write: nothing",
      "updated b by event: nothing",
    ]);
    const { held, rows, fetchedAt, changes: [first] } = await table.explain(table.listCacheKey);
    assert.deepEqual({ held, rows, fetchedAt }, { held: false, rows: 3, fetchedAt: 0 });
    assert(Object.isFrozen(first) && Object.isFrozen(first?.change), "the cache may keep the same change");
    const by = { cause: "write", writeId: "w", outcome: "applied" };
    assert.deepEqual(first?.change, { kind: "updated", id: "a", columns: ["price"], at: 5, ...by });
  });

  it("a row that is inserted where the order puts it on the first page is put in place there", async () => {
    const { table, changes } = await explained();
    const cheapest = table.orderBy("price").page(1, 2);
    assert.deepEqual((await cheapest.listValues()).ids(), ["b", "a"]);
    await table.insertValue("d", { name: "Cake", price: 1.5 });
    assert.deepEqual(await changes(cheapest.listCacheKey), ["inserted d by write: in place"]);
    assert.deepEqual((await cheapest.listValues()).ids(), ["b", "d"]);
    assert.equal(table.stats().masterReads, 1);
  });

  it("shows what killed the entry, and nothing after that", async () => {
    const { table, stream, changes } = await explained();
    await table.page(1, 2).listValues();
    stream.push({ kind: "updated", id: "a" });
    stream.push({ kind: "deleted", id: "b" });
    stream.push({ kind: "updated", id: "a" });
    await settle();
    const key = table.page(1, 2).listCacheKey;
    assert.deepEqual(await changes(key), ["updated a by event: hole", "deleted b by event: dead"]);
    assert.equal((await table.explain(key)).held, false);
    await table.page(1, 2).listValues();
    assert.deepEqual(await changes(key), [], "since it was read");
    assert.equal((await table.explain(key)).held, true);
  });

  it("shows the changes that were put in place or read again since, once each", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table, stream, changes } = await explained(cache);
      await table.listValues();
      await table.patchValue("a", { price: 3 });
      await table.listValues();
      stream.push({ kind: "updated", id: "b" });
      await settle();
      await table.listValues();
      await table.patchValue("c", { price: 6 });
      const expected = ["updated a by write: in place", "updated b by event: hole", "updated c by write: in place"];
      assert.deepEqual(await changes(), expected);
      assert.equal((await table.explain(table.listCacheKey)).held, true);
      await table.listValues();
      assert.deepEqual(await changes(), expected);
      await table.close();
    }
  });

  it("shows the last 32 of them", async () => {
    const { table, changes } = await explained();
    await table.listValues();
    for (let price = 0; price < 33; price++) {
      await table.patchValue(price === 0 ? "b" : "a", { price });
      await table.listValues();
    }
    const all = await changes();
    assert.deepEqual([all.length, new Set(all)], [32, new Set(["updated a by write: in place"])]);
  });

  it("shows what the last 256 entries have taken", async () => {
    const { table, changes } = await explained();
    const [first, second] = [table.page(1, 3), table.page(1, 4)];
    await first.listValues();
    await second.listValues();
    await table.patchValue("a", { price: 3 });
    await first.listValues();
    await second.listValues();
    for (let page = 2; page <= 256; page++) await table.page(page, 3).listValues();
    assert.deepEqual(await changes(second.listCacheKey), ["updated a by write: in place"]);
    assert.deepEqual(await changes(first.listCacheKey), []);
    assert.equal((await table.explain(first.listCacheKey)).held, true);
  });

  it("shows what invalidated the entry", async () => {
    const { table, stream, changes } = await explained();
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    await table.listValues();
    stream.push({ kind: "changed" });
    await settle();
    assert.deepEqual(await changes(), ["updated a by write: in place", "changed by event: dead"]);
    assert.deepEqual(await changes(table.page(7).listCacheKey), [], "it was not read");
    await table.listValues();
    assert.deepEqual(await changes(), []);
  });

  it("shows the change that invalidated the entry where the cache has no log", async () => {
    const { table, changes } = await explained(withoutLog(new MemCache()));
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    assert.deepEqual(await changes(), ["updated a by write: dead"]);
    assert.equal((await table.explain(table.listCacheKey)).held, false);
  });

  it("shows the changes to an entry of another process", async () => {
    const { table, another } = await explained();
    await table.page(1, 2).listValues();
    await table.getValue("a");
    await table.patchValue("a", { price: 3 });
    const other = another({ liveStream: undefined });
    for (const key of [other.page(1, 2).listCacheKey, other.page(3, 2).pageCacheKey(1), other.idCacheKey("a")]) {
      assert.deepEqual(shown(await other.explain(key)), ["updated a by write: in place"], key);
      assert.equal((await other.explain(key)).held, true);
    }
  });

  it("does not say held of an entry with changes if it is not known what the entry is for", async () => {
    const { table, another } = await explained();
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    const { held, changes } = await another({ liveStream: undefined }).explain("products/all");
    assert.deepEqual({ held, changes }, { held: false, changes: [] });
  });

  it("says held only if a read would be answered without the master", async () => {
    const { table, clock, cache, another } = await explained();
    await table.listValues();
    const key = table.listCacheKey;
    const agrees = async (): Promise<boolean> => {
      const { held } = await table.explain(key);
      const before = table.stats().masterReads;
      await table.listValues();
      assert.equal(table.stats().masterReads === before, held);
      return held;
    };
    assert.equal(await agrees(), true);
    const change = { kind: "updated", id: "b", at: 0, cause: "write", writeId: "w", outcome: "unknown" } as const;
    await cache.log?.("products/", { kind: "intent", writeId: "w", dueAt: 60_000, change });
    assert.equal(await agrees(), true, "its outcome is not due yet");
    await clock.advance(60_000);
    assert.equal(await agrees(), false, "its outcome is overdue");
    assert.equal(await agrees(), true);
    await another({ liveStream: undefined }).deleteAll();
    assert.equal(await agrees(), false);
  });

  it("counts nothing, reads nothing, and leaves the entry as it is", async () => {
    const { table, stream, cache, master } = await explained();
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    stream.push({ kind: "updated", id: "b" });
    await settle();
    const before = table.stats();
    const [puts, reads] = [cache.plan.count("put"), master.plan.count("listValues")];
    const first = await table.explain(table.listCacheKey);
    assert.deepEqual(await table.explain(table.listCacheKey), first);
    assert.deepEqual(table.stats(), before);
    assert.deepEqual([cache.plan.count("put"), master.plan.count("listValues")], [puts, reads]);
  });
});

describe("LiveTable.stats(), of changes", () => {
  it("rowsInPlace counts each change once for each entry that took it, however many readers there are", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table } = await explained(cache);
      await Promise.all([table.listValues(), table.page(1).listValues()]);
      await table.patchValue("a", { price: 3 });
      for (let time = 0; time < 2; time++) {
        await Promise.all([table.listValues(), table.listValues(), table.page(1).listValues()]);
      }
      const { rowsInPlace, holes, masterReads } = table.stats();
      assert.deepEqual({ rowsInPlace, holes, masterReads }, { rowsInPlace: 2, holes: 0, masterReads: 2 });
      await table.close();
    }
  });

  it("rowsInPlace counts the answer to a write in an entry that has taken other changes while it was in flight", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table, master, another } = fixture({}, cache);
      const other = another();
      await table.listValues();
      const gate = master.plan.hold("patchValue");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await other.patchValue("b", { price: 4 });
      assert.equal((await table.listValues()).get("b")?.price, 4);
      gate.release();
      await write;
      assert.equal((await table.listValues()).get("a")?.price, 3);
      const { rowsInPlace, holes, masterReads } = table.stats();
      assert.deepEqual({ rowsInPlace, holes, masterReads }, { rowsInPlace: 2, holes: 0, masterReads: 1 });
      await Promise.all([table.close(), other.close()]);
    }
  });

  it("holes counts each row that is read again once, however many readers wait for it", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table, stream } = await explained(cache);
      await table.listValues();
      stream.push({ kind: "updated", id: "a" });
      stream.push({ kind: "updated", id: "b" });
      await settle();
      await Promise.all([table.listValues(), table.listValues(), table.listValues()]);
      const { holes, masterReads, rowsReceived, rowsRedundant, deadEntries } = table.stats();
      assert.deepEqual({ holes, masterReads }, { holes: 2, masterReads: 2 });
      assert.deepEqual({ rowsReceived, rowsRedundant }, { rowsReceived: 5, rowsRedundant: 2 });
      assert.deepEqual(deadEntries, { write: 0, event: 0, gap: 0, manual: 0 });
      await table.close();
    }
  });

  it("rowsRedundant counts a row that is read again alone and is the same, and not one that differs", async () => {
    const { table, stream, master } = await explained();
    await table.listValues();
    await master.patchValue("a", { price: 3 });
    const redundant = async (): Promise<number> => {
      const before = table.stats().rowsRedundant;
      stream.push({ kind: "updated", id: "a" });
      await settle();
      await table.listValues();
      return table.stats().rowsRedundant - before;
    };
    assert.deepEqual([await redundant(), await redundant()], [0, 1]);
    await table.invalidate();
    await table.listValues();
    assert.equal(table.stats().rowsRedundant, 1 + 3, "all are as they were received last");
  });

  it("deadEntries counts each entry that is read again as a whole once, by the cause", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table, stream } = await explained(cache);
      const page = table.page(1, 2);
      await page.listValues();
      stream.push({ kind: "updated", id: "a", columns: ["price"] });
      stream.push({ kind: "deleted", id: "b" });
      await settle();
      await Promise.all([page.listValues(), page.listValues()]);
      await table.insertValue("d", { name: "Donut" });
      await page.listValues();
      const { holes, rowsInPlace, deadEntries } = table.stats();
      assert.deepEqual({ holes, rowsInPlace }, { holes: 0, rowsInPlace: 0 });
      assert.deepEqual(deadEntries, { write: 1, event: 1, gap: 0, manual: 0 });
      await table.close();
    }
  });

  it("an entry whose holes cannot be read alone is dead, and they are no holes", async () => {
    const stream = new ManualLiveStream();
    const master = defineTable({ name: "products", list: () => BAKERY });
    await using table = new LiveTable(master, "products", new MemCache(), { liveStream: stream });
    await settle();
    await table.listValues();
    stream.push({ kind: "updated", id: "a" });
    await settle();
    await table.listValues();
    const { holes, deadEntries, rowsReceived } = table.stats();
    assert.deepEqual({ holes, event: deadEntries.event, rowsReceived }, { holes: 0, event: 1, rowsReceived: 6 });
  });
});
