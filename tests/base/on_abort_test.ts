import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { defineTable, LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { onAbort } from "../../src/base/on_abort.ts";

/** A signal that tells how many listeners it has and had. */
function counted(): { readonly control: AbortController; readonly now: () => number; readonly most: () => number } {
  const control = new AbortController();
  const { signal } = control;
  let [now, most] = [0, 0];
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  Object.defineProperty(signal, "addEventListener", {
    value: (...args: Parameters<typeof add>) => {
      most = Math.max(most, ++now);
      add(...args);
    },
  });
  Object.defineProperty(signal, "removeEventListener", {
    value: (...args: Parameters<typeof remove>) => {
      now--;
      remove(...args);
    },
  });
  return { control, now: () => now, most: () => most };
}

const MANY = 2_000;

describe("onAbort()", () => {
  it("calls each callback once, unless it was taken back", () => {
    const { control, now, most } = counted();
    const called: string[] = [];
    onAbort(control.signal, () => called.push("first"));
    const takeBack = onAbort(control.signal, () => called.push("taken back"));
    const twice = (): void => void called.push("twice");
    onAbort(control.signal, twice);
    onAbort(control.signal, twice);
    takeBack();
    takeBack();
    assert.equal(most(), 1);
    control.abort();
    control.abort();
    assert.deepEqual(called, ["first", "twice", "twice"]);
    assert.equal(now(), 1, "the listener was there for one event, and went with it");
  });

  it("leaves no listener once the last callback was taken back, and adds one again", () => {
    const { control, now } = counted();
    onAbort(control.signal, () => {})();
    assert.equal(now(), 0);
    let called = 0;
    onAbort(control.signal, () => called++);
    assert.equal(now(), 1);
    control.abort();
    assert.equal(called, 1);
  });

  it("does not call a callback that another takes back", () => {
    const control = new AbortController();
    let called = 0;
    let takeBack = (): void => {};
    onAbort(control.signal, () => takeBack());
    takeBack = onAbort(control.signal, () => called++);
    control.abort();
    assert.equal(called, 0);
  });
});

describe("One signal under many calls", () => {
  it("LiveTable has one listener for all reads, which ends each of them", async () => {
    const { control, now, most } = counted();
    const master = defineTable({ name: "p", idField: "id", list: () => [], get: () => new Promise(() => {}) });
    const table = new LiveTable(master, "p", new MemCache());
    const reads = Array.from({ length: MANY }, (_, n) => table.getValue(`${n}`, { signal: control.signal }));
    assert.equal(most(), 1);
    control.abort(new Error("enough"));
    for (const read of await Promise.allSettled(reads)) assert.equal(read.status, "rejected");
    assert.equal(now(), 1);
    await table.close();
  });

  it("LiveTable over a LiveTable adds no listeners of many reads to one signal", async () => {
    const seen = new Map<AbortSignal, number>();
    const { addEventListener } = AbortSignal.prototype;
    AbortSignal.prototype.addEventListener = function (this: AbortSignal, ...args: unknown[]) {
      seen.set(this, (seen.get(this) ?? 0) + 1);
      return Reflect.apply(addEventListener, this, args);
    };
    try {
      const control = new AbortController();
      const master = defineTable({ name: "p", idField: "id", list: () => [], get: (id) => ({ id }) });
      const inner = new LiveTable(master, "p", new MemCache());
      const outer = new LiveTable(inner, "outer", new MemCache());
      const read = (n: number, signal?: AbortSignal): Promise<unknown> => outer.getValue(`${n}`, { signal });
      await Promise.all(Array.from({ length: MANY }, (_, n) => read(n, n % 2 === 0 ? control.signal : undefined)));
      assert(Math.max(0, ...seen.values()) <= 2, `${Math.max(...seen.values())} listeners on one signal`);
      await Promise.all([outer.close(), inner.close()]);
    } finally {
      AbortSignal.prototype.addEventListener = addEventListener;
    }
  });

  it("LiveTable takes back all queued writes with one listener, in the order in which they were made", async () => {
    const { control, most } = counted();
    let release = (): void => {};
    const table = new LiveTable(
      defineTable({
        name: "p",
        idField: "id",
        list: () => [],
        replace: async (_, row) => (await new Promise<void>((resolve) => release = resolve), row),
      }),
      "p",
      new MemCache(),
      { writeConcurrency: 1 },
    );
    const first = table.replaceValue("first", {});
    const failed: string[] = [];
    const writes = Array.from({ length: MANY }, (_, n) => {
      const write = table.replaceValue(`${n}`, {}, { signal: control.signal });
      return write.catch(() => failed.push(`${n}`));
    });
    assert.equal(most(), 1);
    control.abort(new Error("enough"));
    await Promise.all(writes);
    assert.deepEqual(failed, Array.from({ length: MANY }, (_, n) => `${n}`));
    assert.equal(table.stats().queued, 1);
    release();
    await first;
    await table.close();
  });

  it("ManualLiveStream has one listener for all subscribers, and ends each of them", async () => {
    const { control, most } = counted();
    const stream = new ManualLiveStream();
    const readers = Array.from(
      { length: MANY },
      () => stream.subscribe({ signal: control.signal }).getReader(),
    );
    assert.equal(most(), 1);
    control.abort();
    for (const reader of readers) assert.equal((await reader.read()).done, true);
    assert.equal(stream.subscriberCount, 0);
  });

  it("LiveTable leaves no listener behind on a signal that outlives its reads and writes", async () => {
    const { control, now } = counted();
    const { signal } = control;
    const table = new LiveTable(new MemTable("p", { rows: [["a", { n: 1 }]] }), "p", new MemCache());
    await table.listValues({ signal });
    await table.listValues({ signal });
    await table.getCount({ signal });
    await table.patchValue("a", { n: 2 }, { signal });
    await table.events.subscribe({ signal }).cancel();
    assert.equal(now(), 0);
    await table.close();
  });
});
