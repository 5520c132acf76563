import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Cache,
  defineTable,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  type Row,
  Rows,
  type Table,
} from "@vantage/live";
import { FakeClock, FaultyCache, settle } from "@vantage/live/testing";
import { fixture, slowly, withoutLog } from "./fixture.ts";

const LAG_MS = 500;

/** A master whose writes reach its reads `LAG_MS` later, or when it is told. */
class Lagging {
  readonly clock: FakeClock;
  readonly table: Table;
  reads = 0;
  #states: { readonly from: number; readonly row: Row }[] = [{ from: -Infinity, row: { n: 0 } }];
  #held: Promise<void> | undefined;

  constructor(clock: FakeClock) {
    this.clock = clock;
    this.table = defineTable({
      name: "t",
      capabilities: { sameRows: true },
      list: async () => await this.#read((row) => [["a", row] as const]),
      get: async () => await this.#read((row) => row),
      count: async () => await this.#read((row) => Number(row.n)),
      replace: (_, row) => {
        this.#states.push({ from: clock.monotonic() + LAG_MS, row });
        return row;
      },
    });
  }

  /** Stops reads after they have seen the rows, until the function that it gives is called. */
  hold(): () => void {
    let release = (): void => {};
    this.#held = new Promise((resolve) => release = resolve);
    return () => {
      this.#held = undefined;
      release();
    };
  }

  async #read<T>(pick: (row: Row) => T): Promise<T> {
    this.reads++;
    const seen = this.#states.findLast(({ from }) => from <= this.clock.monotonic());
    await this.#held;
    return pick(seen?.row ?? {});
  }
}

function world(make: () => Cache = () => new MemCache()): {
  readonly clock: FakeClock;
  readonly master: Lagging;
  /** A table in a process of its own: it shares the storage, and nothing else. */
  readonly process: (options?: LiveTableOptions) => LiveTable;
} {
  const clock = new FakeClock();
  const master = new Lagging(clock);
  const storage = make();
  return {
    clock,
    master,
    process: (options) =>
      new LiveTable(master.table, "t", new FaultyCache(storage), { clock, masterLagMs: LAG_MS, ...options }),
  };
}

async function listed(table: LiveTable): Promise<unknown> {
  return (await table.listValues()).get("a")?.n;
}

for (
  const { kind, make, logs } of [
    { kind: "a cache that answers at once", make: () => new MemCache(), logs: true },
    { kind: "a cache that answers later", make: () => slowly(new MemCache()), logs: true },
    { kind: "a cache without a log", make: () => withoutLog(new MemCache()), logs: false },
  ]
) {
  describe(`LiveTable with masterLagMs, with ${kind}`, () => {
    it("answers, but does not keep, what a lagging replica may say", async () => {
      const { clock, master, process } = world(make);
      const table = process();
      await table.replaceValue("a", { n: 1 });
      assert.equal(await listed(table), 0);
      assert.equal(await listed(table), 0);
      assert.equal(master.reads, 2);
      await clock.advance(LAG_MS);
      assert.equal(await listed(table), 1);
      assert.equal(await listed(table), 1);
      assert.equal(master.reads, 3);
      assert.equal(clock.waiting, 0);
    });

    it("keeps nothing old for other processes, though the writer dies at once", async () => {
      const { clock, process } = world(make);
      const [writer, reader] = [process(), process()];
      await listed(reader);
      await clock.advance(LAG_MS);
      assert.equal(await listed(reader), 0);
      await writer.replaceValue("a", { n: 1 });
      // From here on the writer does nothing any more: it is not closed, either.
      await clock.advance(LAG_MS - 1);
      assert.equal(await listed(reader), logs ? 1 : 0, "the row written is put in place of what was read before");
      await clock.advance(1);
      assert.equal(await listed(reader), 1);
      await clock.advance(LAG_MS);
      assert.equal(await listed(reader), 1);
      assert.equal(await listed(process()), 1);
    });

    it("keeps nothing in a process that begins within the lag of another's write", async () => {
      const { clock, process } = world(make);
      await process().replaceValue("a", { n: 1 });
      const late = process();
      await clock.advance(LAG_MS - 1);
      assert.equal(await listed(late), 0);
      await clock.advance(1);
      assert.equal(await listed(late), 1);
    });

    it("waits as long again after another process has written once more", async () => {
      const { clock, master, process } = world(make);
      const [writer, reader] = [process({ invalidation: "all" }), process({ invalidation: "all" })];
      await writer.replaceValue("a", { n: 1 });
      await listed(reader);
      await clock.advance(LAG_MS - 1);
      await writer.replaceValue("a", { n: 2 });
      await clock.advance(1);
      assert.equal(await listed(reader), 1);
      await clock.advance(LAG_MS - 1);
      assert.equal(await listed(reader), 2);
      assert.equal(reader.stats().fills, 0, "it had seen the second change for less than the lag");
      await clock.advance(LAG_MS);
      const reads = master.reads;
      await listed(reader);
      await listed(reader);
      assert.equal(master.reads, reads + 1);
    });

    it("close() does not wait for the lag", async () => {
      const { clock, process } = world(make);
      const table = process();
      await table.replaceValue("a", { n: 1 });
      await table.close();
      assert.equal(clock.waiting, 0);
    });

    it("gives a reader who asks when the lag is over no read that began before, and shares the next", async () => {
      const { clock, master, process } = world(make);
      const table = process();
      await table.replaceValue("a", { n: 1 });
      await clock.advance(LAG_MS - 1);
      const release = master.hold();
      const early = listed(table);
      await settle();
      await clock.advance(1);
      const late = [listed(table), listed(table), listed(table)];
      await settle();
      release();
      assert.equal(await early, 0);
      assert.deepEqual(await Promise.all(late), [1, 1, 1]);
      assert.equal(master.reads, 2);
    });

    it("tells whoever keeps what it answers: onUnsettled, of rows, a row, some row, and a count", async () => {
      const { clock, process } = world(make);
      const table = process();
      const told: string[] = [];
      const read = async (): Promise<void> => {
        await table.listValues({ onUnsettled: () => told.push("list") });
        await table.getValue("a", { onUnsettled: () => told.push("get") });
        await table.getSomeValue({ onUnsettled: () => told.push("some") });
        await table.getCount({ onUnsettled: () => told.push("count") });
        await Array.fromAsync(table.streamValues({ onUnsettled: () => told.push("stream") }));
      };
      await table.replaceValue("a", { n: 1 });
      await read();
      assert.deepEqual(told.splice(0), ["list", "get", "some", "count", "stream"]);
      await clock.advance(LAG_MS);
      await read();
      await read();
      assert.deepEqual(told, []);
    });

    it("a LiveTable over it keeps nothing that was read within the lag, however many there are", async () => {
      const { clock, process } = world(make);
      const inner = process();
      const middle = new LiveTable(inner, "middle", make(), { clock });
      const outer = new LiveTable(middle, "outer", make(), { clock });
      await outer.replaceValue("a", { n: 1 });
      for (const table of [outer, middle, outer]) {
        assert.equal(await listed(table), 0);
        assert.equal((await table.getValue("a"))?.n, 0);
      }
      await clock.advance(LAG_MS);
      for (const table of [outer, middle, outer]) {
        assert.equal(await listed(table), 1);
        assert.equal((await table.getValue("a"))?.n, 1);
      }
      assert.ok(outer.stats().hits >= 2);
    });

    it("a LiveTable over it gives nobody who asks after the lag what was read within it", async () => {
      const { clock, master, process } = world(make);
      const outer = new LiveTable(process(), "outer", make(), { clock });
      await outer.replaceValue("a", { n: 1 });
      await clock.advance(LAG_MS - 1);
      const release = master.hold();
      const early = listed(outer);
      await settle();
      await clock.advance(1);
      const late = listed(outer);
      await settle();
      release();
      assert.deepEqual([await early, await late], [0, 1]);
    });

    it("a table of functions passes on what its source says is unsettled", async () => {
      let unsettled = true;
      const source = defineTable({
        name: "t",
        capabilities: { where: [] },
        list: ({ onUnsettled }) => {
          if (unsettled) onUnsettled?.();
          return [["a", { n: unsettled ? 0 : 1 }]] as const;
        },
      });
      const table = new LiveTable(source, "t", make());
      assert.equal(await listed(table), 0);
      assert.equal((await table.where({ n: 0 }).listValues()).size, 1);
      unsettled = false;
      assert.equal(await listed(table), 1);
      assert.equal((await table.where({ n: 0 }).listValues()).size, 0);
      assert.equal((await table.where({ n: 0 }).listValues()).size, 0);
      assert.equal(table.stats().hits, 1);
    });
  });
}

describe("LiveTable without masterLagMs", () => {
  it("answers with nothing unsettled, even if the answer was read while an invalidation passed", async () => {
    const clock = new FakeClock();
    const { table, master } = fixture({ clock });
    let unsettled = 0;
    const gate = master.plan.hold("listValues", "after");
    const read = table.listValues({ onUnsettled: () => unsettled++ });
    await gate.reached;
    await clock.advance(10);
    await table.invalidate();
    gate.release();
    await read;
    assert.deepEqual([unsettled, master.plan.count("listValues")], [0, 1]);
    await table.close();
  });
});

describe("LiveTable with masterLagMs and a failing cache", () => {
  it("knows of its own change though the cache never dropped, and is unsettled while it has no fence", async () => {
    const { clock, master } = world();
    const cache = new FaultyCache(new MemCache());
    const table = new LiveTable(master.table, "t", cache, { invalidation: "all", clock, masterLagMs: LAG_MS });
    await listed(table);
    await clock.advance(LAG_MS);
    cache.plan.fail("invalidatePrefix", new Error("disk full"), "before");
    await table.replaceValue("a", { n: 1 });
    let unsettled = 0;
    await table.listValues({ onUnsettled: () => unsettled++ });
    assert.equal(unsettled, 1);
    await clock.advance(2 * LAG_MS);
    for (let call = 0; call < 2; call++) cache.plan.fail("fence", new Error("busy"));
    await table.listValues({ onUnsettled: () => unsettled++ });
    assert.equal(unsettled, 2);
    await table.listValues();
    await clock.advance(LAG_MS);
    await table.listValues({ onUnsettled: () => unsettled++ });
    assert.equal(unsettled, 2);
    await table.close();
  });

  it("counts from the last of its changes, though the cache dropped for none of them", async () => {
    const { clock, master } = world();
    const cache = new FaultyCache(new MemCache());
    const table = new LiveTable(master.table, "t", cache, { invalidation: "all", clock, masterLagMs: LAG_MS });
    await listed(table);
    await clock.advance(LAG_MS);
    for (let call = 0; call < 50; call++) cache.plan.fail("invalidatePrefix", new Error("disk full"));
    await table.replaceValue("a", { n: 1 });
    await clock.advance(LAG_MS - 1);
    await table.replaceValue("a", { n: 2 });
    await clock.advance(LAG_MS - 1);
    let unsettled = 0;
    await table.listValues({ onUnsettled: () => unsettled++ });
    assert.equal(unsettled, 1);
    await clock.advance(1);
    await table.listValues({ onUnsettled: () => unsettled++ });
    assert.equal(unsettled, 1);
    await table.close();
  });

  it("looks at the scope after it has the fence of its read: what comes between is seen by the one or the other", async () => {
    const { clock, master, process } = world();
    const storage = new MemCache();
    const [mine, yours] = [new FaultyCache(storage), new FaultyCache(storage)];
    const reader = new LiveTable(master.table, "t", mine, { invalidation: "all", clock, masterLagMs: LAG_MS });
    const writer = new LiveTable(master.table, "t", yours, { invalidation: "all", clock, masterLagMs: LAG_MS });
    await listed(reader);
    await clock.advance(LAG_MS);
    const gate = mine.plan.hold("fence", "before");
    const read = listed(reader);
    await gate.reached;
    await settle();
    await writer.replaceValue("a", { n: 1 });
    gate.release();
    assert.equal(await read, 0);
    assert.equal(storage.size, 0, "it began within the lag of a change that its own fence is younger than");
    await Promise.all([reader.close(), writer.close(), process().close()]);
  });

  it("costs no call of the cache without the option", async () => {
    const { table, cache } = fixture();
    await table.listValues();
    assert.equal(cache.plan.count("fence"), 1);
    assert((await table.listValues()) instanceof Rows);
  });
});

describe("LiveTable with masterLagMs, for a hole that a lagging master has filled", () => {
  it("reads it again once the lag is over, and nothing else", async () => {
    const liveStream = new ManualLiveStream();
    const { table, master, clock } = fixture({ masterLagMs: LAG_MS, liveStream });
    await settle();
    await table.listValues();
    await clock.advance(LAG_MS);
    await table.listValues(); // From now on it is known what a read includes.
    await table.patchValue("b", { price: 4 });
    await master.patchValue("a", { price: 9 });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    await table.listValues();
    await clock.advance(2 * LAG_MS);
    const { rowsReceived } = table.stats();
    assert.equal((await table.listValues()).get("a")?.price, 9);
    assert.equal(table.stats().rowsReceived - rowsReceived, 1);
    await table.close();
  });
});
