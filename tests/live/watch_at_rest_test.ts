import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveObserver, ManualLiveStream } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { type CacheKind, CACHES, type Fixture, fixture } from "./fixture.ts";

/** What changes a row while nobody watches, and is known to the table. */
const CHANGES: readonly (readonly [name: string, change: (it: Watched) => Promise<unknown>])[] = [
  ["a write of its own", ({ table }) => table.patchValue("a", { price: 9 })],
  ["an event", async ({ master, liveStream }) => {
    await master.patchValue("a", { price: 9 });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
  }],
  ["invalidate()", async ({ master, table }) => {
    await master.patchValue("a", { price: 9 });
    await table.invalidate();
  }],
];

interface Watched extends Fixture {
  readonly liveStream: ManualLiveStream;
}

/** A table of which something was watched before. */
async function watchedBefore(open: CacheKind["cache"], options = {}): Promise<Watched> {
  const liveStream = new ManualLiveStream();
  const made = fixture({ liveStream, ...options }, open());
  await settle();
  const observer = made.table.observe();
  await observer.ready();
  assert.equal(priceIn(observer), 2);
  return { ...made, liveStream };
}

function priceIn(observer: LiveObserver): unknown {
  return observer.getSnapshot().rows?.get("a")?.price;
}

for (const { kind, cache: open } of CACHES) {
  describe(`What was watched before, with ${kind}`, () => {
    for (const [what, change] of CHANGES) {
      it(`is read again for ready() after ${what}, once, and not for each call`, async () => {
        const it = await watchedBefore(open);
        await change(it);
        const observer = it.table.observe();
        await observer.ready();
        assert.equal(priceIn(observer), 9);
        const reads = it.master.plan.count("listValues");
        const again = observer.ready();
        await again;
        assert.equal(observer.ready(), again);
        await it.clock.advance(60_000);
        assert.equal(observer.ready(), again);
        assert.equal(it.master.plan.count("listValues"), reads);
        await it.table.close();
      });

      it(`is shown as being read again to who subscribes after ${what}`, async () => {
        const it = await watchedBefore(open);
        await change(it);
        const reader = it.table.watch().getReader();
        const { value } = await reader.read();
        assert.deepEqual(
          [value?.rows?.get("a")?.price, value?.fetchStatus],
          value?.rows?.get("a")?.price === 9 ? [9, "idle"] : [2, "fetching"],
        );
        await reader.cancel();
        await it.table.close();
      });
    }

    it("is not read again for its age at every call of ready()", async () => {
      const { table, clock, master } = await watchedBefore(open, { staleTimeMs: 0 });
      const observer = table.observe();
      await clock.advance(5_000);
      const gate = master.plan.hold("listValues");
      const ready = observer.ready();
      await gate.reached;
      await clock.advance(3_000);
      gate.release();
      await ready;
      assert.equal(observer.ready(), observer.ready());
      await observer.ready();
      assert.equal(master.plan.count("listValues"), 2);
      await table.close();
    });

    it("is not shown beyond maxAgeMs", async () => {
      const { table, clock, master } = await watchedBefore(open, { maxAgeMs: 1_000 });
      const observer = table.observe();
      await master.patchValue("a", { price: 9 });
      await clock.advance(999);
      assert.equal(priceIn(observer), 2);
      await clock.advance(1);
      const { status, rows, fetchedAt } = observer.getSnapshot();
      assert.deepEqual([status, rows, fetchedAt], ["pending", undefined, undefined]);
      assert.equal(observer.getSnapshot(), observer.getSnapshot());
      await observer.ready();
      assert.equal(priceIn(observer), 9);
      await table.close();
    });
  });

  describe(`What is watched, with ${kind}`, () => {
    it("stays on the screen beyond maxAgeMs, and is read again when another listener subscribes", async () => {
      const { table, clock, master } = fixture({ maxAgeMs: 1_000 }, open());
      const observer = table.observe();
      observer.subscribe(() => {});
      await settle();
      await master.patchValue("a", { price: 9 });
      await clock.advance(10_000);
      assert.deepEqual([priceIn(observer), master.plan.count("listValues")], [2, 1]);
      table.observe().subscribe(() => {});
      await settle();
      assert.equal(priceIn(observer), 9);
      await table.close();
    });
  });
}
