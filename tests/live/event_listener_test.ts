import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { type Clock, type LiveEvent, type LiveStream, LiveTable, ManualLiveStream, MemCache } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";
import { fixture, slowly } from "./fixture.ts";

describe("LiveTable with a liveStream", () => {
  for (
    const event of [
      { kind: "changed" },
      { kind: "inserted", id: "d" },
      { kind: "updated", id: "a" },
      { kind: "deleted", id: "a" },
    ] satisfies LiveEvent[]
  ) {
    it(`invalidates when it hears "${event.kind}"`, async () => {
      const stream = new ManualLiveStream();
      const { table, master } = fixture({ liveStream: stream });
      await table.listValues();
      await master.patchValue("a", { price: 9 });
      assert.equal(stream.push(event), 1);
      await settle();
      assert.equal((await table.listValues()).get("a")?.price, 9);
      assert.equal(table.stats().invalidations.event, 1);
      await table.close();
    });
  }

  it("is subscribed when its constructor returns", async () => {
    const stream = new ManualLiveStream();
    const { table } = fixture({ liveStream: stream });
    assert.equal(stream.push({ kind: "changed" }), 1);
    await settle();
    assert.deepEqual(table.stats().invalidations, { write: 0, event: 1, gap: 1, manual: 0 });
    await table.close();
  });

  it("does not keep what was read from the master before an event, and arrives after it", async () => {
    const stream = new ManualLiveStream();
    const { table, master } = fixture({ liveStream: stream });
    const gate = master.plan.hold("listValues");
    const early = table.listValues();
    await gate.reached;
    await master.patchValue("a", { price: 9 });
    stream.push({ kind: "updated", id: "a" });
    await settle();
    gate.release();
    await early;
    assert.equal((await table.listValues()).get("a")?.price, 9);
    await table.close();
  });

  for (
    const [name, gap] of [
      ["ends", (stream: ManualLiveStream) => stream.disconnect()],
      ["fails", (stream: ManualLiveStream) => stream.disconnect(new Error("connection lost"))],
    ] as const
  ) {
    it(`distrusts what it holds when the stream ${name}, subscribes again, and invalidates once more`, async () => {
      const stream = new ManualLiveStream();
      const { table, clock } = fixture({ liveStream: stream });
      await settle();
      assert.equal(table.stats().invalidations.gap, 1);
      await table.listValues();
      gap(stream);
      await settle();
      assert.equal(table.stats().invalidations.gap, 2);
      assert.equal((await table.explain("products/all")).held, false);
      assert.deepEqual((await table.explain("products/all")).lastChange, {
        kind: "changed",
        at: clock.now(),
        cause: "gap",
        gap: "begins",
      });
      assert.equal(stream.subscriberCount, 0);
      await clock.advance(100);
      assert.equal(stream.subscriberCount, 1);
      assert.equal(table.stats().invalidations.gap, 3);
      assert.equal(table.stats().retries, 1);
      await table.close();
    });
  }

  it("pauses longer and longer, with jitter, and for a short time again once a subscription has lasted", async () => {
    let attempts = 0;
    const working = new ManualLiveStream();
    const stream: LiveStream = {
      subscribe: (options) => {
        attempts++;
        if (attempts < 12) throw new Error("refused");
        return working.subscribe(options);
      },
    };
    const pauses: number[] = [];
    const fake = new FakeClock({ seed: 7 });
    const clock: Clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      random: () => fake.random(),
      wait: (ms, options) => {
        pauses.push(ms);
        return fake.wait(ms, options);
      },
    };
    const { table } = fixture({ liveStream: stream, clock });
    while (attempts < 12) await fake.advance(30_000);
    for (const [index, pause] of pauses.entries()) {
      const longest = Math.min(100 * 2 ** index, 30_000);
      assert(pause >= longest / 2 && pause < longest, `pause ${index} was ${pause} of ${longest}`);
    }
    assert.equal(pauses.length, 11);
    assert.equal(new Set(pauses).size, 11, "drawn, not computed");
    working.push({ kind: "changed" });
    await settle();
    working.disconnect();
    await fake.advance(14_000);
    assert.equal(attempts, 12, "an event proves nothing");
    await fake.advance(16_000);
    assert.equal(attempts, 13);
    await fake.advance(10_000);
    working.disconnect();
    await fake.advance(100);
    assert.equal(attempts, 14);
    await table.close();
  });

  it("waits to subscribe again in the background, unless somebody reads its events", async () => {
    const fake = new FakeClock();
    const waits: (boolean | undefined)[] = [];
    const holds: string[] = [];
    const clock: Clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      random: () => 0,
      wait: (ms, options) => (waits.push(options?.background), fake.wait(ms, options)),
    };
    const refused: LiveStream = {
      subscribe: (options) => {
        holds.push(`background ${options?.background}`);
        throw new Error("refused");
      },
      hold: () => (holds.push("held"), () => holds.push("released")),
    };
    const { table } = fixture({ liveStream: refused, clock });
    await settle();
    assert.deepEqual([waits.splice(0), holds.splice(0)], [[true], ["background true"]]);
    const readers = [table.events.subscribe().getReader(), table.events.subscribe().getReader()];
    await settle();
    assert.deepEqual([waits.splice(0), holds.splice(0)], [[false], ["held"]]);
    for (const reader of readers) await reader.cancel();
    await settle();
    assert.deepEqual([waits.splice(0), holds.splice(0)], [[true], ["released"]]);
    await fake.advance(50);
    assert.deepEqual(holds.splice(0), ["background true"], "not later for all that");
    const last = table.events.subscribe();
    await table.close();
    assert.deepEqual(holds, ["held", "released"]);
    assert.equal(fake.waiting, 0);
    await last.cancel();
  });

  it("a stream that says something and hangs up is asked less and less often", async () => {
    let attempts = 0;
    const hasty: LiveStream = {
      subscribe: () =>
        new ReadableStream({
          start: (controller) => {
            attempts++;
            controller.enqueue({ kind: "updated", id: "a" });
            controller.close();
          },
        }),
    };
    const { table, clock } = fixture({ liveStream: hasty });
    await clock.advance(4_000);
    assert(attempts <= 7, `${attempts} in 4 s`);
    await clock.advance(3_600_000);
    assert(attempts <= 7 + 3_600 / 15 + 5, `${attempts} in an hour`);
    await table.close();
  });

  it("asks a stream that says one thing and hangs up less and less often", async () => {
    let attempts = 0;
    const brief: LiveStream = {
      subscribe: () => {
        attempts++;
        return new ReadableStream({
          start: (controller) => {
            controller.enqueue({ kind: "changed" });
            controller.close();
          },
        });
      },
    };
    const { table, clock } = fixture({ liveStream: brief });
    await clock.advance(4_000);
    assert(attempts <= 7, `${attempts} subscriptions in 4 s`);
    const before = attempts;
    await clock.advance(600_000);
    assert(attempts - before <= 50, `${attempts - before} in the next ten minutes`);
    await table.close();
  });

  it("close() waits until what was heard has been told", async () => {
    const stream = new ManualLiveStream();
    const { table, cache } = fixture({ invalidation: "all", liveStream: stream });
    const events = table.events.subscribe().getReader();
    assert.deepEqual((await events.read()).value, { kind: "changed" });
    const gate = cache.plan.hold("invalidatePrefix", "before");
    stream.push({ kind: "deleted", id: "a" });
    await gate.reached;
    const heard = events.read();
    const closing = table.close();
    await settle();
    gate.release();
    await closing;
    assert.deepEqual((await heard).value, { kind: "deleted", id: "a" });
    assert.equal((await events.read()).done, true);
  });

  it("hears `changed` for events that nobody can read", async () => {
    const stream = new ManualLiveStream();
    const odd: LiveStream = {
      subscribe: (options) => {
        const map = new TransformStream<LiveEvent, LiveEvent>({
          transform: (event, controller) => controller.enqueue(Object.assign({}, event, { kind: "renamed" })),
        });
        return stream.subscribe(options).pipeThrough(map);
      },
    };
    const { table } = fixture({ liveStream: odd });
    const events = table.events.subscribe().getReader();
    await settle();
    await events.read();
    stream.push({ kind: "updated", id: "a" });
    await settle();
    assert.deepEqual((await events.read()).value, { kind: "changed" });
    assert.equal(table.stats().invalidations.event, 1);
    await table.close();
  });

  it("tells its own listeners of events and gaps", async () => {
    const stream = new ManualLiveStream();
    const { table } = fixture({ liveStream: stream }, slowly(new MemCache()));
    const events = table.events.subscribe().getReader();
    stream.push({ kind: "deleted", id: "a" });
    assert.deepEqual((await events.read()).value, { kind: "changed" });
    assert.deepEqual((await events.read()).value, { kind: "deleted", id: "a" });
    await table.close();
  });

  it("serves nothing that a persisted cache kept, however late that can be dropped", async () => {
    const inner = new MemCache();
    const { table, master, cache } = fixture({ invalidation: "all" }, inner);
    await table.listValues();
    await table.close();
    await master.patchValue("a", { price: 9 });
    const gate = cache.plan.hold("invalidatePrefix", "before");
    const again = new LiveTable(master, "products", cache, { invalidation: "all", liveStream: new ManualLiveStream() });
    assert.equal((await again.listValues()).get("a")?.price, 9);
    gate.release();
    await again.close();
  });

  it("without a liveStream serves a persisted cache as it was left", async () => {
    const { table, another, master } = fixture();
    await table.listValues();
    await table.close();
    await another().listValues();
    assert.equal(master.plan.count("listValues"), 1);
  });

  it("close() ends the subscription of a stream that ignores its signal", async () => {
    let cancelled = false;
    const deaf: LiveStream = { subscribe: () => new ReadableStream({ cancel: () => void (cancelled = true) }) };
    const { table } = fixture({ liveStream: deaf });
    await table.close();
    assert(cancelled);
  });

  it("a storm of events costs one master read at the end", async () => {
    const stream = new ManualLiveStream();
    const { table, master } = fixture({ liveStream: stream });
    for (let n = 0; n < 1_000; n++) stream.push({ kind: "updated", id: `n${n}` });
    await settle();
    await table.listValues();
    await table.listValues();
    assert.equal(master.plan.count("listValues"), 1);
    assert(table.stats().invalidations.event >= 256, "what did not fit the buffer was heard as `changed`");
    await table.close();
  });
});
