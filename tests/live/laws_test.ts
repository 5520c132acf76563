import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  ClosedError,
  ConflictError,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemTable,
  NoCache,
  QueueFullError,
  RejectedError,
  type Row,
} from "@vantage/live";
import { FakeClock, FaultyCache, FaultyTable, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { BAKERY, fixture, LOGGING_CACHES, slowly, withoutLog } from "./fixture.ts";

for (const { kind, cache: make } of LOGGING_CACHES) {
  describe(`The law, with ${kind}`, () => {
    it("law 1, read your writes: a read after a write has settled shows the write", async () => {
      const { table } = fixture({}, make());
      await table.listValues();
      await table.getValue("a");
      await table.patchValue("a", { price: 3 });
      assert.deepEqual((await table.listValues()).get("a"), { name: "Bun", price: 3 });
      assert.deepEqual(await table.getValue("a"), { name: "Bun", price: 3 });
    });

    it("law 1: the cache is invalidated before the writer is answered", async () => {
      const { table, cache } = fixture({ invalidation: "all" }, make());
      await table.listValues();
      const gate = cache.plan.hold("invalidatePrefix", "before");
      let answered = false;
      const write = table.patchValue("a", { price: 3 }).then(() => answered = true);
      await gate.reached;
      await settle();
      assert.equal(answered, false);
      gate.release();
      await write;
    });

    it("law 1: another table on the same cache shows the write too", async () => {
      const { table, another } = fixture({}, make());
      const other = another();
      await other.listValues();
      await table.patchValue("a", { price: 3 });
      assert.equal((await other.listValues()).get("a")?.price, 3);
    });

    it("law 1: another table does not join its own read from before the write", async () => {
      const { table, another, master } = fixture({}, make());
      const other = another();
      const gate = master.plan.hold("listValues");
      const early = other.listValues();
      await gate.reached;
      await table.patchValue("a", { price: 3 });
      const late = other.listValues();
      await settle();
      gate.release();
      assert.equal((await early).get("a")?.price, 2);
      assert.equal((await late).get("a")?.price, 3);
    });

    it("law 1: a table of another process does not join its own read from before the write", async () => {
      const storage = make();
      const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
      // Two cache objects over one storage share nothing else, as two processes would.
      const writer = new LiveTable(master, "products", new FaultyCache(storage));
      const reader = new LiveTable(master, "products", new FaultyCache(storage));
      const gate = master.plan.hold("listValues");
      const early = reader.listValues();
      await gate.reached;
      await writer.patchValue("a", { price: 3 });
      const late = reader.listValues();
      await settle();
      gate.release();
      assert.equal((await early).get("a")?.price, 2);
      assert.equal((await late).get("a")?.price, 3);
      assert.equal((await reader.listValues()).get("a")?.price, 3);
    });

    it("law 1: an event is told only after what was held is invalidated", async () => {
      const { table, cache } = fixture({ invalidation: "all" }, make());
      const events = table.events.subscribe().getReader();
      const gate = cache.plan.hold("invalidatePrefix", "before");
      let heard = false;
      const hearing = events.read().then(() => heard = true);
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await settle();
      assert.equal(heard, false);
      gate.release();
      await Promise.all([hearing, write]);
      await table.close();
    });

    it("law 2: an invalidation asked for while one is under way is carried out after it, once for all who ask", async () => {
      const { table, cache } = fixture({ invalidation: "all" }, make());
      const gate = cache.plan.hold("invalidatePrefix");
      const first = table.invalidate();
      await gate.reached;
      const later = [table.invalidate(), table.invalidate()];
      let done = false;
      const all = Promise.all(later).then(() => done = true);
      const next = cache.plan.hold("invalidatePrefix", "before");
      gate.release();
      await first;
      await next.reached;
      await settle();
      assert.equal(done, false);
      next.release();
      await all;
      assert.equal(cache.plan.count("invalidatePrefix"), 2);
    });

    it("law 2, no old rows after an invalidation: a row read while it is written is read again, alone", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await table.patchValue("a", { price: 3 });
      gate.release();
      assert.equal((await early).get("a")?.price, 2, "who asked before may see the row as it was");
      assert.equal((await table.listValues()).get("a")?.price, 3);
      assert.deepEqual([table.stats().holes, master.plan.count("listValues")], [1, 1]);
    });

    it("law 2: a reader that asks after a write waits for a read in flight, and is not answered by it", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await table.patchValue("a", { price: 3 });
      const late = table.listValues();
      await settle();
      gate.release();
      assert.equal((await early).get("a")?.price, 2);
      assert.equal((await late).get("a")?.price, 3);
      assert.equal(master.plan.count("listValues"), 1);
    });

    it("law 2: the answer to a write does not take back what was read while it was in flight", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("patchValue");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await master.patchValue("a", { price: 4 });
      assert.equal((await table.listValues()).get("a")?.price, 4);
      gate.release();
      await write;
      assert.equal((await table.listValues()).get("a")?.price, 4);
    });

    it("law 2: without a log, a read in flight during a write does not replace an entry made after it", async () => {
      const { table, master } = fixture({ invalidation: "all" }, withoutLog(new MemCache()));
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await table.patchValue("a", { price: 3 });
      await table.listValues();
      gate.release();
      await early;
      assert.equal((await table.listValues()).get("a")?.price, 3);
      assert.deepEqual([master.plan.count("listValues"), table.stats().fencedFills], [2, 1]);
    });

    it("law 2: a row read by its id before a write by another table does not become an entry", async () => {
      const { table, another, master } = fixture({}, make());
      const gate = master.plan.hold("getValue");
      const early = table.getValue("a");
      await gate.reached;
      await another().delete("a");
      gate.release();
      assert.deepEqual(await early, { name: "Bun", price: 2 });
      assert.equal(await table.getValue("a"), undefined);
    });

    it("law 2: what is read while an invalidation is under way is not served once it has ended", async () => {
      const { table, cache, master } = fixture({ invalidation: "all" }, make());
      const gate = cache.plan.hold("invalidatePrefix", "before");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await table.listValues();
      gate.release();
      await write;
      const before = master.plan.count("listValues");
      await table.listValues();
      assert.equal(master.plan.count("listValues"), before + 1);
    });

    it("law 3, one flight: all who miss one key share one read of the master", async () => {
      const { table, master } = fixture({}, make());
      const reads = await Promise.all(Array.from({ length: 50 }, () => table.listValues()));
      assert.equal(master.plan.count("listValues"), 1);
      assert.equal(table.stats().sharedReads, 49);
      assert(reads.every((rows) => rows.size === 3));
    });

    it("law 3: handles of one table share reads in flight", async () => {
      const { table, master } = fixture({}, make());
      await Promise.all([table.where({ name: "Bun" }).listValues(), table.where({ name: "Bun" }).listValues()]);
      assert.equal(master.plan.count("listValues"), 1);
    });

    it("law 3: a reader never joins a read that began before the last invalidation", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await table.invalidate();
      const late = table.listValues();
      await settle();
      assert.equal(master.plan.count("listValues"), 2);
      gate.release();
      await Promise.all([early, late]);
    });

    it("law 3: an invalidation of another cacheKey does not end the sharing of a read", async () => {
      const { table, master, cache } = fixture({}, make());
      const others = new LiveTable(new MemTable("clients"), "clients", cache);
      const gate = master.plan.hold("listValues");
      const early = table.listValues();
      await gate.reached;
      await others.invalidate();
      const late = table.listValues();
      await settle();
      gate.release();
      await Promise.all([early, late]);
      assert.equal(master.plan.count("listValues"), 1);
      assert.equal(table.stats().fills, 1);
    });

    it("law 4, no cross-talk: of 100 concurrent writers each gets its own answer, in order", async () => {
      const { table, master } = fixture({ writeConcurrency: 1 }, make());
      const sent: string[] = [];
      const gate = master.plan.hold("insertValue", "before");
      const writes = Array.from({ length: 100 }, (_, n) =>
        table.insertValue(`n${n}`, { n }).then((row) => {
          sent.push(`n${n}`);
          return row;
        }));
      gate.release();
      const answers = await Promise.all(writes);
      assert.deepEqual(answers, Array.from({ length: 100 }, (_, n): Row => ({ n })));
      assert.deepEqual(sent, Array.from({ length: 100 }, (_, n) => `n${n}`));
      assert.deepEqual(
        (await table.listValues()).ids().slice(3),
        sent,
        "the master got them in the order of the calls",
      );
    });

    it("law 4: views, pages, sizes of page and ids do not share entries", async () => {
      const { table } = fixture({}, make());
      const views = [
        table,
        table.page(1),
        table.page(2),
        table.page(1, 2),
        table.page(2, 2),
        table.where({ name: "Bun" }),
        table.orderBy("price"),
        table.orderBy("price", "desc"),
        table.search("roll"),
      ];
      const fresh = await Promise.all(views.map(async (view) => (await view.listValues()).ids()));
      const cached = await Promise.all(views.map(async (view) => (await view.listValues()).ids()));
      assert.deepEqual(cached, fresh);
      assert.equal(table.stats().hits, views.length);
      assert.equal(table.stats().masterReads, views.length);
    });

    it("law 4: cacheKeys that begin alike do not invalidate each other", async () => {
      const cache = make();
      const client = new LiveTable(new MemTable("client"), "client", cache);
      const clients = new LiveTable(new MemTable("clients"), "clients", cache);
      const odd = new LiveTable(new MemTable("odd", { rows: BAKERY }), "client/page_1", cache);
      await Promise.all([client.listValues(), clients.listValues(), odd.listValues()]);
      await client.invalidate();
      await Promise.all([client.listValues(), clients.listValues(), odd.listValues()]);
      assert.deepEqual([client, clients, odd].map((table) => table.stats().masterReads), [2, 1, 1]);
    });

    it("law 5, nothing is lost in silence: close() finishes what is queued, also what waits for a place", async () => {
      const { table, master } = fixture({ queueCapacity: 2 }, make());
      const gate = master.plan.hold("insertValue", "before");
      const writes = Array.from({ length: 10 }, (_, n) => table.insertValue(`n${n}`, { n }));
      await gate.reached;
      const closed = table.close();
      gate.release();
      await closed;
      assert.equal((await Promise.allSettled(writes)).filter(({ status }) => status === "fulfilled").length, 10);
      assert.equal(await master.getCount(), 13);
    });

    it("law 5: a write that fails is reported, though nobody awaits it, and holds up none", async () => {
      const { table, master } = fixture({}, make());
      master.plan.fail("insertValue", new RejectedError("no"));
      void table.insertValue("x", {});
      await table.insertValue("y", { name: "Rye" });
      assert.equal(table.stats().failedWrites, 1);
      assert.equal(await table.getValue("x"), undefined);
    });

    it("law 5: a read under way when the table is closed settles", async () => {
      for (const call of ["listValues", "getSomeValue"] as const) {
        const { table, master } = fixture({}, make());
        const gate = master.plan.hold(call);
        const read = assert.rejects(table[call](), ClosedError);
        await gate.reached;
        await table.close();
        await read;
        gate.release();
      }
    });

    it("law 6, nothing is applied twice: a write is sent once, with a key of its own", async () => {
      const { table, master } = fixture({}, make());
      await table.insertReturnIdValue({ name: "Rye" });
      await table.insertReturnIdValue({ name: "Rye" });
      await table.insertReturnIdValue({ name: "Rye" }, { idempotencyKey: "mine" });
      const keys = master.writeOptions.map(({ idempotencyKey }) => idempotencyKey);
      assert.equal(new Set(keys).size, 3);
      assert(keys.every((key) => key !== undefined && key !== ""));
      assert.equal(keys[2], "mine");
      assert.equal(master.plan.count("insertReturnIdValue"), 3);
    });

    it("law 7, gaps heal: what was kept before and during a gap is not served after it", async () => {
      const stream = new ManualLiveStream();
      const { table, master, clock } = fixture({ liveStream: stream }, make());
      await settle();
      await table.listValues();
      stream.disconnect();
      await settle();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      await clock.advance(60_000);
      assert.equal(stream.subscriberCount, 1);
      assert.equal((await table.listValues()).get("a")?.price, 9);
    });

    it("law 7: the first subscription is the end of a gap, since a cache may have been kept from before", async () => {
      const inner = make();
      const { table, master } = fixture({}, inner);
      await table.listValues();
      await table.close();
      await master.patchValue("a", { price: 9 });
      const again = new LiveTable(master, "products", inner, { liveStream: new ManualLiveStream() });
      assert.equal((await again.listValues()).get("a")?.price, 9);
      await again.close();
    });

    it("law 8, a failure costs freshness, not data: each call of the cache may fail in a read", async () => {
      for (const op of ["get", "fence", "put"] as const) {
        const { table, cache } = fixture({}, make());
        cache.plan.fail(op, new Error("disk full"));
        assert.equal((await table.listValues()).size, 3, op);
        assert.equal(table.stats().cacheFailures, 1, op);
        assert.equal((await table.listValues()).size, 3, op);
      }
    });

    it("law 8: a failed invalidation does not fail the write, and nothing old is served until it was made up for", async () => {
      const { table, cache, master, clock } = fixture({ invalidation: "all" }, make());
      await table.listValues();
      cache.plan.fail("invalidatePrefix", new Error("disk full"));
      cache.plan.fail("invalidatePrefix", new Error("disk full"));
      await table.patchValue("a", { price: 3 });
      assert.equal((await table.listValues()).get("a")?.price, 3);
      await clock.advance(100);
      assert.equal((await table.listValues()).get("a")?.price, 3);
      assert.equal(table.stats().hits, 0);
      await clock.advance(60_000);
      assert.equal(cache.plan.count("invalidatePrefix"), 3);
      const before = master.plan.count("listValues");
      await table.listValues();
      await table.listValues();
      assert.equal(master.plan.count("listValues"), before + 1, "the cache is trusted again");
      assert.equal(table.stats().retries, 2);
      assert.equal(clock.waiting, 0);
    });

    it("law 8: a failed invalidation makes no table on the same cache serve old rows", async () => {
      const { table, another, cache, clock } = fixture({ invalidation: "all" }, make());
      const other = another();
      await other.listValues();
      cache.plan.fail("invalidatePrefix", new Error("disk full"));
      await table.patchValue("a", { price: 3 });
      assert.equal((await other.listValues()).get("a")?.price, 3);
      await clock.advance(60_000);
    });

    it("law 9, isolation: what a writer passed in can be changed afterwards", async () => {
      const { table, master } = fixture({}, make());
      const gate = master.plan.hold("insertValue", "before");
      const [first, second] = [{ n: 1 }, { n: 2, tags: ["x"], at: new Date(5), bytes: new Uint8Array([1]) }];
      const writes = [table.insertValue("first", first), table.insertValue("second", second)];
      await gate.reached;
      first.n = 9;
      second.tags.push("y");
      second.at.setTime(9);
      second.bytes[0] = 9;
      gate.release();
      await Promise.all(writes);
      assert.deepEqual(await table.getValue("first"), { n: 1 });
      assert.deepEqual(await table.getValue("second"), {
        n: 2,
        tags: ["x"],
        at: new Date(5),
        bytes: new Uint8Array([1]),
      });
    });

    it("law 9: what a reader got can be changed without changing the entry, by who missed and by who hit", async () => {
      const { table } = fixture({}, make());
      const row = { at: new Date(5), bytes: new Uint8Array([1]), deep: { at: new Date(5) }, name: "Bun" };
      await table.replaceValue("a", row);
      for (let round = 0; round < 3; round++) {
        for (const got of [(await table.listValues()).get("a"), await table.getValue("a")]) {
          assert.deepEqual(got, row);
          assert(got?.at instanceof Date && got.bytes instanceof Uint8Array);
          assert.throws(() => Object.assign(got, { name: "Mine" }), TypeError);
          got.at.setTime(9);
          got.bytes[0] = 9;
          Object(got.deep).at.setTime(9);
        }
      }
    });

    it("law 9: two readers of one read do not see each other's changes", async () => {
      const { table } = fixture({}, make());
      await table.replaceValue("a", { at: new Date(5) });
      const [mine, yours] = await Promise.all([table.getValue("a"), table.getValue("a")]);
      assert(mine?.at instanceof Date);
      mine.at.setTime(9);
      assert.deepEqual(yours, { at: new Date(5) });
    });

    it("law 10, bounds: beyond its capacity the queue makes writers wait, and beyond the waiting it refuses", async () => {
      const { table, master } = fixture({ queueCapacity: 2, waitingCapacity: 1, writeConcurrency: 1 }, make());
      const gate = master.plan.hold("insertValue", "before");
      const [first, second, third] = ["1", "2", "3"].map((id) => table.enqueue({ kind: "insert", id, row: {} }));
      assert.deepEqual([first?.state, second?.state, third?.state], ["sent", "accepted", "waiting"]);
      await assert.rejects(table.insertValue("4", {}), QueueFullError);
      assert.throws(() => table.enqueue({ kind: "insert", id: "4", row: {} }), { code: "queue_full", retriable: true });
      gate.release();
      await third?.applied;
      assert.equal(table.stats().queued, 0);
      assert.equal(await master.getCount(), 6);
      assert.equal(table.stats().failedWrites, 1);
    });

    it("law 11, cleanup: after close() no timer or subscription is left, and what was under way changes nothing", async () => {
      const stream = new ManualLiveStream();
      const { table, master, cache, clock } = fixture({ liveStream: stream }, make());
      await settle();
      const gate = master.plan.hold("listValues");
      const read = assert.rejects(table.listValues(), ClosedError);
      await gate.reached;
      await table.close();
      await read;
      gate.release();
      await settle();
      assert.equal(stream.subscriberCount, 0);
      assert.equal(clock.waiting, 0);
      assert.equal(cache.plan.count("put"), 0);
      await assert.rejects(table.listValues(), ClosedError);
      await assert.rejects(table.getCount(), ClosedError);
      await assert.rejects(table.insertValue("x", {}), ClosedError);
      await assert.rejects(table.invalidate(), ClosedError);
    });

    it("law 11: close() waits for what the cache is being asked, and asks it nothing more", async () => {
      const { table, cache } = fixture({}, make());
      const gate = cache.plan.hold("put", "before");
      const read = table.listValues();
      await gate.reached;
      let closed = false;
      const closing = table.close().then(() => closed = true);
      await settle();
      assert.equal(closed, false);
      gate.release();
      await Promise.all([read, closing]);
      const late = fixture({}, make());
      const getting = late.cache.plan.hold("get");
      const refused = assert.rejects(late.table.listValues(), ClosedError);
      await getting.reached;
      await late.table.close();
      getting.release();
      await refused;
      assert.equal(late.cache.plan.count("fence"), 0);
    });

    it("law 5: close() answers who waits for the cache, without waiting for it, and asks it nothing more", async () => {
      const { table, cache } = fixture({}, make());
      const getting = cache.plan.hold("get");
      const read = assert.rejects(table.listValues(), ClosedError);
      await getting.reached;
      await table.close();
      await read;
      getting.release();
      const late = fixture({}, make());
      const loading = late.master.plan.hold("listValues");
      const first = assert.rejects(late.table.listValues(), ClosedError);
      await loading.reached;
      const fencing = late.cache.plan.hold("fence");
      const second = assert.rejects(late.table.listValues(), ClosedError);
      await fencing.reached;
      await late.table.close();
      await Promise.all([first, second]);
      loading.release();
      fencing.release();
      await settle();
      assert.equal(late.cache.plan.count("fence"), 2);
    });

    it("law 11: two invalidations never run at once, and none after close()", async () => {
      for (let turns = 0; turns < 12; turns++) {
        const inner = make();
        let running = 0;
        let most = 0;
        const cache: Cache = {
          get: (key) => inner.get(key),
          fence: (key) => inner.fence(key),
          put: (key, rows, fence) => inner.put(key, rows, fence),
          invalidatePrefix: async (prefix) => {
            most = Math.max(most, ++running);
            await inner.invalidatePrefix(prefix);
            running--;
          },
        };
        const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", cache);
        void table.invalidate();
        void table.invalidate();
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        void table.invalidate();
        await table.close();
        assert.deepEqual([running, most], [0, 1], `${turns} turns`);
      }
    });

    it("law 1: while fences fail or an invalidation is under way, no reader joins a read from before a write", async () => {
      const storage = make();
      const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
      const [mine, yours] = [new FaultyCache(storage), new FaultyCache(storage)];
      const [reader, writer] = [new LiveTable(master, "products", mine), new LiveTable(master, "products", yours)];
      mine.plan.fail("fence", new Error("busy"));
      mine.plan.fail("fence", new Error("busy"));
      const gate = master.plan.hold("listValues");
      const early = reader.listValues();
      await gate.reached;
      await writer.patchValue("a", { price: 3 });
      const late = reader.listValues();
      await settle();
      gate.release();
      await early;
      assert.equal((await late).get("a")?.price, 3);
    });

    it("law 11: close() ends a pause between two subscriptions, and one between two attempts to invalidate", async () => {
      const stream = new ManualLiveStream();
      const { table, cache, clock } = fixture({ invalidation: "all", liveStream: stream }, make());
      await settle();
      stream.disconnect(new Error("connection lost"));
      await settle();
      cache.plan.fail("invalidatePrefix", new Error("disk full"));
      await table.patchValue("a", { price: 3 });
      assert.equal(clock.waiting, 2);
      await table.close();
      assert.equal(clock.waiting, 0);
      assert.equal(stream.subscriberCount, 0);
    });

    it("law 11: closed at any point of a read, a table stores nothing any more", async () => {
      for (let turns = 0; turns < 40; turns++) {
        const { table, cache } = fixture({}, make());
        const read = table.listValues().catch((error: unknown) => assert(error instanceof ClosedError));
        for (let turn = 0; turn < turns; turn++) await Promise.resolve();
        const stored = cache.plan.count("put");
        await table.close();
        await read;
        await settle();
        assert.equal(cache.plan.count("put"), stored, `closed after ${turns} turns`);
      }
    });

    it("law 12, an unknown outcome is not a failure: the entries are invalidated, for the write may have been applied", async () => {
      const { table, master } = fixture({}, make());
      await table.listValues();
      master.plan.fail("patchValue", new TypeError("fetch failed"), "after");
      await assert.rejects(table.patchValue("a", { price: 3 }), /fetch failed/);
      assert.equal((await table.listValues()).get("a")?.price, 3);
    });

    it("law 12: when the master definitely refused, the entries stay", async () => {
      const { table, master } = fixture({}, make());
      await table.listValues();
      for (const refusal of [new RejectedError("no"), new ConflictError("taken")]) {
        master.plan.fail("patchValue", refusal);
        await assert.rejects(table.patchValue("a", { price: 3 }), (error) => error === refusal);
      }
      await assert.rejects(table.patchValue("missing", { price: 3 }), { code: "not_found" });
      await table.listValues();
      assert.equal(table.stats().hits, 1);
      assert.equal(table.stats().invalidations.write, 0);
    });
  });
}

describe("The law, without a cache", () => {
  it("law 3: a reader does not join a read from before an invalidation, though NoCache has but one fence", async () => {
    const master = new FaultyTable(new MemTable("products", { rows: BAKERY }));
    const table = new LiveTable(master, "products", new NoCache());
    const gate = master.plan.hold("listValues");
    const early = table.listValues();
    await gate.reached;
    await table.patchValue("a", { price: 3 });
    assert.equal((await table.listValues()).get("a")?.price, 3);
    gate.release();
    assert.equal((await early).get("a")?.price, 2);
  });

  it("law 8: a tracer that throws fails nothing, and is counted", async () => {
    const broken = (): never => {
      throw new Error("tracer broke");
    };
    for (
      const sink of [
        { enabled: broken, span: broken, event: broken },
        { enabled: () => true, span: broken, event: broken },
        { enabled: () => true, span: () => ({ run: broken, end: broken }), event: broken },
      ]
    ) {
      const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", new MemCache(), {
        tracer: defineTracer(sink),
      });
      assert.equal((await table.listValues()).size, 3);
      await table.patchValue("a", { price: 3 });
      assert.equal((await table.getValue("a"))?.price, 3);
      assert.equal(await table.getCount(), 3);
      assert(table.stats().tracerFailures > 0);
      await table.close();
    }
  });

  it("law 8: a cache that throws in every call serves every read and write from the master", async () => {
    const broken = (): never => {
      throw new Error("cache broke");
    };
    const cache = { get: broken, fence: broken, put: broken, invalidatePrefix: broken };
    const { clock } = fixture();
    const table = new LiveTable(new MemTable("p", { rows: BAKERY }), "p", cache, { clock });
    await table.listValues();
    await table.patchValue("a", { price: 3 });
    assert.equal((await table.listValues()).get("a")?.price, 3);
    assert(table.stats().cacheFailures >= 3);
    await table.close();
    assert.equal(clock.waiting, 0);
  });

  it("law 8: what a closed table left undone is made up for by another, or by the next", async () => {
    for (const opened of ["before", "after"]) {
      const { table, another, cache, clock } = fixture({ invalidation: "all" });
      const other = opened === "before" ? another() : undefined;
      for (let n = 0; n < 2; n++) cache.plan.fail("invalidatePrefix", new Error("disk full"));
      await table.patchValue("a", { price: 3 });
      await table.close();
      const heir = other ?? another();
      await clock.advance(60_000);
      await heir.listValues();
      await heir.listValues();
      assert.equal(heir.stats().hits, 1, opened);
      await heir.close();
      assert.equal(clock.waiting, 0);
    }
  });

  it("law 8: what a closed table left undone goes to one that stays, past one that is being closed", async () => {
    const { table: first, another, cache, clock } = fixture({ invalidation: "all" });
    const [second, third] = [another(), another()];
    const gate = cache.plan.hold("invalidatePrefix", "before");
    void second.invalidate();
    await gate.reached;
    const closing = second.close();
    await settle();
    for (let call = 0; call < 2; call++) cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await first.patchValue("a", { price: 3 });
    await first.close();
    await clock.advance(60_000);
    assert.equal(third.stats().retries, 1);
    gate.release();
    await closing;
    await third.listValues();
    await third.listValues();
    assert.equal(third.stats().hits, 1);
    await third.close();
    assert.equal(clock.waiting, 0);
  });

  it("law 8: what was left to a table that is closed in turn goes on to the next", async () => {
    const { table: first, another, cache, clock } = fixture({ invalidation: "all" });
    const [second, third] = [another(), another()];
    for (let call = 0; call < 2; call++) cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await first.patchValue("a", { price: 3 });
    await first.close();
    assert.equal(clock.waiting, 1, "the second tries again");
    await second.close();
    await clock.advance(60_000);
    await third.listValues();
    await third.listValues();
    assert.equal(third.stats().hits, 1);
    await third.close();
    assert.equal(clock.waiting, 0);
  });

  it("law 8: the success of one table does not make up for what another asked for after it began", async () => {
    const cache = new FaultyCache(slowly(new MemCache()));
    const master = new MemTable("p", { rows: BAKERY });
    const { clock } = fixture({ invalidation: "all" });
    const [one, two] = [
      new LiveTable(master, "p", cache, { invalidation: "all", clock }),
      new LiveTable(master, "p", cache, { invalidation: "all", clock }),
    ];
    await one.listValues();
    const gate = cache.plan.hold("invalidatePrefix");
    const first = one.invalidate();
    await gate.reached;
    cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await two.invalidate();
    gate.release();
    await first;
    await one.listValues();
    await one.listValues();
    assert.equal(one.stats().hits, 0);
    await clock.advance(60_000);
    await one.listValues();
    await one.listValues();
    assert.equal(one.stats().hits, 1);
  });

  it("law 8: what one table failed to drop is served by none, even after that table was closed", async () => {
    const cache = new FaultyCache(new MemCache());
    const master = new MemTable("p", { rows: BAKERY });
    const [writer, reader] = [
      new LiveTable(master, "p", cache, { invalidation: "all" }),
      new LiveTable(master, "p", cache, { invalidation: "all" }),
    ];
    await reader.listValues();
    cache.plan.fail("invalidatePrefix", new Error("disk full"));
    cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await writer.patchValue("a", { price: 3 });
    await writer.close();
    assert.equal((await reader.listValues()).get("a")?.price, 3);
    assert.equal(reader.stats().hits, 0);
    await reader.invalidate();
    await reader.listValues();
    await reader.listValues();
    assert.equal(reader.stats().hits, 1, "a later success of any table makes up for the failure");
  });

  it("law 8: what the last table failed to drop is not served by the next, nor by one opened beside others", async () => {
    const clock = new FakeClock();
    const cache = new FaultyCache(new MemCache());
    const master = new MemTable("p", { rows: BAKERY });
    const open = (): LiveTable => new LiveTable(master, "p", cache, { invalidation: "all", clock });
    const failToDrop = (): void => cache.plan.fail("invalidatePrefix", new Error("disk full"));
    const last = open();
    await last.listValues();
    failToDrop();
    failToDrop();
    await last.patchValue("a", { price: 3 });
    await last.close();
    const [next, other] = [open(), open()];
    assert.equal((await next.listValues()).get("a")?.price, 3);
    await next.invalidate();
    await next.listValues();
    await other.close();
    const beside = open();
    failToDrop();
    await next.patchValue("a", { price: 4 });
    assert.equal((await beside.listValues()).get("a")?.price, 4);
    await Promise.all([next.close(), beside.close()]);
  });
});
