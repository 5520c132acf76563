import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, MemCache } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { fixture, slowly } from "./fixture.ts";

for (const [name, inner] of [["at once", () => new MemCache()], ["later", () => slowly(new MemCache())]] as const) {
  describe(`LiveTable whose cache answers ${name}, an invalidation that failed`, () => {
    it("is tried again by close(), once, without a pause", async () => {
      const { table, cache, clock } = fixture({ invalidation: "all" }, inner());
      cache.plan.fail("invalidatePrefix", new Error("locked"));
      await table.patchValue("a", { price: 9 });
      assert.equal(clock.waiting, 1);
      await table.close();
      assert.equal(cache.plan.count("invalidatePrefix"), 2);
      assert.equal(table.stats().retries, 0, "that was no retry after a pause");
      assert.equal(clock.waiting, 0);
    });

    it("is waited for by close(), which tries it again", async () => {
      const { table, cache } = fixture({ invalidation: "all" }, inner());
      cache.plan.fail("invalidatePrefix", new Error("locked"));
      await table.patchValue("a", { price: 9 });
      const gate = cache.plan.hold("invalidatePrefix", "before");
      let closed = false;
      const closing = table.close().then(() => void (closed = true));
      await gate.reached;
      await settle();
      assert.equal(closed, false);
      gate.release();
      await closing;
    });

    it("is not tried again once another table on the same cache has made up for it", async () => {
      const { table, another, cache, clock } = fixture({ invalidation: "all" }, inner());
      const other = another();
      cache.plan.fail("invalidatePrefix", new Error("locked"));
      await table.patchValue("a", { price: 9 });
      await other.invalidate();
      assert.equal((await table.explain("products/all")).held, false);
      await clock.advance(60_000);
      assert.equal(cache.plan.count("invalidatePrefix"), 2);
      assert.equal(table.stats().retries, 0);
      await table.listValues();
      await table.listValues();
      assert.equal(table.stats().hits, 1, "what the cache holds is believed again");
      await table.close();
      await other.close();
    });

    it("is tried again also if one was before", async () => {
      const { table, cache, clock } = fixture({ invalidation: "all" }, inner());
      for (let time = 1; time <= 3; time++) {
        cache.plan.fail("invalidatePrefix", new Error("locked"));
        await table.patchValue("a", { price: time });
        await clock.advance(60_000);
        assert.equal(table.stats().retries, time);
        assert.equal(cache.plan.count("invalidatePrefix"), 2 * time);
      }
      await table.listValues();
      await table.listValues();
      assert.equal(table.stats().hits, 1);
      await table.close();
    });

    it("is waited for in the background, so that it keeps no process alive", async () => {
      const fake = new FakeClock();
      const waits: (boolean | undefined)[] = [];
      const clock: Clock = {
        now: () => fake.now(),
        monotonic: () => fake.monotonic(),
        random: () => 0,
        wait: (ms, options) => (waits.push(options?.background), fake.wait(ms, options)),
      };
      const { table, cache } = fixture({ invalidation: "all", clock, cacheTimeoutMs: Infinity }, inner());
      for (let time = 0; time < 2; time++) cache.plan.fail("invalidatePrefix", new Error("locked"));
      await table.patchValue("a", { price: 9 });
      await fake.advance(60_000);
      assert.deepEqual(waits, [true, true]);
      await table.close();
    });

    it("is waited for once, however many fail", async () => {
      const { table, cache, clock } = fixture({ invalidation: "all" }, inner());
      for (let time = 0; time < 3; time++) {
        cache.plan.fail("invalidatePrefix", new Error("locked"));
        await table.patchValue("a", { price: time });
        assert.equal(clock.waiting, 1);
      }
      await clock.advance(60_000);
      assert.equal(cache.plan.count("invalidatePrefix"), 4);
      assert.equal(table.stats().retries, 1);
      await table.close();
    });

    it("is tried until it succeeds, and meanwhile nothing is served or kept", async () => {
      const { table, cache, clock } = fixture({ invalidation: "all" }, inner());
      await table.listValues();
      for (let time = 0; time < 4; time++) cache.plan.fail("invalidatePrefix", new Error("locked"));
      await table.patchValue("a", { price: 9 });
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal((await table.explain("products/all")).held, false);
      await clock.advance(60_000);
      await settle();
      assert.equal(table.stats().retries, 4);
      assert.equal(table.stats().cacheFailures, 4);
      assert.equal(table.stats().hits, 0);
      await table.listValues();
      await table.listValues();
      assert.equal(table.stats().hits, 1);
      assert.equal(clock.waiting, 0);
      await table.close();
    });
  });
}
