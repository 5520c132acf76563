import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { ClosedError } from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { Observed } from "../../src/live/observed.ts";
import { fixture, LOGGING_CACHES } from "./fixture.ts";

/** Whether a promise has settled. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  return await Promise.race([promise, Promise.resolve(pending)]) !== pending;
}

describe("Observed", () => {
  it("resolves once something is served that has the change", async () => {
    const observed = new Observed();
    const [first, second] = [++observed.recorded, ++observed.recorded];
    const waiting = [observed.when(first), observed.when(second)] as const;
    observed.serve(0);
    assert.deepEqual(await Promise.all(waiting.map(isSettled)), [false, false]);
    observed.serve(first);
    assert.deepEqual(await Promise.all(waiting.map(isSettled)), [true, false]);
    observed.serve();
    assert.deepEqual(await Promise.all(waiting.map(isSettled)), [true, true]);
  });

  it("resolves at once if it has been served before, and stays so after an older answer", async () => {
    const observed = new Observed();
    const place = ++observed.recorded;
    observed.serve();
    observed.serve(0);
    assert(await isSettled(observed.when(place)));
    assert.equal(observed.served, place);
  });
});

for (const { kind, cache } of LOGGING_CACHES) {
  describe(`Write.observed, with ${kind}`, () => {
    it("resolves once a reader has been answered with the write in it", async () => {
      const { table } = fixture({}, cache());
      await table.listValues();
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const { observed } = write;
      await write.applied;
      await settle();
      assert.equal(write.state, "applied");
      await table.getCount();
      await observed;
      assert.equal(write.state, "observed");
      assert.equal(await write.when("observed"), undefined);
      await table.close();
    });

    it("resolves when it is asked for after the reader was answered", async () => {
      const { table } = fixture({}, cache());
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await write.applied;
      await table.listValues();
      await write.observed;
      await table.close();
    });

    it("resolves by a watcher, and by a window", async () => {
      const { table } = fixture({}, cache());
      const watched = table.observe();
      const leave = watched.subscribe(() => {});
      await watched.ready();
      await table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } }).observed;
      await settle();
      assert.equal(watched.getSnapshot().rows?.get("a")?.price, 3);
      leave();
      const second = table.enqueue({ kind: "patch", id: "a", partial: { price: 4 } });
      await second.applied;
      await table.window(0, 2);
      await second.observed;
      await table.close();
    });

    it("does not resolve by a reader who asked before", async () => {
      const { table, master } = fixture({}, cache());
      const gate = master.plan.hold("listValues");
      const reading = table.listValues();
      await gate.reached;
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const { observed } = write;
      await write.applied;
      gate.release();
      assert.equal((await reading).get("a")?.price, 2);
      await settle();
      assert(!await isSettled(observed));
      await table.listValues();
      await observed;
      await table.close();
    });

    it("holds up nothing: other writes go on", async () => {
      const { table } = fixture({ writeConcurrency: 1 }, cache());
      const { observed } = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      await table.patchValue("b", { price: 4 });
      assert(!await isSettled(observed));
      await table.idle();
      await table.close();
    });
  });
}

describe("Write.observed, when the table is closed", () => {
  it("law 5: settles, also of a write that is still to be applied", async () => {
    const { table } = fixture();
    const applied = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const { observed } = applied;
    await applied.applied;
    const pending = table.enqueue({ kind: "patch", id: "b", partial: { price: 3 } });
    const closing = table.close();
    await assert.rejects(observed, ClosedError);
    await assert.rejects(pending.observed, ClosedError);
    await closing;
    assert.equal(pending.state, "applied");
  });
});

describe("Write.observed, over replicas that lag", () => {
  it("waits until the lag is over", async () => {
    const { table, clock } = fixture({ masterLagMs: 100 });
    await clock.advance(200);
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const { observed } = write;
    await write.applied;
    await table.listValues();
    assert(!await isSettled(observed));
    await clock.advance(100);
    await table.listValues();
    await observed;
    await table.close();
  });
});
