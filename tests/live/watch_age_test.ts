import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveObserver, type LiveStream, ManualLiveStream, MemCache, UnavailableError } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { type Fixture, fixture, slowly } from "./fixture.ts";

const UNREACHABLE = new UnavailableError("no connection");

/** Every snapshot that a listener was shown: status, fetchStatus, the price of one row, and its age. */
function shownBy(observer: LiveObserver): { readonly all: unknown[]; readonly leave: () => void } {
  const all: unknown[] = [];
  const look = (): void => {
    const { status, fetchStatus, rows, fetchedAt } = observer.getSnapshot();
    all.push([status, fetchStatus, rows?.get("a")?.price, fetchedAt]);
  };
  return { all, leave: observer.subscribe(look) };
}

function priceIn(snapshot: unknown): unknown {
  return (snapshot as unknown[])[2]; // As shownBy makes it.
}

for (const [name, open] of [["at once", () => new MemCache()], ["later", () => slowly(new MemCache())]] as const) {
  describe(`Watching stale rows, with a cache that answers ${name}`, () => {
    it("shows what is held with whileStale, that newer rows are on their way, and then those", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master, clock } = fixture({ whileStale: "serve", staleTimeMs: 1_000, liveStream }, open());
      await settle();
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      await clock.advance(1_000);
      const gate = master.plan.hold("listValues");
      const { all, leave } = shownBy(table.observe());
      await settle();
      assert.deepEqual(all.at(-1), ["success", "fetching", 2, 0]);
      gate.release();
      await settle();
      assert.deepEqual(all.at(-1), ["success", "idle", 9, 1_000]);
      await master.patchValue("a", { price: 10 });
      liveStream.push({ kind: "changed" });
      await settle();
      assert.deepEqual(all.at(-1), ["success", "idle", 10, 1_000]);
      assert(all.slice(1).every((snapshot) => Array.isArray(snapshot) && snapshot[2] !== undefined));
      leave();
      await table.close();
    });

    it("does not read without end while the master lags", async () => {
      const options = { whileStale: "serve", masterLagMs: 1_000, staleTimeMs: 5_000 } as const;
      const { table, master, clock, another } = fixture(options, open());
      const liveStream = new ManualLiveStream();
      const other = another({ liveStream });
      await settle();
      await table.listValues(); // What is kept before the lag is over counts as older.
      await clock.advance(1_001);
      const observer = table.observe();
      const { all, leave } = shownBy(observer);
      await settle();
      await master.patchValue("a", { price: 9 });
      await clock.advance(5_000);
      liveStream.push({ kind: "changed" });
      await settle();
      let reads = 0;
      master.plan.run = async (_op, work) => {
        if (++reads > 10) throw UNREACHABLE;
        return await work();
      };
      const leaveToo = observer.subscribe(() => {}); // What it shows is stale.
      await settle();
      assert.equal(reads, 1);
      for (let ms = 0; ms < 3_000; ms += 500) await clock.advance(500);
      assert.deepEqual(all.at(-1), ["success", "idle", 9, 7_001]);
      leave();
      leaveToo();
      await table.close();
      await other.close();
    });

    it("does not read without end if rows are stale at once", async () => {
      const { table, master, clock } = fixture({ whileStale: "serve", staleTimeMs: 0 }, open());
      const { all, leave } = shownBy(table.observe());
      await settle();
      assert.equal(master.plan.count("listValues"), 1);
      leave();
      await clock.advance(60_000);
      const again = shownBy(table.observe());
      await settle();
      await clock.advance(60_000);
      await settle();
      assert.equal(master.plan.count("listValues"), 2);
      assert.deepEqual(again.all.at(-1), ["success", "idle", 2, 60_000]);
      assert.ok(all.length > 0);
      again.leave();
      await table.close();
    });

    it("shows what another handle has refreshed", async () => {
      const { table, master, clock } = fixture({}, open());
      const { all, leave } = shownBy(table.observe());
      await settle();
      await master.patchValue("a", { price: 9 });
      await clock.advance(1_000);
      await table.withReadPolicy({ staleTimeMs: 5 }).refresh();
      await settle();
      assert.deepEqual(all.at(-1), ["success", "idle", 9, 1_000]);
      assert.equal(master.plan.count("listValues"), 2);
      leave();
      await table.close();
    });

    it("shows what is held with its age and the error, where the master cannot be reached", async () => {
      const fix: Fixture = fixture({ onMasterFailure: "serve", staleTimeMs: 1_000 }, open());
      const { table, master, clock } = fix;
      await table.listValues();
      await clock.advance(1_000);
      master.plan.fail("listValues", UNREACHABLE);
      const observer = table.observe();
      const { all, leave } = shownBy(observer);
      await observer.ready();
      await settle();
      assert.deepEqual(all.at(-1), ["error", "idle", 2, 0]);
      assert.equal(observer.getSnapshot().error, UNREACHABLE);
      await clock.advance(60_000);
      await settle();
      const [status] = all.at(-1) as unknown[]; // As shownBy makes it.
      assert.equal(status, "success");
      leave();
      await table.close();
    });

    it("shows the error of a read behind, keeps the rows, and tries again", async () => {
      const { table, master, clock } = fixture({ whileStale: "serve", staleTimeMs: 1_000 }, open());
      await table.listValues();
      await clock.advance(1_000);
      master.plan.fail("listValues", UNREACHABLE);
      const { all, leave } = shownBy(table.observe());
      await settle();
      assert.deepEqual(all.at(-1), ["error", "idle", 2, 0]);
      assert.equal(table.stats().failedBehind, 1);
      await clock.advance(60_000);
      await settle();
      assert.equal((all.at(-1) as unknown[])[0], "success"); // As above.
      leave();
      await table.close();
    });

    it("has what each policy allows, for handles on the same rows", async () => {
      const { table, clock } = fixture({ staleTimeMs: 1_000 }, open());
      await table.listValues();
      await clock.advance(1_000);
      assert.equal(table.peek(), undefined);
      const held = table.withReadPolicy({ whileStale: "serve" }).peek();
      assert.equal(held?.size, name === "at once" ? 3 : undefined);
      assert.equal(table.withReadPolicy({ whileStale: "serve", maxAgeMs: 1_000 }).peek(), undefined);
      await table.close();
    });
  });
}

describe("Watching stale rows, while a read overlaps an event", () => {
  it("never shows a row as it was before, once the event was shown", async () => {
    const events = new ManualLiveStream();
    const liveStream: LiveStream = { ordered: true, subscribe: (options) => events.subscribe(options) };
    const { table, master, clock } = fixture({ whileStale: "serve", staleTimeMs: 0, liveStream });
    await settle();
    const { all, leave } = shownBy(table.observe());
    await settle();
    await clock.advance(1);
    const gate = master.plan.hold("listValues", "after");
    const refreshed = table.refresh();
    await gate.reached;
    const row = await master.patchValue("a", { price: 9 });
    events.push({ kind: "updated", id: "a", row });
    await settle();
    assert.equal(priceIn(all.at(-1)), 9);
    const next = master.plan.hold("listValues");
    gate.release();
    await refreshed;
    await settle();
    next.release();
    await settle();
    const prices = all.map(priceIn);
    assert.deepEqual(prices.slice(prices.indexOf(9)).filter((price) => price !== 9), []);
    assert.deepEqual((all.at(-1) as unknown[]).slice(0, 2), ["success", "idle"]); // As shownBy makes it.
    leave();
    await table.close();
  });
});
