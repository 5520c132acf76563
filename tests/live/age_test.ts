import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  ClosedError,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  MemTable,
  type ReadPolicyOptions,
  RejectedError,
  type StaleAnswer,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { type Fixture, fixture, slowly } from "./fixture.ts";

const UNREACHABLE = new UnavailableError("no connection");

/** How often a table reads for one refresh. */
const MAX_REFRESHES = 3;

/** What a reader is shown, and how it is marked. */
async function shown(table: TableLike): Promise<{ prices: unknown[]; stale: StaleAnswer | undefined }> {
  let stale: StaleAnswer | undefined;
  const rows = await table.listValues({ onStale: (answer) => stale = answer });
  return { prices: [...rows.values()].map(({ price }) => price), stale };
}

function unreachable({ master }: Fixture, times = 1): void {
  for (let time = 0; time < times; time++) master.plan.fail("listValues", UNREACHABLE);
}

const CACHES: readonly (readonly [name: string, open: () => Cache])[] = [
  ["at once", () => new MemCache()],
  ["later", () => slowly(new MemCache())],
];

for (const [name, open] of CACHES) {
  describe(`LiveTable with whileStale "serve", with a cache that answers ${name}`, () => {
    const served = (options: LiveTableOptions = {}): Fixture => fixture({ whileStale: "serve", ...options }, open());

    it("answers with what is held beyond staleTimeMs, marks it, and reads once behind", async () => {
      const { table, master, clock } = served({ staleTimeMs: 1_000 });
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      await clock.advance(1_000);
      const gate = master.plan.hold("listValues");
      assert.deepEqual(await shown(table), { prices: [2, 1, 5], stale: { fetchedAt: 0 } });
      assert.deepEqual(await shown(table), { prices: [2, 1, 5], stale: { fetchedAt: 0 } });
      await gate.reached;
      gate.release();
      await settle();
      assert.deepEqual(await shown(table), { prices: [9, 1, 5], stale: undefined });
      assert.equal(master.plan.count("listValues"), 2);
      assert.equal(table.stats().servedStale, 2);
      assert.equal(table.stats().hits, 3);
      await table.close();
    });

    it("reads once more behind if a change comes while it reads, and counts one failure for all who were served", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master, clock } = served({ staleTimeMs: 1_000, liveStream });
      await settle();
      await table.listValues();
      await clock.advance(1_000);
      const gate = master.plan.hold("listValues");
      await shown(table);
      await gate.reached;
      await master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      assert.deepEqual(await shown(table), { prices: [2, 1, 5], stale: { fetchedAt: 0 } });
      gate.release();
      await settle();
      assert.deepEqual(await shown(table), { prices: [9, 1, 5], stale: undefined });
      await clock.advance(1_000);
      master.plan.fail("listValues", UNREACHABLE);
      await Promise.all([shown(table), shown(table), shown(table)]);
      await settle();
      assert.equal(table.stats().failedBehind, 1);
      await table.close();
    });

    it("serves nothing stale to its own read behind, which fails as such where onMasterFailure serves too", async () => {
      const fix = served({ staleTimeMs: 1_000, onMasterFailure: "serve" });
      const { table, clock } = fix;
      await table.listValues();
      await clock.advance(1_000);
      unreachable(fix);
      await shown(table);
      await settle();
      const { failedBehind, servedStale } = table.stats();
      assert.deepEqual({ failedBehind, servedStale }, { failedBehind: 1, servedStale: 1 });
      await table.close();
    });

    it("answers with holes of others' changes, and fills them behind", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master } = served({ liveStream });
      await settle();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      assert.deepEqual((await shown(table)).prices, [2, 1, 5]);
      await settle();
      assert.deepEqual(await shown(table), { prices: [9, 1, 5], stale: undefined });
      await table.close();
    });

    it("answers with entries that a gap or an event has made dead, and reads them again behind", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master } = served({ liveStream });
      await settle();
      await table.listValues();
      await master.insertValue("d", { name: "Pie", price: 7 });
      liveStream.push({ kind: "changed" });
      await settle();
      assert.deepEqual(await shown(table), { prices: [2, 1, 5], stale: { fetchedAt: 0 } });
      await settle();
      assert.deepEqual(await shown(table), { prices: [2, 1, 5, 7], stale: undefined });
      await table.close();
    });

    it("does not answer with a row that the master no longer has", async () => {
      const { table, master, clock } = served({ staleTimeMs: 1_000 });
      await table.getValue("a");
      await master.delete("a");
      await clock.advance(1_000);
      assert.equal((await table.getValue("a"))?.price, 2);
      await settle();
      assert.equal(await table.getValue("a"), undefined);
      await master.insertValue("a", { price: 4 });
      assert.equal((await table.getValue("a"))?.price, 4);
      await clock.advance(1_000);
      await master.patchValue("a", { price: 5 });
      assert.equal((await table.getValue("a"))?.price, 4);
      await table.close();
    });

    it("does not answer with what is held once the master's answer to a later read could not be kept", async () => {
      const inner = open();
      const put: Cache["put"] = (key, entry, fence) => entry.rows.size <= 3 && inner.put(key, entry, fence);
      const small: Cache = { ...slowly(inner), put };
      const { table, master, clock } = fixture({ whileStale: "serve", staleTimeMs: 1_000 }, small);
      await table.listValues();
      await master.insertValue("d", { price: 4 });
      await clock.advance(1_000);
      assert.equal((await table.listValues()).size, 3);
      await settle();
      assert.equal((await table.listValues()).size, 4);
      await master.delete("d");
      assert.equal((await table.listValues()).size, 3);
      await clock.advance(1_000);
      assert.deepEqual((await shown(table)).stale, { fetchedAt: 1_000 });
      await table.close();
    });

    it("never answers with what is older than maxAgeMs", async () => {
      const { table, clock } = served({ staleTimeMs: 1_000, maxAgeMs: 5_000 });
      await table.listValues();
      await clock.advance(4_999);
      const { stale } = await shown(table);
      assert.deepEqual(stale, { fetchedAt: 0 });
      await settle();
      await clock.advance(5_000);
      assert.equal((await shown(table)).stale, undefined);
      clock.set(0);
      assert.equal((await shown(table)).stale, undefined, "an age below zero is unknown");
      await table.close();
    });

    it("waits for rows that were written, unless the answer of the master is in place", async () => {
      for (
        const [write, expected] of [
          [(table: LiveTable) => table.patchValue("a", { price: 9 }), [9, 1, 5]],
          [(table: LiveTable) => table.insertValue("d", { price: 9 }), [2, 1, 5, 9]],
          [(table: LiveTable) => table.replaceValue("b", { price: 9 }), [2, 9, 5]],
          [(table: LiveTable) => table.delete("b"), [2, 5]],
          [(table: LiveTable) => table.deleteAll(), []],
          [(table: LiveTable) => table.invalidate(), [2, 1, 5]],
        ] as const
      ) {
        const { table } = served();
        await table.listValues();
        await table.page(1, 3).listValues();
        await write(table);
        assert.deepEqual(await shown(table), { prices: expected, stale: undefined });
        assert.deepEqual(await shown(table.page(1, 3)), { prices: expected.slice(0, 3), stale: undefined });
        await table.close();
      }
    });

    it("waits for a write of unknown outcome, and for one that came after a foreign change", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master } = served({ liveStream });
      await settle();
      await table.listValues();
      master.plan.fail("patchValue", UNREACHABLE, "after");
      await assert.rejects(table.patchValue("a", { price: 9 }), UnavailableError);
      assert.deepEqual(await shown(table), { prices: [9, 1, 5], stale: undefined });
      await master.insertValue("d", { price: 7 });
      liveStream.push({ kind: "inserted", id: "d" });
      await settle();
      await table.delete("a");
      const { prices } = await shown(table);
      assert.ok(!prices.includes(9));
      await table.close();
    });

    it("keeps what is held if the read behind fails, and tries again with the next reader", async () => {
      const fix = served({ staleTimeMs: 1_000 });
      const { table, clock } = fix;
      await table.listValues();
      await clock.advance(1_000);
      unreachable(fix);
      assert.deepEqual((await shown(table)).prices, [2, 1, 5]);
      await settle();
      assert.deepEqual((await shown(table)).stale, { fetchedAt: 0 });
      await settle();
      assert.equal((await shown(table)).stale, undefined);
      await table.close();
    });

    it("is unsettled for a table over it, which keeps nothing of it, and passes the mark on", async () => {
      const { table, clock } = served({ staleTimeMs: 1_000 });
      const above = new LiveTable(table, "above", new MemCache(), { clock });
      await table.listValues();
      await clock.advance(1_000);
      const gate = new Promise<void>((resolve) => clock.wait(10).then(resolve));
      assert.deepEqual((await shown(above)).stale, { fetchedAt: 0 });
      assert.equal(above.stats().fills, 0);
      await clock.advance(10);
      await gate;
      assert.equal((await shown(above)).stale, undefined);
      await above.close();
      await table.close();
    });

    it("leaves nothing behind when it is closed while it reads behind", async () => {
      const { table, master, clock } = served({ staleTimeMs: 1_000 });
      await table.listValues();
      await clock.advance(1_000);
      const gate = master.plan.hold("listValues");
      await table.listValues();
      await gate.reached;
      await table.close();
      gate.release();
      await settle();
      assert.equal(table.stats().fills, 1);
      await assert.rejects(table.refresh(), ClosedError);
    });
  });

  describe(`LiveTable with onMasterFailure "serve", with a cache that answers ${name}`, () => {
    const served = (options: LiveTableOptions = {}): Fixture =>
      fixture({ onMasterFailure: "serve", ...options }, open());

    it("answers with what is held beyond staleTimeMs, marked with its age and the failure", async () => {
      const fix = served({ staleTimeMs: 1_000, maxAgeMs: 5_000 });
      const { table, clock } = fix;
      await table.listValues();
      await clock.advance(1_000);
      unreachable(fix);
      assert.deepEqual(await shown(table), { prices: [2, 1, 5], stale: { fetchedAt: 0, error: UNREACHABLE } });
      await clock.advance(4_000);
      unreachable(fix);
      await assert.rejects(table.listValues(), (error) => error === UNREACHABLE);
      assert.equal((await shown(table)).stale, undefined);
      await table.close();
    });

    it("answers with what is held after a gap, which is when a connection is lost", async () => {
      const liveStream = new ManualLiveStream();
      const fix = served({ liveStream });
      const { table } = fix;
      await settle();
      await table.listValues();
      liveStream.disconnect(new Error("connection lost"));
      await settle();
      unreachable(fix);
      assert.deepEqual((await shown(table)).stale, { fetchedAt: 0, error: UNREACHABLE });
      await table.close();
    });

    it("is an error if the master refuses, if nothing is held, and after invalidate()", async () => {
      const fix = served({ staleTimeMs: 1_000 });
      const { table, master, clock } = fix;
      unreachable(fix);
      await assert.rejects(table.listValues(), UnavailableError);
      await table.listValues();
      await clock.advance(1_000);
      master.plan.fail("listValues", new RejectedError("no longer yours"));
      await assert.rejects(table.listValues(), RejectedError);
      await table.invalidate();
      unreachable(fix);
      await assert.rejects(table.listValues(), UnavailableError);
      await table.close();
    });

    it("shows what was shown before a write of unknown outcome, whichever it is", async () => {
      for (
        const [op, write] of [
          ["patchValue", (table: LiveTable) => table.patchValue("a", { price: 9 })],
          ["insertValue", (table: LiveTable) => table.insertValue("d", { price: 9 })],
          ["replaceValue", (table: LiveTable) => table.replaceValue("a", { price: 9 })],
          ["delete", (table: LiveTable) => table.delete("a")],
          ["deleteAll", (table: LiveTable) => table.deleteAll()],
          ["insertReturnIdValue", (table: LiveTable) => table.insertReturnIdValue({ price: 9 })],
        ] as const
      ) {
        const fix = served();
        const { table, master } = fix;
        const views = [table, table.where("price", "gt", 1).orderBy("price"), table.page(1, 2)];
        for (const view of views) await view.listValues();
        master.plan.fail(op, UNREACHABLE);
        await assert.rejects(write(table), UnavailableError);
        for (const [index, view] of views.entries()) {
          // A view may be cut from the set, which is read first.
          unreachable(fix, 2);
          const { prices } = await shown(view);
          assert.deepEqual(prices, [[2, 1, 5], [2, 5], [2, 1]][index], `${op} on view ${index}`);
          master.plan.fail("listValues", UNREACHABLE);
          await table.refresh().catch(() => {});
        }
        await table.close();
      }
    });

    it("shows rows as they were written, in views that the write made dead", async () => {
      const fix = served();
      const { table } = fix;
      const page = table.orderBy("price").page(1, 2);
      await page.listValues();
      await table.patchValue("a", { price: 9 });
      unreachable(fix);
      assert.deepEqual((await shown(page)).prices, [1, 9]);
      await table.delete("b");
      unreachable(fix);
      assert.deepEqual((await shown(page)).prices, [9]);
      await table.close();
    });

    it("is an error where what a write has made of the rows is unknown", async () => {
      const fix = served();
      const { table } = fix;
      await table.listValues();
      await table.insertReturnIdValue({ price: 9 });
      unreachable(fix);
      await assert.rejects(table.listValues(), UnavailableError);
      await table.listValues();
      await table.deleteAll();
      unreachable(fix);
      await assert.rejects(table.listValues(), UnavailableError);
      await table.close();
    });

    const stream = new ManualLiveStream();
    /** A write of another table, answered while rows are read; `meanwhile` happens while it is in flight, before that. */
    async function overlapped(meanwhile: (table: LiveTable) => Promise<unknown>): Promise<Fixture> {
      const fix = served();
      const { table, master, another } = fix;
      const others = another({ liveStream: stream });
      await settle();
      const late = master.plan.hold("patchValue");
      const written = others.patchValue("a", { price: 8 });
      await late.reached;
      await meanwhile(table);
      const slow = master.plan.hold("listValues");
      const reading = table.listValues();
      await slow.reached;
      late.release();
      await written;
      slow.release();
      await reading;
      await others.close();
      unreachable(fix);
      master.plan.fail("getValue", UNREACHABLE);
      return fix;
    }

    it("is an error where a later write of a row may have been answered earlier, before the rows were read", async () => {
      for (
        const later of [
          (table: LiveTable) => table.patchValue("a", { price: 9 }),
          (table: LiveTable) => table.delete("a").then(() => table.insertValue("a", { price: 9 })),
        ]
      ) {
        const { table } = await overlapped(later);
        await assert.rejects(shown(table), UNREACHABLE);
        await table.close();
      }
    });

    it("shows a write during which an event of its row came", async () => {
      const { table } = await overlapped(async () => {
        stream.push({ kind: "updated", id: "a" });
        await settle();
      });
      assert.deepEqual(await shown(table), { prices: [8, 1, 5], stale: { fetchedAt: 0, error: UNREACHABLE } });
      await table.close();
    });

    it("answers for a row that a list has, as it was written", async () => {
      const { table, master, clock } = served({ staleTimeMs: 1_000 });
      await table.listValues();
      await table.patchValue("a", { price: 9 });
      await clock.advance(1_000);
      for (const [id, price] of [["a", 9], ["b", 1]] as const) {
        master.plan.fail("getValue", UNREACHABLE);
        assert.equal((await table.getValue(id))?.price, price);
      }
      master.plan.fail("getValue", UNREACHABLE);
      await assert.rejects(table.where("price", "gt", 1).getValue("b"), UnavailableError);
      await table.delete("b");
      master.plan.fail("getValue", UNREACHABLE);
      assert.equal(await table.getValue("b"), undefined);
      await table.close();
    });

    it("answers for single rows, and not to a reader that has left", async () => {
      const { table, master, clock } = served({ staleTimeMs: 1_000 });
      await table.getValue("a");
      await clock.advance(1_000);
      master.plan.fail("getValue", UNREACHABLE);
      let stale: StaleAnswer | undefined;
      assert.equal((await table.getValue("a", { onStale: (answer) => stale = answer }))?.price, 2);
      assert.equal(stale?.error, UNREACHABLE);
      const leaving = new AbortController();
      const gate = master.plan.hold("getValue");
      const left = table.getValue("a", { signal: leaving.signal });
      await gate.reached;
      leaving.abort(new Error("left"));
      await assert.rejects(left, /left/);
      gate.release();
      await table.close();
    });
  });

  describe(`LiveHandle.refresh(), with a cache that answers ${name}`, () => {
    it("resolves when the new rows are readable, and rejects without touching what is held", async () => {
      const fix = fixture({}, open());
      const { table, master } = fix;
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      unreachable(fix);
      await assert.rejects(table.refresh(), UnavailableError);
      assert.deepEqual((await shown(table)).prices, [2, 1, 5]);
      await table.refresh();
      assert.deepEqual((await shown(table)).prices, [9, 1, 5]);
      assert.equal(master.plan.count("listValues"), 3);
      await table.close();
    });

    it("reads once for all who refresh at the same time, and after a read in flight", async () => {
      const { table, master } = fixture({}, open());
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await master.patchValue("a", { price: 9 });
      const refreshed = [table.refresh(), table.refresh()];
      await settle();
      assert.equal(master.plan.count("listValues"), 1);
      gate.release();
      await Promise.all(refreshed);
      assert.equal((await early).get("a")?.price, 2);
      assert.deepEqual((await shown(table)).prices, [9, 1, 5]);
      assert.equal(master.plan.count("listValues"), 2);
      await table.close();
    });
  });
}

describe("LiveHandle.refresh(), while what is held is brought up to date", () => {
  it("makes the new rows readable all the same", async () => {
    for (const cache of [new MemCache(), slowly(new MemCache())]) {
      const { table, master } = fixture({}, cache);
      await table.listValues();
      await master.patchValue("a", { price: 9 }); // somebody else, whom no event tells of
      const gate = master.plan.hold("listValues", "after");
      const refreshed = table.refresh();
      await gate.reached;
      await table.patchValue("c", { price: 6 });
      assert.equal((await table.listValues()).get("c")?.price, 6);
      gate.release();
      await refreshed;
      const rows = await table.listValues();
      assert.deepEqual([rows.get("a")?.price, rows.get("c")?.price], [9, 6]);
      await table.close();
    }
  });

  it("makes them readable also if another table with the same cache does that, each time", async () => {
    for (const times of [1, 5]) {
      for (const cache of [new MemCache(), slowly(new MemCache())]) {
        const { table, master, clock } = fixture({}, cache);
        const other = new LiveTable(master, "products", cache, { clock });
        await table.listValues();
        await clock.advance(10);
        await master.patchValue("a", { price: 9 });
        const gates = Array.from({ length: times }, () => master.plan.hold("listValues"));
        const refreshed = table.refresh();
        for (const [price, gate] of gates.slice(0, MAX_REFRESHES).entries()) {
          await gate.reached;
          await other.patchValue("c", { price });
          await other.listValues();
          gate.release();
        }
        await refreshed;
        for (const gate of gates) gate.release();
        const rows = await table.listValues();
        assert.deepEqual(rows.get("a")?.price, 9, `${times} times`);
        await Promise.all([table.close(), other.close()]);
      }
    }
  });
});

describe("LiveTable with staleTimeMs, for a reader that asks while a read of another is under way", () => {
  const aged = (): Fixture => fixture({ staleTimeMs: 100 }, slowly(new MemCache()));

  it("reads again what was answered so long ago that it is stale, though it is still being stored", async () => {
    const { table, master, cache, clock } = aged();
    const gate = cache.plan.hold("put");
    const early = table.listValues();
    await gate.reached;
    await master.patchValue("a", { price: 9 });
    await clock.advance(100);
    const late = table.listValues();
    await settle();
    gate.release();
    assert.equal((await early).get("a")?.price, 2);
    assert.equal((await late).get("a")?.price, 9);
    assert.equal(master.plan.count("listValues"), 2);
    await table.close();
  });

  it("joins what was answered a moment ago, and is being stored", async () => {
    const { table, master, cache, clock } = aged();
    const gate = cache.plan.hold("put");
    const early = table.listValues();
    await gate.reached;
    await clock.advance(99);
    const late = table.listValues();
    await settle();
    gate.release();
    assert.deepEqual(await late, await early);
    assert.equal(master.plan.count("listValues"), 1);
    await table.close();
  });

  it("joins what the master has not answered yet, however long that takes", async () => {
    const { table, master, clock } = aged();
    const gate = master.plan.hold("listValues");
    const early = table.listValues();
    await gate.reached;
    await clock.advance(1_000);
    const late = table.listValues();
    await settle();
    gate.release();
    assert.deepEqual(await late, await early);
    assert.equal(master.plan.count("listValues"), 1);
    await table.close();
  });

  it("reads again what is cut from a page that was stale when it asked", async () => {
    const { table, master, clock } = fixture({ staleTimeMs: 100, masterItemsPerPage: 2 }, slowly(new MemCache()));
    await table.page(1, 2).listValues();
    await clock.advance(99);
    const gate = master.plan.hold("listValues");
    const early = table.page(1, 3).listValues();
    await gate.reached;
    await master.patchValue("a", { price: 9 });
    await clock.advance(1);
    const late = table.page(1, 3).listValues();
    await settle();
    gate.release();
    assert.equal((await early).get("a")?.price, 2);
    assert.equal((await late).get("a")?.price, 9);
    assert.equal(master.plan.count("listValues"), 3);
    await table.close();
  });

  it("takes rows to be as old as the question to the master, not as the one to a slow cache before it", async () => {
    const { table, master, cache, clock } = aged();
    const gate = cache.plan.hold("fence");
    const early = table.listValues();
    await gate.reached;
    await clock.advance(1_000);
    gate.release();
    await early;
    await clock.advance(99);
    await table.listValues();
    assert.equal(master.plan.count("listValues"), 1);
    await table.close();
  });
});

describe("LiveHandle.withReadPolicy()", () => {
  it("holds for the handle and for those that are made of it, and for no other", async () => {
    const { table, clock } = fixture({ staleTimeMs: 1_000 });
    const patient = table.withReadPolicy({ whileStale: "serve", maxAgeMs: 9_000 }).where("price", "gt", 0).page(1);
    await patient.listValues();
    await clock.advance(1_000);
    assert.deepEqual((await shown(patient)).stale, { fetchedAt: 0 });
    await settle();
    await clock.advance(1_000);
    assert.equal((await shown(table.where("price", "gt", 0).page(1))).stale, undefined);
    await table.close();
  });

  it("is as strict as it says where the rows are cut from a set that is held whole", async () => {
    const clock = new FakeClock();
    const master = new FaultyTable(new MemTable("products", { rows: [["a", { price: 2 }]] }));
    const table = new LiveTable(master, "products", new MemCache(), { clock });
    const strict = table.withReadPolicy({ staleTimeMs: 10 }).where("price", "gt", 1);
    await table.listValues();
    await strict.listValues();
    await master.patchValue("a", { price: 9 });
    await clock.advance(10);
    assert.deepEqual((await shown(strict)).prices, [9]);
    await master.patchValue("a", { price: 10 });
    await strict.refresh();
    assert.deepEqual((await shown(strict)).prices, [10]);
    await table.close();
  });

  it("refuses what makes no sense, by name", () => {
    const { table } = fixture({ staleTimeMs: 1_000 });
    for (
      const [options, message] of [
        [{ maxAgeMs: 999 }, /maxAgeMs must be at least staleTimeMs, 1000, got 999/],
        [{ staleTimeMs: -1 }, /staleTimeMs must be a number of at least 0, got number -1/],
        [{ maxAgeMs: NaN }, /maxAgeMs must be a number of at least 0, got number NaN/],
        [{ whileStale: "hope" as "wait" }, /whileStale must be "wait" or "serve", got 'hope'|"hope"/],
        [{ onMasterFailure: "shrug" as "serve" }, /onMasterFailure must be "reject" or "serve"/],
        [{ prefetchPages: 21 }, /prefetchPages must be a whole number from 0 to 20, got number 21/],
        [{ prefetchPages: 0.5 }, /prefetchPages/],
      ] satisfies (readonly [ReadPolicyOptions, RegExp])[]
    ) {
      assert.throws(() => table.withReadPolicy(options), { name: "RangeError", message });
      const others = { staleTimeMs: 1_000, ...options };
      assert.throws(() => new LiveTable(new MemTable("x"), "x", new MemCache(), others), { message });
    }
    const mistyped = { maxAge: 1 } as ReadPolicyOptions;
    assert.throws(() => table.withReadPolicy(mistyped), { name: "TypeError", message: /maxAge/ });
  });

  it("takes maxAgeMs for staleTimeMs where that is not given", async () => {
    const { table, master, clock } = fixture({ maxAgeMs: 1_000 });
    await table.listValues();
    await clock.advance(1_000);
    await table.listValues();
    assert.equal(master.plan.count("listValues"), 2);
    await table.close();
  });
});

describe("LiveTable with prefetchPages", () => {
  function numbered(prefetchPages: number): { table: LiveTable; master: FaultyTable; asked: number[] } {
    const asked: number[] = [];
    const rows = Array.from({ length: 100 }, (_, index) => [String(index), { index }] as const);
    const master = new FaultyTable(new MemTable("rows", { rows }));
    const withQuery = master.withQuery.bind(master);
    master.withQuery = (query) => {
      const handle = withQuery(query);
      const list = handle.listValues.bind(handle);
      handle.listValues = (options) => (asked.push(query.pagination?.page ?? 0), list(options));
      return handle;
    };
    return { table: new LiveTable(master, "rows", new MemCache(), { prefetchPages }), master, asked };
  }

  it("reads the next pages behind what is watched, and again what a change has moved", async () => {
    const { table, asked } = numbered(2);
    const observer = table.page(1, 10).observe();
    const leave = observer.subscribe(() => {});
    await settle();
    assert.deepEqual(asked, [1, 2, 3]);
    await table.page(2, 10).listValues();
    await settle();
    assert.deepEqual(asked, [1, 2, 3, 4], "as for a page that is listed");
    await table.insertValue("new", { n: 1 });
    await settle();
    assert.deepEqual(asked.slice(4), [1, 2, 3]);
    leave();
    await table.close();
  });

  it("reads the next pages behind, one after the other, where they are not held, up to the end", async () => {
    const { table, asked } = numbered(2);
    await table.page(1, 10).listValues();
    await settle();
    assert.deepEqual(asked, [1, 2, 3]);
    await table.page(2, 10).listValues();
    await settle();
    assert.deepEqual(asked, [1, 2, 3, 4]);
    await table.page(10, 10).listValues();
    await settle();
    assert.deepEqual(asked, [1, 2, 3, 4, 10, 11], "a full page may be followed by another");
    const { hits, misses } = table.stats();
    assert.deepEqual({ hits, misses }, { hits: 1, misses: 2 }, "none but those of readers");
    await table.close();
  });

  it("does not read what a fast scroller has gone past", async () => {
    const { table, master, asked } = numbered(3);
    const gates = [master.plan.hold("listValues", "before"), master.plan.hold("listValues", "before")];
    const [first, second] = [table.page(1, 10).listValues(), table.page(6, 10).listValues()];
    await gates[1]?.reached;
    for (const gate of gates) gate.release();
    await Promise.all([first, second]);
    await settle();
    assert.deepEqual(asked, [1, 6, 7, 8, 9]);
    await table.close();
  });

  it("ends a read ahead that its reader has gone past, unless another reader waits for it", async () => {
    const { table, master, asked } = numbered(1);
    await table.page(1, 10).listValues();
    await settle();
    const gate = master.plan.hold("listValues", "before");
    await table.page(2, 10).listValues();
    await gate.reached;
    assert.deepEqual(asked, [1, 2, 3]);
    const joined = table.withReadPolicy({ prefetchPages: 0 }).page(3, 10).listValues();
    await table.page(8, 10).listValues();
    gate.release();
    assert.equal((await joined).size, 10);
    assert.ok(asked.filter((page) => page === 3).length === 1);
    await table.close();
  });
});
