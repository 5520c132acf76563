import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  ClosedError,
  defineTable,
  type LiveObserver,
  type LiveSnapshot,
  type LiveStream,
  LiveTable,
  ManualLiveStream,
  MemCache,
  NoCache,
  RejectedError,
  type Rows,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { defineTracer } from "@vantage/live/trace";
import { CACHES, type Fixture, fixture, shown, slowly } from "./fixture.ts";

/** The moment in which the reading of an observer without listeners goes on. */
const MOMENT_MS = 50;

/** A listener that counts its calls, as a user interface renders. */
function renders(observer: LiveObserver): { count: number; readonly leave: () => void } {
  const counted = { count: 0, leave: observer.subscribe(() => void counted.count++) };
  return counted;
}

function rowsOf(observer: LiveObserver): Rows {
  const { rows } = observer.getSnapshot();
  assert(rows !== undefined);
  return rows;
}

/** What a snapshot says, without its revisions and the time. */
function said({ status, fetchStatus, error, rows }: LiveSnapshot): readonly unknown[] {
  return [status, fetchStatus, error, rows?.ids().join("")];
}

/** Changes a price at the master, and says no more than that something changed: all that is held is read again. */
async function reprice({ master, table }: Fixture, price: number): Promise<void> {
  await master.patchValue("a", { price });
  await table.invalidate();
}

const reads = ({ master }: Fixture): number => master.plan.count("listValues");

for (const { kind, cache } of CACHES) {
  describe(`LiveHandle.observe(), with ${kind}`, () => {
    it("starts nothing, nor does a look at the snapshot", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      assert.deepEqual(said(observer.getSnapshot()), ["pending", "idle", undefined, undefined]);
      await settle();
      assert.equal(reads(subject), 0);
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("shows what another table on the same cache has changed", async () => {
      const subject = fixture({}, cache());
      const writer = subject.another();
      const observer = await shown(subject.table);
      await writer.patchValue("a", { price: 7 });
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 7);
      await Promise.all([writer.close(), subject.table.close()]);
    });

    it("the first listener starts it", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const observer = subject.table.observe();
      const listener = renders(observer);
      await gate.reached;
      assert.deepEqual(said(observer.getSnapshot()), ["pending", "fetching", undefined, undefined]);
      subject.clock.set(7);
      gate.release();
      await settle();
      assert.deepEqual(said(observer.getSnapshot()), ["success", "idle", undefined, "abc"]);
      assert.equal(observer.getSnapshot().fetchedAt, 0, "when the master was asked");
      assert.equal(listener.count, 2);
      await subject.table.close();
    });

    it("says when the master was asked, also by another reader", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const reading = subject.table.listValues();
      await gate.reached;
      subject.clock.set(7);
      const observer = await shown(subject.table);
      gate.release();
      await reading;
      await settle();
      assert.equal(reads(subject), 1);
      assert.equal(observer.getSnapshot().fetchedAt, 0);
      await subject.table.close();
    });

    it("a snapshot is frozen, and the same object until something visible has changed", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const snapshot = observer.getSnapshot();
      assert(Object.isFrozen(snapshot));
      await subject.table.listValues();
      await settle();
      assert.equal(observer.getSnapshot(), snapshot);
      await subject.table.patchValue("a", { price: 3 });
      await settle();
      assert.notEqual(observer.getSnapshot(), snapshot);
      assert.equal(rowsOf(observer).get("a")?.price, 3);
      assert.equal(snapshot.rows?.get("a")?.price, 2);
      await subject.table.close();
    });

    it("rows that did not change keep their identity", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const before = rowsOf(observer);
      await subject.table.patchValue("a", { price: 3 });
      await settle();
      const after = rowsOf(observer);
      assert.notEqual(after, before);
      assert.notEqual(after.get("a"), before.get("a"));
      assert.equal(after.get("b"), before.get("b"));
      assert.equal(after.get("c"), before.get("c"));
      await subject.table.close();
    });

    it("the rows are the same object if none changed", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const before = rowsOf(observer);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), 2);
      assert.equal(rowsOf(observer), before);
      await subject.table.close();
    });

    it("rows that hold dates keep their identity", async () => {
      const subject = fixture({}, cache());
      await subject.master.insertValue("d", { at: new Date(5) });
      const observer = await shown(subject.table);
      const before = rowsOf(observer);
      await subject.table.patchValue("a", { price: 3 });
      await settle();
      assert.equal(rowsOf(observer).get("d"), before.get("d"));
      await subject.table.close();
    });

    it("layoutRevision moves only when ids come, go or move", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table.orderBy("price"));
      const layouts = [observer.getSnapshot().layoutRevision];
      const changes = [
        () => subject.table.patchValue("a", { name: "Bagel" }),
        () => subject.table.patchValue("a", { price: 9 }),
        () => subject.table.insertValue("d", { price: 0 }),
        () => subject.table.delete("b"),
        () => subject.table.invalidate(),
      ];
      for (const change of changes) {
        await change();
        await settle();
        layouts.push(observer.getSnapshot().layoutRevision);
      }
      assert.deepEqual(layouts, [1, 1, 2, 3, 4, 4]);
      await subject.table.close();
    });

    it("revision grows by one with each snapshot", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      const revisions = [observer.getSnapshot().revision];
      observer.subscribe(() => revisions.push(observer.getSnapshot().revision));
      await settle();
      await reprice(subject, 3);
      await settle();
      assert.deepEqual(revisions, revisions.map((_, index) => index));
      assert(revisions.length >= 3);
      await subject.table.close();
    });

    it("a change that is not shown costs no render if the cache has the rows", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const listener = renders(observer);
      await subject.table.listValues();
      await settle();
      assert.equal(listener.count, 0);
      await subject.table.close();
    });

    it("what is held is shown without `fetching`", async () => {
      const subject = fixture({}, cache());
      await subject.table.listValues();
      const observer = subject.table.observe();
      const seen: unknown[] = [];
      observer.subscribe(() => seen.push(observer.getSnapshot().rows?.size));
      await settle();
      assert.equal(reads(subject), 1);
      assert.equal(observer.getSnapshot().rows?.size, 3);
      assert.equal(seen.filter((size) => size === 3).length, seen.includes(3) ? 1 : 0);
      await subject.table.close();
    });

    it("the last one's leaving ends it a moment later", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      const listener = renders(observer);
      await settle();
      listener.leave();
      await subject.clock.advance(MOMENT_MS - 1);
      await reprice(subject, 3);
      await settle();
      assert.equal(reads(subject), 2, "in the moment it goes on");
      await subject.clock.advance(1);
      assert.equal(subject.clock.waiting, 0);
      await reprice(subject, 4);
      await settle();
      assert.equal(reads(subject), 2);
      assert.equal(rowsOf(observer).get("a")?.price, 3, "and shows what it showed last");
      await subject.table.close();
    });

    it("a listener that comes back within the moment finds it going on", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      const first = renders(observer);
      await settle();
      first.leave();
      const second = renders(observer);
      await subject.clock.advance(10 * MOMENT_MS);
      assert.equal(reads(subject), 1);
      await reprice(subject, 3);
      await settle();
      assert.equal(reads(subject), 2);
      assert.equal(first.count, 2);
      assert(second.count > 0);
      await subject.table.close();
    });

    it("a listener that comes back later reads again, and is shown the rows from before meanwhile", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      renders(observer).leave();
      await subject.clock.advance(MOMENT_MS);
      await settle();
      const first = renders(observer);
      await settle();
      first.leave();
      await subject.clock.advance(MOMENT_MS);
      await reprice(subject, 3);
      const gate = subject.master.plan.hold("listValues");
      observer.subscribe(() => {});
      await gate.reached;
      assert.deepEqual(said(observer.getSnapshot()), ["success", "fetching", undefined, "abc"]);
      gate.release();
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 3);
      await subject.table.close();
    });

    it("a read in flight ends with it", async () => {
      const signals: AbortSignal[] = [];
      const clock = new FakeClock();
      const master = defineTable({
        name: "p",
        list: ({ signal }) => {
          assert(signal !== undefined);
          signals.push(signal);
          return new Promise<[]>(() => {});
        },
      });
      const table = new LiveTable(master, "p", cache(), { clock });
      const observer = table.observe();
      const listener = renders(observer);
      await settle();
      listener.leave();
      await clock.advance(MOMENT_MS - 1);
      assert.equal(signals[0]?.aborted, false);
      await clock.advance(1);
      assert.equal(signals[0]?.aborted, true);
      assert.deepEqual(said(observer.getSnapshot()), ["pending", "idle", undefined, undefined]);
      observer.subscribe(() => {});
      await settle();
      assert.equal(signals.length, 2);
      assert.equal(signals[1]?.aborted, false);
      await table.close();
    });

    it("a change during a read that ends with it leads to no other read", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const listener = renders(subject.table.observe());
      await gate.reached;
      await subject.table.invalidate();
      listener.leave();
      await subject.clock.advance(MOMENT_MS);
      gate.release();
      await settle();
      assert.equal(reads(subject), 1);
      await subject.table.close();
    });

    it("an answer that comes after it has ended is not shown", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const observer = subject.table.observe();
      const listener = renders(observer);
      await gate.reached;
      const keeping = subject.cache.plan.hold("put");
      gate.release();
      await keeping.reached;
      listener.leave();
      await subject.clock.advance(MOMENT_MS);
      await subject.table.invalidate();
      keeping.release();
      await settle();
      assert.deepEqual(said(observer.getSnapshot()), ["pending", "idle", undefined, undefined]);
      await subject.table.close();
    });

    it("its own waits let the process exit, unless there are listeners", async () => {
      const holds: string[] = [];
      const waits: (boolean | undefined)[] = [];
      const clock = new FakeClock();
      const noting = {
        now: () => clock.now(),
        monotonic: () => clock.monotonic(),
        random: () => 0,
        wait: (ms: number, options?: { readonly background?: boolean | undefined }) => {
          if (ms === MOMENT_MS) waits.push(options?.background);
          return clock.wait(ms, options);
        },
      };
      const inner = new ManualLiveStream();
      const liveStream: LiveStream = {
        subscribe: (options) => inner.subscribe(options),
        hold: () => (holds.push("held"), () => holds.push("released")),
      };
      const { table } = fixture({ liveStream, clock: noting }, cache());
      const observer = table.observe();
      const [one, two] = [renders(observer), renders(observer)];
      assert.deepEqual(holds, ["held"]);
      one.leave();
      assert.deepEqual([holds, waits], [["held"], []]);
      two.leave();
      assert.deepEqual([holds, waits], [["held", "released"], [true]]);
      renders(observer);
      assert.deepEqual(holds.splice(0), ["held", "released", "held"]);
      await table.close();
      assert.deepEqual(holds, ["released"]);
      assert.equal(clock.waiting, 0);
    });

    it("calls no listener within the call that changes something", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      let within = true;
      const calls: boolean[] = [];
      observer.subscribe(() => calls.push(within));
      const changed = subject.table.invalidate();
      within = false;
      await changed;
      await settle();
      assert(calls.length > 0);
      assert(!calls.includes(true));
      await subject.table.close();
    });

    it("calls no listener from within another, and in the order in which they subscribed", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const calls: string[] = [];
      let changes = 0;
      observer.subscribe(() => {
        calls.push("first begins");
        if (changes++ === 0) {
          void subject.table.invalidate();
          observer.subscribe(() => calls.push("third"));
        }
        calls.push("first ends");
      });
      observer.subscribe(() => calls.push("second"));
      await subject.table.invalidate();
      await settle();
      assert.deepEqual(calls.slice(0, 3), ["first begins", "first ends", "second"]);
      const rounds = calls.slice(3).join(",");
      assert.match(rounds, /^(first begins,first ends,second,third,?)+$/);
      await subject.table.close();
    });

    it("a listener that has left is not called, even if it leaves while others are called", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const leave = [observer.subscribe(() => leave[1]?.())];
      const second = renders(observer);
      leave.push(second.leave);
      await subject.table.invalidate();
      await settle();
      assert.equal(second.count, 0);
      second.leave();
      await subject.table.close();
    });

    it("the same callback twice is two subscriptions", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      await shown(subject.table);
      let calls = 0;
      const listener = (): void => void calls++;
      const leave = observer.subscribe(listener);
      observer.subscribe(listener);
      await subject.table.invalidate();
      await settle();
      assert.equal(calls, 4, "`fetching` and `idle`, for each");
      for (let times = 0; times < 3; times++) leave();
      await subject.clock.advance(MOMENT_MS);
      await subject.table.invalidate();
      await settle();
      assert.equal(calls, 6);
      await subject.table.close();
    });

    it("a listener that throws is traced and counted, and hurts no other", async () => {
      const names: string[] = [];
      const tracer = defineTracer({
        enabled: () => true,
        event: ({ target, level, name, fields }) => names.push(`${target} ${level} ${name} ${fields.error}`),
        span: () => ({ end: () => {} }),
      });
      const subject = fixture({ tracer }, cache());
      const observer = await shown(subject.table);
      observer.subscribe(() => {
        throw new TypeError("secret");
      });
      observer.subscribe(() => Promise.reject(new RangeError("secret")));
      const listener = renders(observer);
      await subject.table.invalidate();
      await settle();
      assert.equal(listener.count, 2);
      assert.equal(subject.table.stats().listenerFailures, 4);
      const failures = names.filter((name) => name.includes("listener failed"));
      const expected = ["TypeError", "RangeError"].map((error) => `vantage_live::read warn listener failed ${error}`);
      assert.deepEqual(new Set(failures), new Set(expected));
      assert.equal(failures.length, 4);
      await subject.table.close();
    });

    it("a listener that throws is counted without a tracer too", async () => {
      const subject = fixture({}, cache());
      subject.table.observe().subscribe(() => {
        throw new TypeError("secret");
      });
      await settle();
      assert(subject.table.stats().listenerFailures > 0);
      await subject.table.close();
    });

    it("a listener must be a function", async () => {
      const { table } = fixture({}, cache());
      // @ts-expect-error: what one of JavaScript may pass
      assert.throws(() => table.observe().subscribe({ next: () => {} }), /A listener must be a function, got/);
      await table.close();
    });

    it("a listener is called if the snapshot has moved on since its observer last handed one out", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      observer.getSnapshot();
      await shown(subject.table);
      const late = renders(observer);
      await settle();
      assert.equal(late.count, 1);
      const other = renders(subject.table.observe());
      await settle();
      assert.deepEqual([late.count, other.count], [1, 0]);
      await subject.table.close();
    });

    it("ready() is the same promise until it settles, and then for as long as there are rows", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const observer = subject.table.observe();
      const ready = observer.ready();
      await gate.reached;
      assert.equal(observer.ready(), ready);
      assert.equal(subject.table.observe().ready(), ready, "for every observer of the same rows");
      gate.release();
      await ready;
      assert.equal(observer.getSnapshot().rows?.size, 3);
      observer.subscribe(() => {});
      await reprice(subject, 3);
      await settle();
      assert.equal(observer.ready(), ready);
      assert.equal(reads(subject), 2);
      await subject.table.close();
    });

    it("ready() reads once, and once more after a change, and does not subscribe", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      await observer.ready();
      await observer.ready();
      assert.equal(reads(subject), 1);
      await reprice(subject, 3);
      await subject.clock.advance(60_000);
      assert.equal(reads(subject), 1);
      await observer.ready();
      await subject.clock.advance(60_000);
      assert.equal(reads(subject), 2);
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("ready() goes on when listeners have gone", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const observer = subject.table.observe();
      const ready = observer.ready();
      await gate.reached;
      renders(observer).leave();
      await subject.clock.advance(MOMENT_MS);
      gate.release();
      await ready;
      assert.equal(reads(subject), 1);
      await subject.table.close();
    });

    it("a read for listeners that have left ends, even if ready() was awaited before", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      await observer.ready();
      const gate = subject.master.plan.hold("listValues");
      const listener = renders(observer);
      await reprice(subject, 9);
      await gate.reached;
      listener.leave();
      await subject.clock.advance(MOMENT_MS);
      gate.release();
      await settle();
      assert.deepEqual(said(observer.getSnapshot()), ["success", "idle", undefined, "abc"]);
      assert.equal(rowsOf(observer).get("a")?.price, 2);
      await subject.table.close();
    });

    it("ready() rejects if there are no rows since the read failed, and asks again a moment later", async () => {
      const subject = fixture({}, cache());
      await subject.clock.advance(5_000);
      const error = new Error("no connection");
      subject.master.plan.fail("listValues", error);
      const observer = subject.table.observe();
      const failed = observer.ready();
      await assert.rejects(failed, error);
      assert.equal(observer.ready(), failed, "a render loop asks once");
      await subject.clock.advance(999);
      assert.equal(observer.ready(), failed);
      assert.equal(reads(subject), 1);
      assert.equal(subject.clock.waiting, 0, "nothing repeats it but the next call");
      await subject.clock.advance(1);
      const ready = observer.ready();
      assert.notEqual(ready, failed);
      await ready;
      assert.equal(reads(subject), 2);
      assert.deepEqual(said(observer.getSnapshot()), ["success", "idle", undefined, "abc"]);
      await subject.table.close();
    });

    it("a rejected ready() that is left alone is no unhandled rejection", async () => {
      const subject = fixture({}, cache());
      subject.master.plan.fail("listValues", new Error("no connection"));
      void subject.table.observe().ready();
      await settle();
      await subject.table.close();
      void subject.table.observe().ready();
      await settle();
    });

    it("a failed read sets the error, and the rows stay", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const before = rowsOf(observer);
      const error = new UnavailableError("no connection");
      subject.master.plan.fail("listValues", error);
      await subject.table.invalidate();
      await settle();
      const snapshot = observer.getSnapshot();
      assert.deepEqual(said(snapshot), ["error", "idle", error, "abc"]);
      assert.equal(snapshot.rows, before);
      assert.equal(await observer.ready(), undefined);
      await subject.clock.advance(100);
      assert.deepEqual(said(observer.getSnapshot()), ["success", "idle", undefined, "abc"]);
      assert.equal(rowsOf(observer), before);
      await subject.table.close();
    });

    it("a read that failed is repeated after growing pauses while there are listeners", async () => {
      const subject = fixture({}, cache());
      for (let times = 0; times < 12; times++) subject.master.plan.fail("listValues", new Error("no connection"));
      const observer = subject.table.observe();
      const listener = renders(observer);
      await subject.clock.advance(60_000);
      assert(reads(subject) >= 8 && reads(subject) <= 12, `${reads(subject)} reads in a minute`);
      assert.equal(subject.table.stats().retries, reads(subject) - 1);
      const failed = reads(subject);
      while (observer.getSnapshot().status !== "success") await subject.clock.advance(30_000);
      const succeeded = reads(subject);
      assert.equal(succeeded, 13);
      assert(failed < succeeded);
      subject.master.plan.fail("listValues", new Error("no connection"));
      await subject.table.invalidate();
      await subject.clock.advance(100);
      assert.equal(reads(subject), succeeded + 2, "a success makes the next pause short again");
      subject.master.plan.fail("listValues", new Error("no connection"));
      await subject.table.invalidate();
      await settle();
      assert.equal(subject.clock.waiting, 1);
      listener.leave();
      await subject.clock.advance(MOMENT_MS);
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("a read that failed is repeated at once after a change", async () => {
      const subject = fixture({}, cache());
      for (let times = 0; times < 20; times++) subject.master.plan.fail("listValues", new Error("no connection"));
      await shown(subject.table);
      await subject.clock.advance(10_000);
      const before = reads(subject);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), before + 1);
      assert.equal(subject.clock.waiting, 1, "one pause, not two");
      await subject.table.close();
    });

    it("a failed read that a change has made another read follow is not repeated besides", async () => {
      const clock = new FakeClock();
      const fail: ((error: unknown) => void)[] = [];
      const list = (): Promise<[]> => fail.length > 0 ? Promise.resolve([]) : new Promise((_, no) => fail.push(no));
      const table = new LiveTable(defineTable({ name: "p", list }), "p", cache(), { clock });
      const observer = await shown(table);
      await table.invalidate();
      fail[0]?.(new Error("no connection"));
      await settle();
      assert.equal(observer.getSnapshot().status, "success");
      assert.equal(clock.waiting, 0);
      await table.close();
    });

    it("a read that the master refused is not repeated", async () => {
      const subject = fixture({}, cache());
      subject.master.plan.fail("listValues", new RejectedError("not yours"));
      const observer = await shown(subject.table);
      assert.equal(observer.getSnapshot().status, "error");
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("a read is not repeated before the master asked for it", async () => {
      const subject = fixture({}, cache());
      subject.master.plan.fail("listValues", new UnavailableError("busy", { retryAfterMs: 5_000 }));
      await shown(subject.table);
      await subject.clock.advance(4_999);
      assert.equal(reads(subject), 1);
      await subject.clock.advance(1);
      assert.equal(reads(subject), 2);
      await subject.table.close();
    });

    for (
      const { what, change } of [
        { what: "invalidate()", change: (subject: Fixture) => subject.table.invalidate() },
        { what: "a gap", change: (_: Fixture, stream: ManualLiveStream) => stream.disconnect(new Error("lost")) },
      ]
    ) {
      it(`after ${what} the rows stay until the new ones are there`, async () => {
        const liveStream = new ManualLiveStream();
        const subject = fixture({ liveStream }, cache());
        await settle();
        const observer = await shown(subject.table);
        const before = rowsOf(observer);
        await subject.master.patchValue("a", { price: 9 });
        const gate = subject.master.plan.hold("listValues");
        await change(subject, liveStream);
        await gate.reached;
        assert.deepEqual(said(observer.getSnapshot()), ["success", "fetching", undefined, "abc"]);
        assert.equal(rowsOf(observer), before);
        gate.release();
        await settle();
        assert.equal(observer.getSnapshot().fetchStatus, "idle");
        assert.equal(rowsOf(observer).get("a")?.price, 9);
        await subject.table.close();
      });
    }

    it("reads again after an event", async () => {
      const liveStream = new ManualLiveStream();
      const subject = fixture({ liveStream }, cache());
      await settle();
      const observer = await shown(subject.table);
      await subject.master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 9);
      await subject.table.close();
    });

    it("changes during a read lead to one more read, which begins when the one before has ended", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const gate = subject.master.plan.hold("listValues");
      await subject.table.invalidate();
      await gate.reached;
      const listener = renders(observer);
      for (let n = 0; n < 20; n++) await subject.table.invalidate();
      await subject.master.patchValue("a", { price: 9 });
      assert.equal(reads(subject), 2);
      gate.release();
      await settle();
      assert.equal(reads(subject), 3);
      assert.equal(rowsOf(observer).get("a")?.price, 9);
      assert.equal(listener.count, 1, "`fetching` all along");
      await subject.table.close();
    });

    it("under constant changes each read is shown", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      for (let price = 10; price < 15; price++) {
        const gate = subject.master.plan.hold("listValues");
        await subject.master.patchValue("a", { price });
        void subject.table.invalidate();
        await gate.reached;
        await subject.table.invalidate();
        gate.release();
        await settle();
        assert.equal(rowsOf(observer).get("a")?.price, price);
      }
      await subject.table.close();
    });

    it("two observers of the same rows share the read and the snapshot, whatever handles they are of", async () => {
      const subject = fixture({}, cache());
      const [one, two] = [
        subject.table.where("price", "gt", 1).where({ name: "Tart" }).observe(),
        subject.table.where({ name: "Tart" }).where("price", "gt", 1).observe(),
      ];
      const listeners = [renders(one), renders(two)];
      await settle();
      assert.equal(reads(subject), 1);
      assert.equal(one.getSnapshot(), two.getSnapshot());
      assert.equal(one.getSnapshot().rows?.size, 1);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), 2);
      listeners[0]?.leave();
      await subject.clock.advance(MOMENT_MS);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), 3, "the other still listens");
      await subject.table.close();
    });

    it("pages and views are watched each for itself", async () => {
      const subject = fixture({}, cache());
      const one = await shown(subject.table.orderBy("price").page(1, 2));
      const two = await shown(subject.table.orderBy("price").page(2, 2));
      assert.deepEqual([rowsOf(one).ids(), rowsOf(two).ids()], [["b", "a"], ["c"]]);
      await subject.table.insertValue("d", { price: 0 });
      await settle();
      assert.deepEqual([rowsOf(one).ids(), rowsOf(two).ids()], [["d", "b"], ["a", "c"]]);
      await subject.table.close();
    });

    it("without a cache each change is one read for all observers", async () => {
      const subject = fixture({}, new NoCache());
      const observers = [subject.table.observe(), subject.table.observe()];
      for (const observer of observers) renders(observer);
      await settle();
      assert.equal(reads(subject), 1);
      await reprice(subject, 3);
      await settle();
      assert.equal(reads(subject), 2);
      for (const observer of observers) assert.equal(rowsOf(observer).get("a")?.price, 3);
      await subject.table.close();
    });

    it("an entry that grows stale is read again when another listener subscribes, and not by a timer", async () => {
      const subject = fixture({ staleTimeMs: 1_000 }, cache());
      const observer = subject.table.observe();
      for (let times = 0; times < 2; times++) renders(observer);
      await subject.clock.advance(10_000);
      assert.equal(reads(subject), 1);
      assert.equal(subject.clock.waiting, 0);
      const listener = renders(subject.table.observe());
      renders(observer);
      await settle();
      assert.equal(reads(subject), 2);
      assert.equal(observer.getSnapshot().fetchedAt, 10_000);
      assert.equal(listener.count, 2);
      const snapshot = observer.getSnapshot();
      await subject.clock.advance(10_000);
      await subject.table.listValues();
      await settle();
      assert(observer.getSnapshot() === snapshot || listener.count > 2, "it changes only if listeners are called");
      assert.equal(reads(subject), 3);
      renders(observer);
      await settle();
      assert.equal(reads(subject), 3);
      await subject.table.close();
    });

    it("reads again when the master has had time to catch up", async () => {
      const subject = fixture({ masterLagMs: 500 }, cache());
      await subject.clock.advance(1_000);
      const observer = await shown(subject.table);
      await subject.clock.advance(1_000);
      const before = reads(subject);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), before + 1);
      await subject.master.patchValue("a", { price: 9 });
      await subject.clock.advance(500);
      assert.equal(reads(subject), before + 2);
      assert.equal(rowsOf(observer).get("a")?.price, 9);
      await subject.clock.advance(60_000);
      assert.equal(reads(subject), before + 2);
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("close() ends it: listeners are called once more, and the rows stay", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const listener = renders(observer);
      const before = rowsOf(observer);
      await subject.table.close();
      assert.equal(listener.count, 1);
      const snapshot = observer.getSnapshot();
      assert(snapshot.error instanceof ClosedError);
      assert.deepEqual(said(snapshot).slice(0, 2), ["error", "idle"]);
      assert.equal(snapshot.rows, before);
      await assert.rejects(observer.ready(), ClosedError);
      assert.equal(observer.ready(), observer.ready());
      assert.equal(subject.clock.waiting, 0);
      const late = renders(observer);
      await settle();
      late.leave();
      assert.equal(late.count, 0, "nothing changes any more");
      assert.equal(observer.getSnapshot(), snapshot);
      assert.equal(reads(subject), 1);
      assert.equal(subject.clock.waiting, 0);
    });

    it("close() ends reads, waits and promises that are under way", async () => {
      const subject = fixture({}, cache());
      const gate = subject.master.plan.hold("listValues");
      const ready = subject.table.observe().ready();
      await gate.reached;
      const other = subject.table.page(2).observe();
      subject.master.plan.fail("listValues", new Error("no connection"));
      renders(other);
      renders(subject.table.page(3).observe()).leave();
      await settle();
      assert(subject.clock.waiting > 0);
      const reading = subject.table.observe();
      const closing = subject.table.close();
      const snapshots = [reading, other].map((observer) => observer.getSnapshot());
      await Promise.all([closing, assert.rejects(ready, ClosedError)]);
      assert.equal(subject.clock.waiting, 0);
      gate.release();
      await settle();
      assert.deepEqual([reading, other].map((observer) => observer.getSnapshot()), snapshots);
      assert(snapshots.every(({ rows, error }, index) => {
        const now = (index === 0 ? reading : other).getSnapshot();
        return rows === undefined && error === now.error;
      }));
    });

    it("an observer without listeners, or made later, shows that the table is closed", async () => {
      const subject = fixture({}, cache());
      const before = subject.table.observe();
      await before.ready();
      await subject.table.close();
      for (const observer of [before, subject.table.observe(), subject.table.page(2).observe()]) {
        assert(observer.getSnapshot().error instanceof ClosedError);
        assert.equal(observer.getSnapshot(), observer.getSnapshot());
        await assert.rejects(observer.ready(), ClosedError);
      }
      assert.equal(before.getSnapshot().rows?.size, 3);
    });

    it("using ends the subscriptions that were made through it, and no others", async () => {
      const subject = fixture({}, cache());
      const other = subject.table.observe();
      const staying = renders(other);
      await settle();
      let mine;
      {
        using observer = subject.table.observe();
        mine = [renders(observer), renders(observer)];
      }
      const before = staying.count;
      await subject.table.invalidate();
      await settle();
      assert.deepEqual(mine.map(({ count }) => count), [0, 0]);
      assert(staying.count > before);
      await subject.table.close();
    });

    it("remembers what a hundred lists without listeners showed last", async () => {
      const subject = fixture({}, cache());
      const observe = (page: number): LiveObserver => subject.table.page(page).observe();
      const kept = observe(1);
      await kept.ready();
      for (let page = 2; page <= 100; page++) observe(page);
      assert.equal(observe(1).ready(), kept.ready(), "and is used last now");
      for (let page = 101; page <= 199; page++) observe(page);
      assert.equal(observe(1).ready(), kept.ready());
      for (let page = 201; page <= 300; page++) observe(page);
      const other = observe(1);
      assert.notEqual(other.ready(), kept.ready());
      await subject.table.close();
    });

    it("lists with listeners are shared, however many others were shown since", async () => {
      const subject = fixture({}, cache());
      const observe = (page: number): LiveObserver => subject.table.page(page).observe();
      const showAll = (): void => {
        for (let page = 2; page <= 102; page++) observe(page);
      };
      const watched = observe(1);
      const listener = renders(watched);
      await settle();
      showAll();
      for (let times = 0; times < 2; times++) {
        assert.equal(observe(1).getSnapshot(), watched.getSnapshot());
        showAll();
      }
      for (let page = 2; page <= 100; page++) observe(page);
      listener.leave();
      await subject.clock.advance(MOMENT_MS);
      for (let page = 101; page <= 199; page++) observe(page);
      assert.equal(observe(1).getSnapshot(), watched.getSnapshot(), "it is one of the hundred now");
      showAll();
      const again = renders(watched);
      assert.equal(observe(1).getSnapshot(), watched.getSnapshot(), "and shared again once it has a listener");
      again.leave();
      await subject.clock.advance(MOMENT_MS);
      showAll();
      assert.notEqual(observe(1).ready(), watched.ready(), "and forgotten like others once it has none");
      await subject.table.close();
    });

    it("two observers of the same rows that are not one share the read", async () => {
      const subject = fixture({}, cache());
      const kept = subject.table.page(1).observe();
      await kept.ready();
      for (let page = 2; page <= 101; page++) subject.table.page(page).observe();
      const other = subject.table.page(1).observe();
      const listeners = [renders(other), renders(kept)];
      const before = reads(subject);
      await reprice(subject, 9);
      await settle();
      assert.equal(reads(subject), before + 1);
      assert(listeners.every(({ count }) => count > 0));
      assert.equal(kept.getSnapshot().rows?.get("a")?.price, 9);
      listeners[1]?.leave();
      await subject.clock.advance(MOMENT_MS);
      assert.equal(subject.table.page(1).observe().getSnapshot(), other.getSnapshot());
      const counts = [renders(kept), renders(other)];
      await subject.table.close();
      assert.deepEqual(counts.map(({ count }) => count), [1, 1]);
      assert.equal(subject.clock.waiting, 0);
    });

    it("what a listener does to a date is seen in no entry", async () => {
      const subject = fixture({}, cache());
      await subject.master.insertValue("d", { at: new Date(5) });
      const observer = await shown(subject.table);
      const at = rowsOf(observer).get("d")?.at;
      assert(at instanceof Date);
      at.setTime(99);
      assert.deepEqual((await subject.table.listValues()).get("d")?.at, new Date(5));
      assert.deepEqual(subject.table.peek()?.get("d")?.at ?? new Date(5), new Date(5));
      await subject.table.close();
    });

    it("works through a Proxy, and its functions without `this`", async () => {
      const subject = fixture({}, cache());
      const { getSnapshot, subscribe, ready } = new Proxy(subject.table, {}).where("price", "gt", 1).observe();
      subscribe(() => {});
      await ready();
      assert.equal(getSnapshot().rows?.size, 2);
      await subject.table.close();
    });

    it("a cache that cannot invalidate costs reads of the master, and nothing old is shown", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      await subject.master.patchValue("a", { price: 9 });
      for (let n = 0; n < 3; n++) subject.cache.plan.fail("invalidatePrefix", new Error("disk full"));
      await subject.table.invalidate();
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 9);
      await subject.table.close();
    });
  });

  describe(`LiveHandle.watch(), with ${kind}`, () => {
    it("reads nothing before the first snapshot is asked for", async () => {
      const subject = fixture({}, cache());
      const stream = subject.table.watch();
      await settle();
      assert.equal(reads(subject), 0);
      assert.equal(subject.table.stats().misses, 0);
      await stream.cancel();
      await subject.table.close();
    });

    it("is a stream of the same snapshots", async () => {
      const subject = fixture({}, cache());
      const observer = subject.table.observe();
      const reader = subject.table.watch().getReader();
      let snapshot: LiveSnapshot | undefined;
      do {
        snapshot = (await reader.read()).value;
        assert.equal(snapshot, observer.getSnapshot());
      } while (snapshot?.status === "pending");
      assert.equal(snapshot?.status, "success");
      const next = reader.read();
      await subject.table.patchValue("a", { price: 3 });
      assert.notEqual((await next).value, undefined);
      await reader.cancel();
      await subject.table.close();
    });

    it("a slow reader gets the newest snapshot", async () => {
      const subject = fixture({}, cache());
      await subject.table.listValues();
      const reader = subject.table.watch().getReader();
      while ((await reader.read()).value?.status !== "success");
      for (let price = 10; price < 30; price++) {
        await subject.table.patchValue("a", { price });
        await settle();
      }
      assert.equal((await reader.read()).value?.rows?.get("a")?.price, 29);
      const next = reader.read();
      await settle();
      await subject.table.patchValue("a", { price: 30 });
      let { value } = await next;
      while (value?.rows?.get("a")?.price !== 30) ({ value } = await reader.read());
      await reader.cancel();
      await subject.table.close();
    });

    it("cancelling it ends the reading a moment later", async () => {
      const subject = fixture({}, cache());
      const reader = subject.table.watch().getReader();
      await reader.read();
      await settle();
      while ((await reader.read()).value?.status !== "success");
      const waiting = reader.read();
      await settle();
      await reader.cancel();
      assert.equal((await waiting).done, true);
      await subject.clock.advance(MOMENT_MS);
      const before = reads(subject);
      await subject.table.invalidate();
      await settle();
      assert.equal(reads(subject), before);
      assert.equal(subject.clock.waiting, 0);
      await subject.table.close();
    });

    it("ends when the table is closed, and at once if it is", async () => {
      const subject = fixture({}, cache());
      const reader = subject.table.watch().getReader();
      while ((await reader.read()).value?.status !== "success");
      const waiting = reader.read();
      await subject.table.close();
      assert.equal((await waiting).done, true);
      assert.equal((await subject.table.watch().getReader().read()).done, true);
      assert.equal(subject.clock.waiting, 0);
    });
  });
}

for (const { kind, cache } of CACHES.slice(0, 2)) {
  describe(`An observer of what changes in place, with ${kind}`, () => {
    it("a write that is put in place costs one render, and no read of the master", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      const before = rowsOf(observer);
      const listener = renders(observer);
      const { layoutRevision } = observer.getSnapshot();
      await subject.table.patchValue("a", { price: 3 });
      await settle();
      assert.equal(listener.count, 1);
      assert.equal(reads(subject), 1);
      assert.equal(rowsOf(observer).get("a")?.price, 3);
      assert.equal(rowsOf(observer).get("b"), before.get("b"));
      assert.equal(observer.getSnapshot().layoutRevision, layoutRevision);
      await subject.table.close();
    });

    it("a change of a row that is not shown costs no render", async () => {
      const liveStream = new ManualLiveStream();
      const subject = fixture({ liveStream }, cache());
      await settle();
      const observer = await shown(subject.table.page(1, 2));
      const listener = renders(observer);
      for (let n = 0; n < 20; n++) {
        await subject.master.patchValue("c", { price: n });
        liveStream.push({ kind: "updated", id: "c" });
        await settle();
      }
      assert.equal(listener.count, 0);
      assert.equal(reads(subject), 1);
      await subject.table.close();
    });

    it("a changed row that only the master knows is read again alone, and the others stay meanwhile", async () => {
      const liveStream = new ManualLiveStream();
      const subject = fixture({ liveStream }, cache());
      await settle();
      const observer = await shown(subject.table.page(1, 2));
      const before = rowsOf(observer);
      const { rowsReceived } = subject.table.stats();
      const gate = subject.master.plan.hold("getValue");
      await subject.master.patchValue("a", { price: 9 });
      liveStream.push({ kind: "updated", id: "a" });
      await gate.reached;
      assert.deepEqual(said(observer.getSnapshot()), ["success", "fetching", undefined, "ab"]);
      gate.release();
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 9);
      assert.equal(rowsOf(observer).get("b"), before.get("b"));
      assert.equal(subject.table.stats().rowsReceived - rowsReceived, 1);
      await subject.table.close();
    });

    it("an entry that is only watched is brought up to date for good", async () => {
      const subject = fixture({}, cache());
      const observer = await shown(subject.table);
      for (let price = 0; price < 1_100; price++) await subject.table.patchValue("a", { price });
      await settle();
      assert.equal(rowsOf(observer).get("a")?.price, 1_099);
      assert.equal(reads(subject), 1, "the log is bounded");
      await subject.table.close();
    });
  });
}

describe("LiveHandle.peek()", () => {
  it("answers at once with what is held, and asks no master", async () => {
    const subject = fixture();
    assert.equal(subject.table.peek(), undefined);
    const rows = await subject.table.listValues();
    assert.equal(subject.table.peek(), rows);
    assert.equal(subject.table.where("price", "gt", 1).peek(), undefined);
    assert.equal(reads(subject), 1);
    await subject.table.close();
    assert.equal(subject.table.peek(), undefined);
  });

  it("answers with nothing that a read would not be answered with", async () => {
    const subject = fixture({ staleTimeMs: 1_000 });
    await subject.table.listValues();
    await reprice(subject, 3);
    assert.equal(subject.table.peek(), undefined);
    await subject.table.listValues();
    assert.equal(subject.table.peek()?.get("a")?.price, 3);
    await subject.clock.advance(1_000);
    assert.equal(subject.table.peek(), undefined);
    await subject.table.listValues();
    subject.cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await subject.table.invalidate();
    assert.equal(subject.table.peek(), undefined, "suspect");
    await subject.table.close();
  });

  it("has the changes that are known in it", async () => {
    const subject = fixture();
    await subject.table.listValues();
    await subject.table.patchValue("a", { price: 3 });
    await subject.table.delete("b");
    assert.deepEqual(subject.table.peek()?.toArray(), (await subject.master.listValues()).toArray());
    assert.equal(subject.table.stats().rowsInPlace, 0, "nothing is counted");
    await subject.table.close();
  });

  it("has nothing while a change is being logged", async () => {
    const liveStream = new ManualLiveStream();
    const subject = fixture({ liveStream });
    await settle();
    await subject.table.listValues();
    const gate = subject.cache.plan.hold("log", "before");
    await subject.master.patchValue("a", { price: 9 });
    liveStream.push({ kind: "updated", id: "a" });
    await gate.reached;
    assert.equal(subject.table.peek(), undefined);
    const observer = await shown(subject.table);
    assert.deepEqual(said(observer.getSnapshot()).slice(0, 2), ["pending", "idle"]);
    gate.release();
    await settle();
    assert.equal(rowsOf(observer).get("a")?.price, 9);
    await subject.table.close();
  });

  it("has nothing of a cache that answers later, or fails", async () => {
    const later = fixture({}, slowly(new MemCache()));
    await later.table.listValues();
    assert.equal(later.table.peek(), undefined);
    const failing = fixture();
    await failing.table.listValues();
    failing.cache.plan.fail("get", new Error("disk full"));
    assert.equal(failing.table.peek(), undefined);
    await settle();
    await Promise.all([later.table.close(), failing.table.close()]);
  });

  it("is what an observer shows first", async () => {
    const subject = fixture();
    const rows = await subject.table.listValues();
    const observer = subject.table.observe();
    assert.deepEqual(said(observer.getSnapshot()), ["success", "idle", undefined, "abc"]);
    assert.equal(observer.getSnapshot().rows, rows);
    assert.equal(await observer.ready(), undefined);
    const listener = renders(observer);
    await settle();
    assert.equal(listener.count, 0, "it was drawn already");
    assert.equal(reads(subject), 1);
    await subject.table.close();
  });

  it("shows an observer without listeners what was read elsewhere since", async () => {
    const subject = fixture();
    const observer = subject.table.observe();
    await observer.ready();
    await reprice(subject, 3);
    assert.equal(rowsOf(observer).get("a")?.price, 2);
    await subject.table.listValues();
    assert.equal(rowsOf(observer).get("a")?.price, 3);
    const before = observer.getSnapshot();
    subject.clock.set(7);
    await subject.table.invalidate();
    await subject.table.listValues();
    assert.equal(observer.getSnapshot().fetchedAt, 7);
    assert.equal(observer.getSnapshot().rows, before.rows);
    await subject.table.close();
  });
});
