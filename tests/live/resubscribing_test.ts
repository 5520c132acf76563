import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Clock, type LiveEvent, type LiveStream, LiveTable, MemCache, MemTable } from "@vantage/live";
import { FakeClock, settle } from "@vantage/live/testing";

interface Subscribing {
  readonly table: LiveTable;
  readonly fake: FakeClock;
  /** What was waited before each new subscription, in milliseconds. */
  readonly pauses: readonly number[];
  /** The subscription that is open. */
  current(): ReadableStreamDefaultController<LiveEvent>;
  /** Ends what is open, and waits until the next is. */
  endAndReturn(): Promise<void>;
}

/** A table whose clock notes each pause, and draws no lots: every pause is the longest that it may be. */
function subscribing(): Subscribing {
  const fake = new FakeClock();
  const pauses: number[] = [];
  const opened: ReadableStreamDefaultController<LiveEvent>[] = [];
  const liveStream: LiveStream = {
    subscribe: () => new ReadableStream<LiveEvent>({ start: (controller) => void opened.push(controller) }),
  };
  const clock: Clock = {
    now: () => fake.now(),
    monotonic: () => fake.monotonic(),
    random: () => 1 - Number.EPSILON,
    wait: (ms, options) => (pauses.push(Math.round(ms)), fake.wait(ms, options)),
  };
  const table = new LiveTable(new MemTable("t"), "t", new MemCache(), { liveStream, clock });
  const current = (): ReadableStreamDefaultController<LiveEvent> => {
    const controller = opened.at(-1);
    assert(controller !== undefined);
    return controller;
  };
  const endAndReturn = async (): Promise<void> => {
    const before = opened.length;
    current().close();
    await settle();
    await fake.advance(pauses.at(-1) ?? 0);
    assert.equal(opened.length, before + 1);
  };
  return { table, fake, pauses, current, endAndReturn };
}

describe("LiveTable, subscribing again", () => {
  it("pauses twice as long each time, up to half a minute, while subscriptions end at once", async () => {
    const { table, pauses, endAndReturn } = subscribing();
    for (let time = 0; time < 12; time++) await endAndReturn();
    assert.deepEqual(pauses, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000]);
    assert.equal(table.stats().retries, 12);
    await table.close();
  });

  it("begins with the shortest pause again after a subscription that lasted, though nothing came", async () => {
    const { table, fake, pauses, endAndReturn } = subscribing();
    for (let time = 0; time < 6; time++) await endAndReturn();
    await fake.advance(10 * 60_000);
    await endAndReturn();
    assert.deepEqual(pauses.slice(-2), [3200, 100]);
    await endAndReturn();
    assert.equal(pauses.at(-1), 200, "the next one has to prove itself again");
    await table.close();
  });

  it("close() during a pause ends it, and subscribes no more", async () => {
    const { table, fake, pauses, current } = subscribing();
    current().close();
    await settle();
    assert.equal(fake.waiting, 1);
    await table.close();
    assert.equal(fake.waiting, 0);
    await fake.advance(60_000);
    assert.equal(pauses.length, 1);
    assert.equal(table.stats().retries, 0);
  });

  it("close() waits until a pause that takes time to end has ended", async () => {
    const released = Promise.withResolvers<never>();
    const fake = new FakeClock();
    const clock: Clock = {
      now: () => fake.now(),
      monotonic: () => fake.monotonic(),
      random: () => fake.random(),
      wait: () => released.promise,
    };
    const liveStream: LiveStream = { subscribe: () => new ReadableStream({ start: (opened) => opened.close() }) };
    const table = new LiveTable(new MemTable("t"), "t", new MemCache(), { liveStream, clock });
    await settle();
    let closed = false;
    const closing = table.close().then(() => void (closed = true));
    await settle();
    assert.equal(closed, false, "the clock is still busy for this table");
    released.reject(new DOMException("ended", "AbortError"));
    await closing;
  });
});
