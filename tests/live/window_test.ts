import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Cache,
  type CallOptions,
  defineTable,
  type LiveEvent,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  type MemTable,
  NoCache,
  Rows,
  type StaleAnswer,
  type Table,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyCache, FaultyTable } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { setImmediate } from "node:timers/promises";
import { slowly, withoutLog } from "./fixture.ts";
import { ids, type PagedMaster, pagedMaster } from "./paged_master.ts";

const THIRTY: LiveTableOptions = { masterItemsPerPage: 30 };

function live(master: PagedMaster, options: LiveTableOptions = THIRTY, cache: Cache = new MemCache()): LiveTable {
  return new LiveTable(master.table, "products", cache, options);
}

describe("LiveTable with masterItemsPerPage", () => {
  it("cuts pages of any size from pages of the master, and asks for each of these once", async () => {
    const master = pagedMaster(200, 30);
    await using table = live(master);
    for (let page = 1; page <= 4; page++) {
      assert.deepEqual((await table.page(page).listValues()).ids(), ids((page - 1) * 50, page * 50));
    }
    assert.deepEqual((await table.page(3, 7).listValues()).ids(), ids(14, 21));
    assert.deepEqual(master.pages, [1, 2, 3, 4, 5, 6, 7]);
  });

  it("answers a page that was cut before as a hit, under the key of that page", async () => {
    const master = pagedMaster(200, 30);
    await using table = live(master);
    await table.page(2).listValues();
    await table.page(2).listValues();
    const { hits, misses } = table.stats();
    assert.deepEqual({ hits, misses }, { hits: 1, misses: 1 });
    assert.equal((await table.explain(table.pageCacheKey(2))).rows, 50);
    assert.equal((await table.explain(table.page(2, 30).listCacheKey)).rows, 30);
  });

  it("asks for missing pages together, and for none that is cached", async () => {
    const master = pagedMaster(500, 10);
    await using table = live(master, { masterItemsPerPage: 10 });
    await table.page(2, 10).listValues();
    master.pages.length = 0;
    let [waiting, most] = [0, 0];
    master.before = async () => {
      most = Math.max(most, ++waiting);
      await setImmediate();
      waiting--;
    };
    await table.page(1, 200).listValues();
    assert.deepEqual(master.pages, [1, ...Array.from({ length: 18 }, (_, at) => at + 3)]);
    assert.equal(most, 8);
  });

  it("asks for no page after one that is not full", async () => {
    const master = pagedMaster(70, 30);
    await using table = live(master);
    assert.equal((await table.page(1).listValues()).size, 50);
    assert.deepEqual((await table.page(2).listValues()).ids(), ids(50, 70));
    assert.equal((await table.page(3).listValues()).size, 0);
    master.pages.length = 0;
    assert.equal((await table.page(2, 60).listValues()).size, 10);
    assert.equal((await table.page(2, 90).listValues()).size, 0);
    assert.deepEqual(master.pages, []);
  });

  it("asks for no page that the count says is not there, if the count is cached", async () => {
    const master = pagedMaster(70, 30);
    await using table = live(master);
    await table.getCount();
    assert.equal((await table.page(1, 100).listValues()).size, 70);
    assert.deepEqual(master.pages, [1, 2, 3]);
  });

  it("asks for pages beyond the count all the same, since it may be too low", async () => {
    const master = pagedMaster(70, 30, { counts: () => 10 });
    await using table = live(master);
    await table.getCount();
    assert.equal((await table.page(1, 100).listValues()).size, 70);
  });

  it("answers getSomeValue() of a page with a row of that page", async () => {
    const master = pagedMaster(70, 30);
    await using table = live(master);
    assert.equal((await table.page(2).getSomeValue())?.[0], "r50");
    assert.equal(await table.page(3).getSomeValue(), undefined);
    assert.equal((await table.page(2, 30).getSomeValue())?.[0], "r30");
  });

  it("reads rows again whose writer died before its change was logged", async () => {
    const [master, cache, clock] = [pagedMaster(100, 30), new MemCache(), new FakeClock()];
    await using table = live(master, { ...THIRTY, clock }, cache);
    await table.window(0, 40);
    const change = { kind: "updated", id: "r3", cause: "write", writeId: "w", outcome: "unknown", at: 0 } as const;
    cache.log("products/", { kind: "intent", writeId: "w", dueAt: 60_000, change });
    await master.rows.patchValue("r3", { name: "Roll" });
    await clock.advance(60_000);
    assert.equal((await table.window(0, 40)).rows.get("r3")?.name, "Roll");
  });

  it("does not wait for pages after one that is not full, nor for their failure", async () => {
    const master = pagedMaster(25, 10);
    await using table = live(master, { masterItemsPerPage: 10 });
    master.before = (page) => {
      if (page === 4) throw new RangeError("There is no page 4");
      return page === 5 ? new Promise(() => {}) : undefined;
    };
    assert.deepEqual((await table.page(1, 50).listValues()).ids(), ids(0, 25));
    assert.deepEqual(master.aborted, [5]);
  });

  it("rejects if a page of the master fails, and ends the other ones", async () => {
    const master = pagedMaster(100, 10);
    await using table = live(master, { masterItemsPerPage: 10 });
    master.before = (page) => {
      if (page === 1) throw new RangeError("no answer");
      return new Promise(() => {});
    };
    await assert.rejects(table.page(1, 30).listValues(), /no answer/);
    assert.deepEqual(master.aborted, [2, 3]);
  });

  it("reads a row that was changed again alone, once for all pages that have it", async () => {
    const master = pagedMaster(100, 30);
    const liveStream = new ManualLiveStream();
    await using table = live(master, { ...THIRTY, liveStream });
    for (const size of [50, 20]) await table.page(1, size).listValues();
    master.pages.length = 0;
    await master.rows.patchValue("r3", { name: "Roll" });
    await emit(liveStream, { kind: "updated", id: "r3" });
    for (const size of [50, 20, 30]) {
      assert.equal((await table.page(1, size).listValues()).get("r3")?.name, "Roll");
    }
    assert.equal(master.pages.length, 0);
  });

  it("cuts pages anew when a row was deleted or inserted", async () => {
    const master = pagedMaster(100, 30);
    await using table = live(master);
    const shown = async (): Promise<string[]> => [
      ...(await table.page(1).listValues()).ids(),
      ...(await table.page(2).listValues()).ids(),
    ];
    await shown();
    await table.delete("r10");
    assert.deepEqual(await shown(), ids(0, 100).filter((id) => id !== "r10"));
    await table.insertValue("new", { name: "Bun", at: 0 });
    assert.deepEqual(await shown(), [...ids(0, 100).filter((id) => id !== "r10"), "new"]);
  });

  for (const ms of [0, 1_000]) {
    it(`shows no row twice that moved between two reads, but reads again what is older, by ${ms} ms`, async () => {
      const master = pagedMaster(100, 30);
      const clock = new FakeClock();
      await using table = live(master, { ...THIRTY, clock });
      await table.page(2, 30).listValues();
      await clock.advance(ms);
      await master.rows.delete("r0"); // no stream tells
      await table.page(1, 30).listValues();
      await table.getCount();
      master.pages.length = 0;
      assert.deepEqual((await table.window(0, 50)).rows.ids(), ids(1, 51));
      assert.deepEqual(master.pages, ms === 0 ? [1, 2] : [2]);
      assert.equal(table.stats().hits, 0);
    });
  }

  for (const cache of [new MemCache(), slowly(new MemCache()), withoutLog(new MemCache())]) {
    for (const others of [0, 1]) {
      it("leaves no row out that moved while the pages were read, if that was logged", async () => {
        const master = pagedMaster(100, 30);
        const liveStream = new ManualLiveStream();
        await using table = live(master, { ...THIRTY, liveStream }, cache);
        const gate = Promise.withResolvers<void>();
        master.before = async (page) => {
          if (page === 2) await gate.promise;
        };
        const reading = table.page(1).listValues();
        await setImmediate();
        await master.rows.delete("r0");
        await emit(liveStream, { kind: "deleted", id: "r0" });
        for (let read = 0; read < others; read++) await table.page(1, 30).listValues();
        gate.resolve();
        assert.deepEqual((await reading).ids(), ids(1, 51));
        assert.deepEqual((await table.page(1).listValues()).ids(), ids(1, 51));
      });
    }
  }

  it("gives up after three rounds if rows move all the time, and keeps nothing that does not fit", async () => {
    const master = pagedMaster(1_000, 30);
    const liveStream = new ManualLiveStream();
    await using table = live(master, { ...THIRTY, liveStream });
    let next = 0;
    master.before = async (page) => {
      if (page !== 2 || next >= 10) return;
      await master.rows.delete(`r${next}`);
      await emit(liveStream, { kind: "deleted", id: `r${next++}` });
    };
    await table.page(1).listValues();
    assert.equal(master.pages.length, 6);
    next = 10;
    const { pages } = master;
    pages.length = 0;
    assert.deepEqual((await table.page(1).listValues()).ids(), ids(3, 53));
  });

  it("reads a page once that a whole window is in, whatever changes meanwhile", async () => {
    const master = pagedMaster(100, 30);
    const liveStream = new ManualLiveStream();
    await using table = live(master, { ...THIRTY, liveStream });
    master.before = () => emit(liveStream, { kind: "deleted", id: "r0" });
    await table.window(10, 10);
    assert.deepEqual(master.pages, [1]);
  });

  it("accepts rows that a master without a stable order has on two pages, after it read them again", async () => {
    const master = pagedMaster(60, 30, { repeats: true });
    await using table = live(master, { ...THIRTY, ...traced });
    assert.equal((await table.page(1).listValues()).size, 49);
    assert.equal(events.filter((name) => name === "rows on two pages").length, 1);
    await table.window(0, 50);
    const { masterReads } = table.stats();
    assert.equal((await table.window(0, 50)).rows.size, 49);
    assert.equal(table.stats().masterReads, masterReads);
  });

  it("is refused unless it is a whole number of at least 1", () => {
    for (const masterItemsPerPage of [0, -1, 1.5, NaN, Infinity]) {
      assert.throws(() => live(pagedMaster(1, 1), { masterItemsPerPage }), /masterItemsPerPage must be a whole number/);
    }
  });
});

describe("LiveHandle.window()", () => {
  it("has the rows from any offset on, and the size of the set", async () => {
    const master = pagedMaster(120, 50);
    await using table = live(master, {});
    const { rows, offset, total } = await table.window(45, 10);
    assert.deepEqual([rows.ids(), offset, total], [ids(45, 55), 45, 120]);
    await table.window(46, 50);
    assert.deepEqual([master.pages, master.counts], [[1, 2], 1]);
    const { hits, misses } = table.stats();
    assert.deepEqual([hits, misses], [1, 1]);
  });

  it("shares the pages with handles that read them, in the set and order of its handle", async () => {
    const master = pagedMaster(120, 50);
    await using table = live(master, {});
    await table.page(1).listValues();
    await table.window(0, 50);
    assert.deepEqual(master.pages, [1]);
    assert.equal(table.stats().hits, 0); // the set was counted
    const last = table.orderBy("at", "desc");
    assert.deepEqual((await last.window(0, 2)).rows.ids(), ["r119", "r118"]);
    assert.deepEqual((await last.page(7).window(0, 2)).rows.ids(), ["r119", "r118"]);
    const one = await table.where("at", "eq", 7).window(0, 10);
    assert.deepEqual([one.rows.ids(), one.total], [["r7"], 1]);
  });

  it("stores nothing but pages of the master and the count", async () => {
    const cache = new MemCache();
    await using table = live(pagedMaster(120, 50), {}, cache);
    for (let offset = 0; offset < 60; offset++) await table.window(offset, 20);
    assert.equal(cache.size, 3);
  });

  it("knows the total of a master that cannot count where the end shows", async () => {
    const master = pagedMaster(120, 50, { counts: false });
    await using table = live(master, {});
    assert.equal((await table.window(0, 40)).total, undefined);
    assert.equal((await table.window(90, 40)).total, 120);
    assert.equal((await table.window(500, 40)).total, undefined);
    assert.equal((await table.window(150, 40)).total, 120); // page 3 is known as the last one
    await using even = live(pagedMaster(100, 50, { counts: false }), {});
    assert.equal((await even.window(90, 40)).total, 100);
  });

  it("caps a total that promises more than there is, and traces that once", async () => {
    const master = pagedMaster(70, 50, { counts: (count) => count + 1_000 });
    await using table = live(master, { ...traced });
    assert.equal((await table.window(0, 10)).total, 1_070);
    assert.equal((await table.window(500, 10)).total, 500);
    assert.equal((await table.window(60, 50)).total, 70);
    assert.equal((await table.window(0, 10)).total, 70, "as the end showed, which was read after the count");
    assert.equal((await table.window(500, 10)).total, 70);
    assert.equal(events.filter((name) => name === "count too high").length, 1);
    await table.where("name", "eq", "Product 3").window(0, 10);
    assert.equal(events.filter((name) => name === "count too high").length, 2, "once for each set");
    master.pages.length = 0;
    await table.orderBy("at").window(0, 50);
    assert.deepEqual(master.pages, [1], "pages of 50 all the same");
  });

  it("counts again once rows came or went, and shows what was counted since the end was seen", async () => {
    const clock = new FakeClock();
    const master = pagedMaster(70, 50, { counts: (count) => count + 1_000 });
    await using table = live(master, { clock });
    await table.window(60, 10);
    await clock.advance(10);
    await table.insertValue("new", { name: "New", at: 70 });
    assert.equal((await table.window(0, 10)).total, 1_071);
  });

  for (const who of ["another process", "a process that has died since"]) {
    it(`counts again once ${who} has deleted a row, wherever the set was seen to end before`, async () => {
      const [{ rows }, clock, inner] = [pagedMaster(8, 50), new FakeClock(), new MemCache()];
      // What changes is known from the log alone.
      const cache: Cache = { ...withoutLog(inner), log: (scope, record) => inner.log(scope, record) };
      await using table = new LiveTable(listed(rows), "products", cache, { masterItemsPerPage: 2, clock });
      await table.listValues();
      const change = { kind: "deleted", id: "r3", cause: "write", writeId: "w", outcome: "unknown", at: 0 } as const;
      const since = inner.log("products/", { kind: "intent", writeId: "w", change, dueAt: 60_000 });
      assert.equal((await table.window(5, 5)).total, 8);
      await rows.delete("r3");
      if (who === "another process") {
        inner.log("products/", { kind: "change", change: { ...change, outcome: "applied" }, since });
      } else await clock.advance(60_000);
      assert.equal((await table.window(0, 2)).total, 7);
    });
  }

  it("counts again once a row was deleted, of which the cache could not be told", async () => {
    const [{ rows }, clock, cache] = [pagedMaster(8, 50), new FakeClock(), new FaultyCache(new MemCache())];
    await using table = new LiveTable(listed(rows), "products", cache, { masterItemsPerPage: 2, clock });
    assert.equal((await table.window(5, 5)).total, 8);
    for (const op of ["log", "log", "invalidatePrefix"] as const) cache.plan.fail(op, new Error("no answer"));
    await table.delete("r3");
    assert.equal((await table.window(0, 2)).total, 7);
  });

  it("finds out that the master gives fewer rows at once than are asked for, if nobody said so", async () => {
    for (const most of [1, 7, 30, 49]) {
      const master = pagedMaster(100, 50, { gives: most });
      await using table = live(master, {});
      const { rows, total } = await table.window(0, 60);
      assert.deepEqual([rows.ids(), total], [ids(0, 60), 100], `${most} at once`);
      assert.deepEqual((await table.window(95, 20)).rows.ids(), ids(95, 100));
    }
    const lying = pagedMaster(30, 50, { counts: () => 1_000 });
    await using table = live(lying, {});
    assert.equal((await table.window(0, 40)).total, 30);
    assert.equal((await table.window(0, 40)).total, 30);
    assert.equal((await table.window(0, 20)).total, 30);
    assert.deepEqual(lying.pages, [1, 1, 2], "asked once whether there is more");
  });

  it("does not take a master for one that gives few rows because some came or went while it was read", async () => {
    for (const change of ["insert", "delete", "delete and insert"] as const) {
      const master = pagedMaster(20, 50);
      let looks = 0;
      master.before = async () => {
        const look = ++looks;
        if (look === 1 && change === "insert") queueMicrotask(() => void insert());
        if (look === 1 && change !== "insert") await master.rows.delete("r19");
        if (look === 2 && change === "delete and insert") await insert();
      };
      const insert = () => master.rows.insertValue("new", { name: "New", at: 20 });
      await using table = live(master, {});
      for (let time = 0; time < 3; time++) await table.window(0, 30);
      await table.insertValue("last", { name: "Last", at: 21 });
      master.pages.length = 0;
      const { rows } = await table.window(0, 30);
      assert.equal(rows.size, { insert: 22, delete: 20, "delete and insert": 21 }[change]);
      assert.deepEqual(master.pages, [1], "pages of 50");
    }
  });

  it("has the rows of a page once that was read again by another reader meanwhile", async () => {
    const [master, inner] = [pagedMaster(100, 30, { counts: () => 30 }), new MemCache()];
    const cache: Cache = {
      fence: (key) => inner.fence(key),
      put: (key, entry, fence) => inner.put(key, entry, fence),
      invalidatePrefix: (prefix) => inner.invalidatePrefix(prefix),
      get: (key) => {
        if (key === table.page(2, 30).listCacheKey) inner.put(table.page(1, 30).listCacheKey, later);
        return inner.get(key);
      },
    };
    const later = { rows: Rows.from([["r7", { name: "Roll" }], ["x", { name: "Bun" }]]), fetchedAt: 0 };
    await using table = live(master, THIRTY, cache);
    await table.window(0, 30);
    const { rows, total } = await table.window(0, 60);
    assert.deepEqual([rows.ids(), total], [["r7", "x"], 2]);
  });

  it("never counts less than it shows", async () => {
    await using table = live(pagedMaster(120, 50, { counts: () => 3 }), {});
    assert.equal((await table.window(0, 40)).total, 40);
    assert.equal((await table.window(100, 40)).total, 120);
  });

  it("has what was written before, and what a change moved", async () => {
    const master = pagedMaster(120, 50);
    for (const cache of [new MemCache(), slowly(new MemCache()), new NoCache()]) {
      await using table = live(master, {}, cache);
      await table.window(40, 20);
      await table.patchValue("r45", { name: "Roll" });
      assert.equal((await table.window(40, 20)).rows.get("r45")?.name, "Roll");
      await table.delete("r45");
      const { rows, total } = await table.window(40, 20);
      assert.deepEqual([rows.ids(), total], [[...ids(40, 45), ...ids(46, 61)], 119]);
      await table.insertValue("r45", { name: "Roll", at: 45 });
      assert.equal((await table.window(119, 1)).rows.first()?.[0], "r45");
      await table.delete("r45");
      await table.insertValue("r45", { name: "Product 45", at: 45 });
      await master.rows.deleteAll();
      for (const id of ids(0, 120)) await master.rows.insertValue(id, { at: 0 });
    }
  });

  it("ends the pages if the count fails", async () => {
    const failing = (): number => {
      throw new RangeError("cannot count");
    };
    const master = pagedMaster(100, 50, { counts: failing });
    await using table = live(master, {});
    master.before = () => new Promise(() => {});
    await assert.rejects(table.window(0, 60), /cannot count/);
    assert.deepEqual(master.aborted, [1, 2]);
  });

  it("ends the pages that nobody waits for any more, and only these", async () => {
    const master = pagedMaster(1_000, 50);
    await using table = live(master, {});
    const gate = Promise.withResolvers<void>();
    master.before = () => gate.promise;
    const passed = new AbortController();
    const first = table.window(0, 100, { signal: passed.signal });
    const second = table.window(50, 100);
    await setImmediate();
    passed.abort(new Error("scrolled on"));
    await assert.rejects(first, /scrolled on/);
    assert.deepEqual([master.pages, master.aborted], [[1, 2, 3], [1]]);
    gate.resolve();
    assert.deepEqual((await second).rows.ids(), ids(50, 150));
  });

  it("asks for nothing more once it was aborted", async () => {
    const master = pagedMaster(1_000, 10);
    await using table = live(master, { masterItemsPerPage: 10 });
    master.before = () => new Promise(() => {});
    const passed = new AbortController();
    const reading = table.window(0, 500, { signal: passed.signal });
    const cut = table.page(2, 500).listValues({ signal: passed.signal });
    await setImmediate();
    assert.equal(master.pages.length, 16);
    passed.abort(new Error("scrolled on"));
    await assert.rejects(reading, /scrolled on/);
    await assert.rejects(cut, /scrolled on/);
    await setImmediate();
    assert.deepEqual([master.pages.length, master.aborted.length], [16, 16]);
    await assert.rejects(table.window(0, 500, { signal: passed.signal }), /scrolled on/);
    assert.equal(master.pages.length, 16);
  });

  it("says that its rows may be old while the master lags, and keeps none of them", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    await using table = live(master, { ...THIRTY, clock, masterLagMs: 1_000 });
    await clock.advance(1_000);
    await table.invalidate();
    let unsettled = 0;
    const onUnsettled = (): void => void unsettled++;
    await table.window(0, 20, { onUnsettled });
    await table.page(1).listValues({ onUnsettled });
    assert.ok(unsettled >= 2);
    await clock.advance(1_000);
    master.pages.length = unsettled = 0;
    await table.page(1).listValues({ onUnsettled });
    await table.window(0, 20, { onUnsettled });
    assert.deepEqual([master.pages, unsettled], [[1, 2], 0]);
  });

  it("refuses offsets and limits out of range by name", async () => {
    await using table = live(pagedMaster(1, 50), {});
    await assert.rejects(table.window(-1, 10), { name: "RangeError", message: /^offset must be/ });
    await assert.rejects(table.window(0.5, 10), { name: "RangeError", message: /^offset must be/ });
    await assert.rejects(table.window(0, 0), { name: "RangeError", message: /^limit must be/ });
    await assert.rejects(table.window(0, 10_001), { name: "RangeError", message: /^limit must be at most 10000/ });
    for (const offset of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 10]) {
      await assert.rejects(table.window(offset, 10), { name: "RangeError", message: /^offset must be at most/ });
    }
    assert.equal((await table.window(2 ** 52, 10)).rows.size, 0);
    const mistyped = { signaal: 1 } as object;
    await assert.rejects(table.window(0, 10, mistyped), /Unknown option "signaal"/);
  });

  it("rejects once the table is closed", async () => {
    const master = pagedMaster(100, 50);
    const table = live(master, {});
    master.before = () => new Promise(() => {});
    const reading = table.window(0, 10);
    await setImmediate();
    await table.close();
    await assert.rejects(reading, { name: "ClosedError" });
    await assert.rejects(table.window(0, 10), { name: "ClosedError" });
  });

  it("hands out copies of what a reader could change", async () => {
    const master = pagedMaster(3, 50);
    await master.rows.patchValue("r1", { at: new Date(0) });
    await using table = live(master, {});
    const { rows } = await table.window(0, 3);
    (rows.get("r1")?.at as Date).setTime(1);
    assert.deepEqual((await table.window(0, 3)).rows.get("r1")?.at, new Date(0));
  });
});

describe("Pages that are cut, and windows, that are stale", () => {
  const stale = { staleTimeMs: 1_000 } as const;

  it("are read again, page by page", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    await using table = live(master, { ...THIRTY, ...stale, clock });
    await table.page(1).listValues();
    await clock.advance(600);
    await table.window(60, 30);
    master.pages.length = 0;
    await clock.advance(600);
    await table.window(30, 60);
    await table.page(1).listValues();
    assert.deepEqual(master.pages, [2, 1]);
  });

  it("are served and read again behind where that is allowed", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    await using table = live(master, { ...THIRTY, ...stale, whileStale: "serve", clock });
    const shown = async (): Promise<unknown[]> => {
      const [window, page] = [await table.window(0, 40), await table.page(1).listValues()];
      return [window.rows.get("r3")?.name, page.get("r3")?.name];
    };
    await shown();
    await master.rows.patchValue("r3", { name: "Roll" });
    await clock.advance(1_000);
    const marks: StaleAnswer[] = [];
    await table.window(0, 40, { onStale: (mark) => void marks.push(mark) });
    assert.deepEqual(marks, [{ fetchedAt: 0 }]); // two pages, and the count
    assert.deepEqual(await shown(), ["Roll", "Product 3"]);
    await setImmediate();
    assert.deepEqual(await shown(), ["Roll", "Roll"]);
  });

  it("are served if the master cannot be reached, where that is allowed", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    await using table = live(master, { ...THIRTY, ...stale, onMasterFailure: "serve", clock });
    await table.window(0, 60);
    await table.getCount();
    await clock.advance(1_000);
    master.before = () => {
      throw new UnavailableError("no answer");
    };
    let served = 0;
    const onStale = (): void => void served++;
    assert.deepEqual((await table.window(10, 40, { onStale })).rows.ids(), ids(10, 50));
    assert.deepEqual((await table.page(1).listValues({ onStale })).ids(), ids(0, 50));
    assert.ok(served > 0);
    await assert.rejects(table.window(80, 20), UnavailableError);
    await assert.rejects(table.withReadPolicy({ onMasterFailure: "reject" }).window(10, 40), UnavailableError);
  });

  it("are served without a total if that is not known, and the master cannot be reached", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    await using table = live(master, { ...THIRTY, onMasterFailure: "serve", clock });
    await table.window(0, 60);
    await table.insertValue("new", { name: "New", at: 100 });
    master.before = () => {
      throw new UnavailableError("no answer");
    };
    master.failsToCount = true;
    const marks: StaleAnswer[] = [];
    const { rows, total } = await table.window(0, 20, { onStale: (mark) => marks.push(mark) });
    assert.deepEqual([rows.ids(), total], [ids(0, 20), undefined]);
    assert(marks.length === 1 && "error" in marks[0]!);
    await assert.rejects(table.withReadPolicy({ onMasterFailure: "reject" }).window(0, 20), UnavailableError);
  });

  it("are marked once, with the age of the oldest page", async () => {
    const [master, clock, liveStream] = [pagedMaster(100, 30), new FakeClock(), new ManualLiveStream()];
    const options = { ...THIRTY, ...stale, clock, liveStream, whileStale: "serve", maxAgeMs: 9_000 } as const;
    await using table = live(master, options);
    const shown = async (read: (options: CallOptions) => Promise<unknown>): Promise<StaleAnswer[]> => {
      const marks: StaleAnswer[] = [];
      await read({ onStale: (mark) => void marks.push(mark) });
      return marks;
    };
    for (const offset of [30, 0, 60]) {
      await table.window(offset, 30);
      await clock.advance(300);
    }
    await clock.advance(200);
    // Of pages from 300, 0 and 600 ms, the second one is stale.
    assert.deepEqual(await shown((own) => table.window(0, 90, own)), [{ fetchedAt: 0 }]);
    await setImmediate();
    await clock.advance(500);
    await emit(liveStream, { kind: "updated", id: "r35" });
    // All are: two by their age, and the second one, from 1100 ms, by a change.
    assert.deepEqual(await shown((own) => table.page(1, 90).listValues(own)), [{ fetchedAt: 300 }]);
  });

  it("are not stored as newer than their parts, though their reader asked before those were read", async () => {
    const [paged, liveStream] = [pagedMaster(100, 30), new ManualLiveStream()];
    const master = new FaultyTable(paged.table);
    await using table = new LiveTable(master, "products", new MemCache(), { ...THIRTY, liveStream });
    await table.window(0, 30);
    const second = master.plan.hold("listValues", "after");
    const shown = table.page(1).listValues();
    await second.reached;
    const refreshed = table.page(1).refresh();
    const first = master.plan.hold("listValues", "after");
    const scrolled = table.window(0, 30, { fresh: true });
    await first.reached;
    await paged.rows.patchValue("r3", { name: "Roll" });
    await emit(liveStream, { kind: "updated", id: "r3" });
    second.release();
    await shown;
    await setImmediate();
    first.release();
    await Promise.all([scrolled, refreshed]);
    assert.equal((await table.page(1).listValues()).get("r3")?.name, "Roll");
  });

  it("are marked with the age of the total if that is older", async () => {
    const [master, clock, liveStream] = [pagedMaster(100, 30), new FakeClock(), new ManualLiveStream()];
    await using table = live(master, { ...THIRTY, clock, liveStream, whileStale: "serve", maxAgeMs: 9_000 });
    await table.getCount();
    await clock.advance(300);
    await table.window(0, 30);
    await emit(liveStream, { kind: "updated", id: "r3", columns: ["name"] });
    const marks: StaleAnswer[] = [];
    await table.window(0, 30, { onStale: (mark) => void marks.push(mark) });
    assert.deepEqual(marks, [{ fetchedAt: 0 }]);
  });

  it("are shown to those who watch, and then the page as it was read again", async () => {
    const [master, clock] = [pagedMaster(100, 30), new FakeClock()];
    for (const staleTimeMs of [0, 1_000]) {
      await using table = live(master, { ...THIRTY, staleTimeMs, whileStale: "serve", clock });
      await table.window(0, 60);
      await clock.advance(1_000);
      await master.rows.patchValue("r3", { name: `After ${staleTimeMs}` });
      using observer = table.page(1).observe();
      observer.subscribe(() => {});
      for (let turn = 0; turn < 10; turn++) await setImmediate();
      const { status, fetchStatus, rows } = observer.getSnapshot();
      assert.deepEqual([status, fetchStatus, rows?.get("r3")?.name], ["success", "idle", `After ${staleTimeMs}`]);
    }
  });

  it("go to no reader that waits, though another one reads the same page", async () => {
    const [master, liveStream] = [pagedMaster(100, 30), new ManualLiveStream()];
    await using table = live(master, { ...THIRTY, liveStream });
    const shown = async (page: TableLike): Promise<readonly [name: unknown, marks: number]> => {
      let marks = 0;
      const rows = await page.listValues({ onStale: () => void marks++ });
      return [rows.get("r3")?.name, marks];
    };
    const hasty = table.withReadPolicy({ whileStale: "serve" });
    await table.window(0, 30);
    await master.rows.patchValue("r3", { name: "Roll" });
    await emit(liveStream, { kind: "inserted", id: "r3" });
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    master.before = (page) => gates[page === 2 ? 0 : 1].promise;
    const first = shown(hasty.page(1));
    await emit(liveStream, { kind: "updated", id: "r4" });
    const [second, patient] = [shown(hasty.page(1)), shown(table.page(1))];
    gates[0].resolve();
    assert.deepEqual([await first, await second], [["Product 3", 1], ["Product 3", 1]]);
    gates[1].resolve();
    assert.deepEqual(await patient, ["Roll", 0]);
  });

  it("are read from the master by refresh(), all pages that a page is cut from", async () => {
    const master = pagedMaster(100, 30);
    await using table = live(master);
    const page = table.page(1);
    await page.listValues();
    await master.rows.patchValue("r3", { name: "Roll" });
    await page.refresh();
    assert.equal((await page.listValues()).get("r3")?.name, "Roll");
    assert.equal((await table.window(0, 10)).rows.get("r3")?.name, "Roll");
    assert.deepEqual(master.pages, [1, 2, 1, 2]);
  });
});

const events: string[] = [];
const traced: LiveTableOptions = {
  tracer: defineTracer({
    enabled: (_target, level) => level === "warn",
    span: () => ({ end: () => {} }),
    event: ({ name }) => void events.push(name),
  }),
};

/** A master that lists all rows at once, as they are. */
function listed(rows: MemTable): Table {
  return defineTable({
    name: "products",
    capabilities: { where: ["in"], exact: true, sameRows: true },
    idField: "id",
    list: async ({ query }) => [...await rows.withQuery(query).listValues()].map(([id, row]) => [id, { id, ...row }]),
    delete: (id) => rows.delete(id),
  });
}

async function emit(stream: ManualLiveStream, event: LiveEvent): Promise<void> {
  stream.push(event);
  await setImmediate();
}
