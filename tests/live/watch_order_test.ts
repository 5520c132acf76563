import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type LiveObserver, ManualLiveStream, MemCache } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { fixture, slowly } from "./fixture.ts";

/** Every price of a row that a listener was shown. */
function pricesBy(observer: LiveObserver, id: string): unknown[] {
  const prices: unknown[] = [];
  observer.subscribe(() => {
    const price = observer.getSnapshot().rows?.get(id)?.price;
    if (price !== undefined && price !== prices.at(-1)) prices.push(price);
  });
  return prices;
}

for (const [name, open] of [["at once", () => new MemCache()], ["later", () => slowly(new MemCache())]] as const) {
  describe(`Watched rows, with a cache that answers ${name}`, () => {
    for (const whileStale of ["wait", "serve"] as const) {
      for (const first of ["before", "after"] as const) {
        it(`never go back to what another process read meanwhile, asked ${first} them, with ${whileStale}`, async () => {
          const liveStream = new ManualLiveStream();
          const { table, another, master, clock } = fixture({ whileStale }, open());
          await table.close();
          const [one, two] = [another({ liveStream }), another()];
          const read = async (): Promise<() => void> => {
            const gate = master.plan.hold("listValues", "after");
            const rows = two.listValues();
            await gate.reached;
            await clock.advance(1);
            return () => (gate.release(), void rows);
          };
          const observer = one.observe();
          let prices: unknown[];
          let release: () => void;
          if (first === "before") {
            release = await read();
            await master.patchValue("a", { price: 9 });
            prices = pricesBy(observer, "a");
          } else {
            const asking = master.plan.hold("listValues", "before");
            prices = pricesBy(observer, "a");
            await asking.reached;
            await clock.advance(1);
            release = await read();
            await master.patchValue("a", { price: 9 });
            asking.release();
          }
          await settle();
          assert.deepEqual(prices, [9]);
          await clock.advance(1);
          release();
          await settle();
          // The rows of the other process are held now, where `a` is as it was before.
          await master.patchValue("b", { price: 8 });
          liveStream.push({ kind: "updated", id: "b" });
          await settle();
          assert.deepEqual(prices, [9]);
          assert.equal(observer.getSnapshot().rows?.get("b")?.price, 8);
          assert.equal(observer.getSnapshot().fetchStatus, "idle");
          const { masterReads } = one.stats();
          liveStream.push({ kind: "updated", id: "b" });
          await settle();
          assert.equal(one.stats().masterReads, masterReads + 1, "only the row is read again");
          await one.close();
          await two.close();
        });
      }
    }

    it("never go back to a cut with the same stale part, and an older other one", async () => {
      const options = { masterItemsPerPage: 2, staleTimeMs: 0, whileStale: "serve" } as const;
      const liveStream = new ManualLiveStream();
      const { table, another, master, clock } = fixture({}, open());
      await table.close();
      const [one, two] = [another({ ...options, liveStream }), another(options)];
      const older = master.plan.hold("listValues", "after");
      const rows = two.page(1, 3).listValues();
      await older.reached;
      await settle(); // The other page is read, and stored.
      await master.patchValue("a", { price: 9 });
      await clock.advance(1);
      const observer = one.page(1, 3).observe();
      const prices = pricesBy(observer, "a");
      const behind = [0, 1, 2, 3].map(() => master.plan.hold("listValues", "before"));
      for (const gate of behind) {
        await settle();
        if (prices.length === 0) gate.release();
      }
      await clock.advance(1);
      older.release();
      await rows;
      await settle();
      liveStream.push({ kind: "updated", id: "z" });
      await settle();
      for (const gate of behind) gate.release();
      await settle();
      assert.deepEqual(prices, [9]);
      await one.close();
      await two.close();
    });

    it("keep a row that an event has told, while stale rows are served that may lack it", async () => {
      const liveStream = Object.assign(new ManualLiveStream(), { ordered: true } as const);
      const { table, master } = fixture({ whileStale: "serve", liveStream }, open());
      const observer = table.observe();
      const prices = pricesBy(observer, "b");
      await settle();
      const gate = master.plan.hold("getValue", "after");
      await master.patchValue("a", { price: 3 });
      liveStream.push({ kind: "updated", id: "a" });
      await gate.reached; // The row `a` is being read, alone.
      liveStream.push({ kind: "updated", id: "b", row: await master.patchValue("b", { price: 7 }) });
      await settle();
      // A cache that answers later cannot tell what is older than the event.
      assert.deepEqual(prices, name === "at once" ? [1, 7] : [1]);
      gate.release();
      await settle();
      assert.deepEqual(prices, [1, 7]);
      assert.equal(observer.getSnapshot().rows?.get("a")?.price, 3);
      await table.close();
    });
  });
}
