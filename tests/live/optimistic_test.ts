import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  defineTable,
  type LiveObserver,
  LiveTable,
  type LiveTableOptions,
  ManualLiveStream,
  MemCache,
  MemOutbox,
  MemTable,
  NoCache,
  NotFoundError,
  type Outbox,
  OutboxError,
  RejectedError,
  type Row,
  Rows,
  type TableLike,
  UnavailableError,
} from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { BAKERY, CACHES, fixture, shown } from "./fixture.ts";

const KINDS = [...CACHES, { kind: "no cache", cache: () => new NoCache() }];

/** One write is sent after the other, so that one that is held holds all others. */
const optimistic: LiveTableOptions = { optimistic: true, writeConcurrency: 1 };

function priceIn(observer: LiveObserver): unknown {
  return observer.getSnapshot().rows?.get("a")?.price;
}

function pendingIn(observer: LiveObserver): string[] {
  return [...observer.getSnapshot().pending];
}

/** An outbox that marks no write as failed before the gate is opened. */
function outboxThatHoldsFailures(): { readonly gate: PromiseWithResolvers<void>; readonly outbox: Outbox } {
  const gate = Promise.withResolvers<void>();
  const inner = new MemOutbox();
  const outbox: Outbox = new Proxy(inner, {
    get: (_, name) => {
      if (name !== "mark") return Reflect.get(inner, name);
      return async (...call: Parameters<Outbox["mark"]>) => {
        if (call[2].some((mark) => mark.kind === "failed")) await gate.promise;
        return inner.mark(...call);
      };
    },
  });
  return { gate, outbox };
}

for (const { kind, cache } of KINDS) {
  describe(`LiveTable with optimistic, and ${kind}`, () => {
    it("reads show a write as soon as it is accepted", async () => {
      const { table, master } = fixture(optimistic, cache());
      await shown(table);
      const gate = master.plan.hold("patchValue", "before");
      const write = table.patchValue("a", { price: 3 });
      assert.equal((await table.listValues()).get("a")?.price, 3);
      assert.equal((await table.getValue("a"))?.price, 3);
      assert.deepEqual((await table.where("price", "gt", 2).orderBy("name").listValues()).ids(), ["a", "c"]);
      await gate.reached;
      gate.release();
      await write;
      await table.close();
    });

    it("counts and windows show inserts and deletions", async () => {
      const { table, master } = fixture(optimistic, cache());
      await shown(table);
      assert.equal(await table.getCount(), 3);
      const gates = [master.plan.hold("insertValue", "before"), master.plan.hold("delete", "before")];
      const writes = [table.insertValue("d", { name: "Pie", price: 4 }), table.delete("a"), table.delete("b")];
      const window = await table.window(0, 10);
      assert.deepEqual(window.rows.ids(), ["c", "d"]);
      assert.equal(window.total, 2);
      assert.deepEqual((await table.listValues()).ids(), ["c", "d"]);
      assert.equal(await table.getCount(), 2);
      for (const gate of gates) gate.release();
      await Promise.all(writes);
      assert.equal(await table.getCount(), 2);
      assert.deepEqual((await table.listValues()).ids(), ["c", "d"]);
      await table.close();
    });

    it("getValue() answers with a row that is being inserted, without asking the master", async () => {
      const { table, master } = fixture(optimistic, cache());
      table.setOnline(false);
      const inserted = table.insertValue("d", { name: "Pie", price: 4 });
      const patched = table.patchValue("d", { price: 5 });
      let unsettled = 0;
      assert.deepEqual(await table.getValue("d", { onUnsettled: () => void unsettled++ }), { name: "Pie", price: 5 });
      assert.equal(await table.where("price", "lt", 5).getValue("d"), undefined);
      assert.equal(unsettled, 1);
      assert.equal(master.plan.count("getValue"), 1, "only for the set that it is not in");
      const deleted = table.delete("d");
      assert.equal(await table.getValue("d"), undefined);
      table.setOnline(true);
      await Promise.all([inserted, patched, deleted]);
      await table.close();
    });

    it("a write that is refused vanishes by itself", async () => {
      const { table, master } = fixture(optimistic, cache());
      const observer = await shown(table);
      const gate = master.plan.hold("patchValue", "before");
      master.plan.fail("patchValue", new RejectedError("no"));
      const first = table.patchValue("b", { price: 9 });
      const write = table.patchValue("a", { price: 3 });
      assert.equal(priceIn(observer), 3);
      assert.deepEqual(pendingIn(observer), ["b", "a"]);
      gate.release();
      await first;
      await assert.rejects(write, RejectedError);
      assert.equal(priceIn(observer), 2, "at once");
      assert.deepEqual(pendingIn(observer), []);
      assert.equal((await table.listValues()).get("a")?.price, 2);
      await table.close();
    });

    it("a write that is taken back vanishes, and one that waits for a place is not shown", async () => {
      const { table, master } = fixture({ ...optimistic, queueCapacity: 2 }, cache());
      const observer = await shown(table);
      const gate = master.plan.hold("patchValue", "before");
      void table.patchValue("b", { price: 9 });
      const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
      const waiting = table.enqueue({ kind: "delete", id: "c" });
      assert.equal(priceIn(observer), 3);
      assert(observer.getSnapshot().rows?.has("c"));
      write.cancel();
      assert.equal(priceIn(observer), 2);
      assert(!observer.getSnapshot().rows?.has("c"), "it has the place now");
      gate.release();
      await waiting.applied;
      await table.close();
    });

    it("what comes meanwhile stays: a write is replayed over the newest rows that are held", async () => {
      const { table, master, another } = fixture(optimistic, cache());
      const other = another();
      const observer = await shown(table);
      const gate = master.plan.hold("patchValue", "before");
      master.plan.fail("patchValue", new RejectedError("no"));
      const first = table.patchValue("b", { price: 9 });
      const write = table.patchValue("a", { price: 3 });
      await master.replaceValue("a", { name: "Bagel", price: 2 });
      await other.invalidate();
      await settle();
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), { name: "Bagel", price: 3 });
      gate.release();
      await first;
      await assert.rejects(write, RejectedError);
      await settle();
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), { name: "Bagel", price: 2 });
      await Promise.all([table.close(), other.close()]);
    });

    it("watchers get one snapshot for each step, none of them synchronously, and rows keep their identity", async () => {
      const { table, master } = fixture(optimistic, cache());
      const observer = await shown(table);
      const before = observer.getSnapshot();
      let calls = 0;
      observer.subscribe(() => void calls++);
      await settle();
      const gate = master.plan.hold("patchValue", "before");
      const write = table.patchValue("a", { price: 3 });
      assert.equal(calls, 0);
      const pending = observer.getSnapshot();
      assert.equal(observer.getSnapshot(), pending);
      assert.equal(pending.revision, before.revision + 1);
      assert.equal(pending.rows?.get("b"), before.rows?.get("b"));
      assert.deepEqual([...pending.pending], ["a"]);
      assert(Object.isFrozen(pending.pending));
      await settle();
      assert.equal(calls, 1);
      gate.release();
      await write;
      await settle();
      const after = observer.getSnapshot();
      assert.equal(after.rows, pending.rows, "the master has answered with the same row");
      assert.equal(after.pending, before.pending);
      await table.close();
    });

    for (const choosesIds of [true, false]) {
      const whose = choosesIds
        ? "that which was made for it"
        : "the master's, once that is known, and never under both";
      it(`a row that is inserted under a new id stands under ${whose}`, async () => {
        const master = choosesIds ? new MemTable("t", { rows: BAKERY }) : givingIds();
        const table = new LiveTable(master, "t", cache(), optimistic);
        const observer = await shown(table);
        const cells: string[] = [];
        const sample = (): void => {
          const { rows, pending } = observer.getSnapshot();
          const others = rows?.ids().filter((id) => !["a", "b", "c"].includes(id)) ?? [];
          const cell = `${others.join(" and ")}${pending.size > 0 ? " pending" : ""}`;
          if (cells.at(-1) !== cell) cells.push(cell);
        };
        const write = table.enqueue({ kind: "insertReturnId", row: { name: "Pie", price: 4 } });
        const madeId = String(write.rowId);
        await everyTurn(sample);
        const id = String(await write.applied);
        await everyTurn(sample);
        assert.deepEqual(cells, [`${madeId} pending`, id]);
        assert.equal(id === madeId, choosesIds);
        await table.close();
      });
    }

    it("a later write to a row that was given another id goes to that one", async () => {
      const table = new LiveTable(givingIds(), "t", cache(), optimistic);
      const observer = await shown(table);
      const write = table.enqueue({ kind: "insertReturnId", row: { name: "Pie", price: 4 } });
      const later = table.enqueue({ kind: "patch", id: String(write.rowId), partial: { price: 5 } });
      const prices = new Set<unknown>();
      const sample = (): void => {
        for (const row of observer.getSnapshot().rows?.values() ?? []) if (row.name === "Pie") prices.add(row.price);
      };
      await write.applied;
      sample();
      assert.deepEqual(prices, new Set([5]));
      await later.applied.catch(() => {});
      await table.close();
    });

    it("instant#1254: a patch of a row that was deleted elsewhere is taken back, told, and brings nothing back", async () => {
      const { table, master } = fixture(optimistic, cache());
      const observer = await shown(table);
      await master.delete("a");
      const gate = master.plan.hold("patchValue", "before");
      const write = table.patchValue("a", { price: 3 });
      assert.equal(priceIn(observer), 3);
      await table.invalidate();
      await settle();
      assert.equal(priceIn(observer), undefined, "it is not invented");
      assert.equal(await table.getValue("a"), undefined);
      gate.release();
      await assert.rejects(write, NotFoundError);
      await settle();
      assert.equal(priceIn(observer), undefined);
      await table.close();
    });

    it("TanStack/db#1374: a read that began before a write does not flip it back", async () => {
      const { table, master } = fixture(optimistic, cache());
      const observer = await shown(table);
      await table.patchValue("a", { price: 3 });
      const cells: unknown[] = [];
      const sample = (): void => void cells.push(priceIn(observer));
      const read = master.plan.hold("listValues");
      await table.invalidate();
      const reading = table.listValues();
      await read.reached;
      await table.patchValue("a", { price: 4 });
      sample();
      await everyTurn(sample, () => read.release());
      cells.push((await reading).get("a")?.price);
      await everyTurn(sample);
      assert.deepEqual(new Set(cells), new Set([4]));
      await table.close();
    });

    it("TanStack/db#650, #1561: of two writes to one row, none goes back while the next is confirmed", async () => {
      const stream = new ManualLiveStream();
      const { table, master } = fixture({ ...optimistic, liveStream: stream }, cache());
      const observer = await shown(table);
      const cells: unknown[] = [];
      const sample = (): void => void cells.push(priceIn(observer));
      const gates = [master.plan.hold("patchValue"), master.plan.hold("patchValue")];
      const writes = [table.patchValue("a", { price: 3 }), table.patchValue("a", { price: 4 })];
      sample();
      for (const [index, gate] of gates.entries()) {
        await gate.reached;
        await everyTurn(sample, () => gate.release());
        await writes[index];
        await everyTurn(sample);
      }
      // The echo of the first comes after that of the second, and twice.
      for (const price of [4, 3, 3]) {
        await everyTurn(sample, () => void stream.push({ kind: "updated", id: "a", row: { name: "Bun", price } }));
      }
      assert.deepEqual(new Set(cells), new Set([4]));
      await table.close();
    });

    it("what others have changed since a write was sent stays when its answer comes", async () => {
      const liveStream = new ManualLiveStream();
      const { table, master } = fixture({ ...optimistic, liveStream }, cache());
      const observer = await shown(table);
      const cells: string[] = [];
      const sample = (): void => void cells.push(textOf(observer.getSnapshot().rows?.get("a")));
      const gate = master.plan.hold("patchValue");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      await master.patchValue("a", { name: "Bagel" });
      await everyTurn(() => {}, () => void liveStream.push({ kind: "updated", id: "a" }));
      const reread = master.plan.hold("listValues");
      await everyTurn(sample, () => gate.release());
      await write;
      await everyTurn(sample, () => reread.release());
      assert.deepEqual(new Set(cells), new Set([textOf({ name: "Bagel", price: 3 })]));
      await table.close();
    });

    it("a row that a write brings onto a page stays there until the page is read again", async () => {
      const { table, master } = fixture(optimistic, cache());
      await shown(table);
      const dearest = await shown(table.orderBy("price", "desc").page(1, 2));
      const cells: string[] = [];
      const sample = (): void => void cells.push(`${dearest.getSnapshot().rows?.ids()}`);
      const gate = master.plan.hold("patchValue");
      const write = table.patchValue("b", { price: 9 });
      await gate.reached;
      const rereads = [master.plan.hold("listValues"), master.plan.hold("listValues")];
      await everyTurn(sample, () => gate.release());
      await write;
      await everyTurn(sample, () => rereads.forEach((reread) => reread.release()));
      assert.deepEqual(new Set(cells), new Set(["b,c"]));
      await table.close();
    });

    it("the columns of a list that the answer of a write lacks stay", async () => {
      const master = new FaultyTable(listsWithShops());
      const table = new LiveTable(master, "products", cache(), optimistic);
      const observer = await shown(table);
      const cells: string[] = [];
      const sample = (): void => void cells.push(textOf(observer.getSnapshot().rows?.get("a")));
      const gate = master.plan.hold("patchValue");
      const write = table.patchValue("a", { price: 3 });
      await gate.reached;
      const reread = master.plan.hold("listValues");
      await everyTurn(sample, () => gate.release());
      await write;
      await everyTurn(sample, () => reread.release());
      assert.deepEqual(new Set(cells), new Set([textOf({ name: "Bun", price: 3, shop: "Riga" })]));
      await table.close();
    });

    it("omamail#126: taking back the first of two writes leaves the effect of the second", async () => {
      const { table, master } = fixture(optimistic, cache());
      const observer = await shown(table);
      const gate = master.plan.hold("patchValue", "before");
      master.plan.fail("patchValue", new RejectedError("no"));
      void table.patchValue("b", { price: 9 });
      const refused = table.patchValue("a", { price: 3 });
      const kept = table.patchValue("a", { name: "Bagel" });
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), { name: "Bagel", price: 3 });
      const held = master.plan.hold("patchValue", "before");
      gate.release();
      await assert.rejects(refused, RejectedError);
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), { name: "Bagel", price: 2 });
      held.release();
      await kept;
      await settle();
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), { name: "Bagel", price: 2 });
      await table.close();
    });

    for (let outcomes = 0; outcomes < 8; outcomes++) {
      const refused = ["insertValue", "patchValue", "delete"] as const;
      const names = refused.filter((_, index) => (outcomes & (1 << index)) > 0);
      it(`figbird#85: create, patch and delete of one row end as the master says, refused: ${names.join(", ") || "none"}`, async () => {
        const { table, master } = fixture(optimistic, cache());
        const observer = await shown(table);
        const gate = master.plan.hold("replaceValue", "before");
        for (const name of names) master.plan.fail(name, new RejectedError("no"));
        const cells: string[] = [];
        const sample = (): void => void cells.push(textOf(observer.getSnapshot().rows?.get("d")));
        const writes = [
          table.replaceValue("b", { name: "Roll", price: 1 }),
          table.insertValue("d", { price: 1 }),
          table.patchValue("d", { price: 2 }),
          table.delete("d"),
        ];
        sample();
        await everyTurn(sample, () => gate.release());
        await Promise.allSettled(writes);
        await everyTurn(sample);
        const expected = textOf(await master.getValue("d"));
        assert.equal(cells.at(-1), expected);
        // It is gone until its deletion is refused.
        assert.deepEqual(new Set([...cells, "none", expected]), new Set(["none", expected]));
        await table.close();
      });
    }

    it("WatermelonDB#649: the echo of an older state does not bring back a row that was deleted later", async () => {
      const stream = new ManualLiveStream();
      const { table, master } = fixture({ ...optimistic, liveStream: stream }, cache());
      const observer = await shown(table);
      const cells: unknown[] = [];
      const sample = (): void => void cells.push(observer.getSnapshot().rows?.has("d"));
      await table.insertValue("d", { price: 1 });
      await settle();
      const gate = master.plan.hold("delete", "before");
      const write = table.delete("d");
      sample();
      await everyTurn(sample, () => void stream.push({ kind: "inserted", id: "d", row: { price: 1 } }));
      await everyTurn(sample, () => gate.release());
      await write;
      await everyTurn(sample, () => void stream.push({ kind: "updated", id: "d", row: { price: 1 } }));
      assert.deepEqual(new Set(cells), new Set([false]));
      await table.close();
    });
  });
}

/** Does something, and samples in each microtask until nothing is pending that needs no time. */
async function everyTurn(sample: () => void, act: () => void = () => {}): Promise<void> {
  act();
  for (let macrotask = 0; macrotask < 5; macrotask++) {
    for (let turn = 0; turn < 100; turn++) {
      sample();
      await Promise.resolve();
    }
    await settle();
  }
  sample();
}

function textOf(row: Row | undefined): string {
  return row === undefined ? "none" : JSON.stringify(row);
}

/** A table that gives its rows ids of its own choice. */
function givingIds(): TableLike {
  const rows = new Map(BAKERY);
  return defineTable({
    name: "t",
    list: () => Rows.from(rows),
    patch: (id, partial) => {
      const row = { ...rows.get(id), ...partial };
      rows.set(id, row);
      return row;
    },
    insertReturnId: (row) => {
      rows.set("given", row);
      return "given";
    },
  });
}

/** A table whose lists have a column more than its rows. */
function listsWithShops(): TableLike {
  const rows = new Map(BAKERY);
  return defineTable({
    name: "t",
    list: () => Rows.from([...rows].map(([id, row]) => [id, { ...row, shop: "Riga" }])),
    get: (id) => rows.get(id),
    patch: (id, partial) => {
      const row = { ...rows.get(id), ...partial };
      rows.set(id, row);
      return row;
    },
  });
}

/** A table over replicas that lag behind its writes. Each of them answers as the master was a while ago. */
function lagging(clock: FakeClock, lagMs: number): TableLike {
  const states: { at: number; rows: ReadonlyMap<string, Row> }[] = [{ at: -lagMs, rows: new Map(BAKERY) }];
  const newest = (): ReadonlyMap<string, Row> => states.at(-1)?.rows ?? new Map();
  const seen = (): ReadonlyMap<string, Row> =>
    states.findLast(({ at }) => at <= clock.monotonic() - lagMs)?.rows ?? new Map();
  const write = (id: string, row: Row | undefined): void => {
    const rows = new Map(newest());
    if (row === undefined) rows.delete(id);
    else rows.set(id, row);
    states.push({ at: clock.monotonic(), rows });
  };
  return defineTable({
    name: "products",
    list: () => Rows.from(seen()),
    patch: (id, partial) => {
      const row = { ...newest().get(id), ...partial };
      write(id, row);
      return row;
    },
    insert: (id, row) => {
      write(id, row);
      return row;
    },
    delete: (id) => write(id, undefined),
  });
}

describe("LiveTable with optimistic, over replicas that lag", () => {
  const masterLagMs = 100;

  for (const { kind, cache } of KINDS) {
    it(`powersync-sqlite-core#54: a row never goes back until the replicas have it, with ${kind}`, async () => {
      const clock = new FakeClock();
      const liveStream = new ManualLiveStream();
      const options = { clock, masterLagMs, liveStream, optimistic: true };
      const table = new LiveTable(lagging(clock, masterLagMs), "products", cache(), options);
      await clock.advance(1_000);
      const observer = await shown(table);
      const cells: string[] = [];
      const sample = (): void => {
        const { rows } = observer.getSnapshot();
        cells.push(`${rows?.get("a")?.price}${rows?.has("b") ? "b" : ""}${rows?.has("d") ? "d" : ""}`);
      };
      assert.equal(await table.getCount(), 3);
      const writes = [
        table.patchValue("a", { price: 3 }),
        table.delete("b"),
        table.insertValue("d", { price: 1 }),
        table.insertValue("e", { price: 1 }),
      ];
      sample();
      await everyTurn(sample);
      await Promise.all(writes);
      for (let step = 0; step < 15; step++) {
        // Something makes all that is held be read again, in which the replicas lag.
        await everyTurn(
          sample,
          () => void (step % 3 === 0 ? table.invalidate() : liveStream.push({ kind: "updated", id: "a" })),
        );
        const rows = await table.listValues();
        cells.push(`${rows.get("a")?.price}${rows.has("b") ? "b" : ""}${rows.has("d") ? "d" : ""}`);
        assert.equal((await table.getValue("a"))?.price, 3);
        assert.equal(await table.getValue("b"), undefined);
        assert.equal(await table.getCount(), 4);
        assert.equal((await table.window(0, 10)).total, 4);
        await clock.advance(20);
      }
      assert.deepEqual(new Set(cells), new Set(["3d"]));
      await table.close();
    });
  }

  for (const { kind, cache } of KINDS) {
    it(`one cell, seen by watchers and by readers of all kinds, goes only forward through all that happens, with ${kind}`, async () => {
      const clock = new FakeClock();
      const liveStream = new ManualLiveStream();
      const master = new FaultyTable(lagging(clock, masterLagMs));
      const options = { ...optimistic, clock, masterLagMs, liveStream };
      const table = new LiveTable(master, "products", cache(), options);
      await clock.advance(1_000);
      const [whole, part] = [await shown(table), await shown(table.where("price", "lt", 5).orderBy("name"))];
      const seen: string[] = [];
      const see = (row: Row | undefined): void => {
        const cell = row === undefined ? "none" : `${row.name} ${row.price}`;
        if (seen.at(-1) !== cell) seen.push(cell);
      };
      const sample = (): void => {
        for (const observer of [whole, part]) see(observer.getSnapshot().rows?.get("a"));
        const peeked = table.peek();
        if (peeked !== undefined) see(peeked.get("a"));
      };
      const read = (): void => {
        void table.listValues().then((rows) => see(rows.get("a")));
        void table.getValue("a").then(see);
        void table.window(0, 2).then(({ rows }) => see(rows.get("a")));
      };
      const happens = async (act: () => void): Promise<void> => {
        read();
        await everyTurn(sample, act);
        read();
        await everyTurn(sample);
      };
      const echo = (row: Row): void => void liveStream.push({ kind: "updated", id: "a", row });

      const early = master.plan.hold("listValues");
      await happens(() => void table.refresh());
      await early.reached;
      const first = master.plan.hold("patchValue", "before");
      master.plan.fail("patchValue", new RejectedError("no"));
      const [second, third] = [master.plan.hold("patchValue", "before"), master.plan.hold("patchValue", "before")];
      void table.patchValue("b", { price: 1 });
      const refused = table.patchValue("a", { name: "Bagel" });
      const failed = assert.rejects(refused, RejectedError);
      const kept = [table.patchValue("a", { price: 3 }), table.patchValue("a", { price: 4 })];
      await happens(() => {});
      await happens(() => early.release()); // a read that began before all of them
      await happens(() => first.release());
      await failed;
      await happens(() => second.release());
      await third.reached;
      await happens(() => echo({ name: "Bun", price: 3 })); // an echo, while the next write is in flight
      await happens(() => third.release());
      await Promise.all(kept);
      await happens(() => echo({ name: "Bun", price: 4 }));
      await happens(() => echo({ name: "Bun", price: 3 })); // out of order, and twice
      await happens(() => echo({ name: "Bun", price: 3 }));
      for (let step = 0; step < 8; step++) {
        await happens(() => void table.invalidate());
        await clock.advance(masterLagMs / 5);
      }
      await happens(() => {});
      assert.deepEqual(seen, ["Bun 2", "Bagel 4", "Bun 4"]);
      assert.deepEqual(pendingIn(whole), []);
      await table.close();
    });
  }

  it("shows a later write on top of an answer that lacks an earlier one", async () => {
    const clock = new FakeClock();
    const table = new LiveTable(lagging(clock, masterLagMs), "products", new NoCache(), {
      clock,
      masterLagMs,
      optimistic: true,
    });
    await clock.advance(1_000);
    const observer = await shown(table);
    await table.patchValue("a", { price: 3 });
    await table.invalidate();
    await settle();
    await clock.advance(99);
    assert.equal(priceIn(observer), 3);
    const write = table.patchValue("b", { price: 9 });
    assert.equal(priceIn(observer), 3);
    await write;
    await clock.advance(50);
    assert.equal(priceIn(observer), 3);
    assert.equal(observer.getSnapshot().rows?.get("b")?.price, 9);
    await table.close();
  });
});

describe("LiveTable with optimistic", () => {
  it("shows nothing before it is confirmed unless it is asked to", async () => {
    const { table, master } = fixture();
    const observer = await shown(table);
    const gate = master.plan.hold("patchValue", "before");
    const write = table.patchValue("a", { price: 3 });
    assert.equal((await table.listValues()).get("a")?.price, 2);
    assert.equal(priceIn(observer), 2);
    assert.deepEqual(pendingIn(observer), []);
    gate.release();
    await write;
    await table.close();
  });

  it("refuses what is neither true nor false", () => {
    assert.throws(() => Reflect.construct(LiveTable, [new MemTable("t"), "t", new MemCache(), { optimistic: 1 }]), {
      name: "TypeError",
      message: "optimistic must be true or false, got number 1",
    });
  });

  it("peek() shows what is accepted, and answers with the same rows until something changes", async () => {
    const { table, master } = fixture(optimistic);
    await table.listValues();
    const gate = master.plan.hold("patchValue", "before");
    const write = table.patchValue("a", { price: 3 });
    assert.equal(table.peek()?.get("a")?.price, 3);
    assert.equal(table.peek(), table.peek());
    assert.equal(await table.listValues(), await table.listValues());
    gate.release();
    await write;
    await table.close();
  });

  it("a table over it keeps nothing that was not confirmed", async () => {
    const { table, master } = fixture(optimistic);
    await using outer = new LiveTable(table, "outer", new MemCache());
    const gate = master.plan.hold("patchValue", "before");
    master.plan.fail("patchValue", new RejectedError("no"));
    const first = table.patchValue("b", { price: 9 });
    const write = table.patchValue("a", { price: 3 });
    assert.equal((await outer.listValues()).get("a")?.price, 3);
    gate.release();
    await first;
    await assert.rejects(write, RejectedError);
    assert.equal((await outer.listValues()).get("a")?.price, 2);
    await table.close();
  });

  it("law 9: what a reader does to the dates of a pending write changes nothing", async () => {
    const { table, master } = fixture(optimistic);
    const at = new Date(5);
    await table.listValues();
    const gate = master.plan.hold("insertValue", "before");
    const write = table.insertValue("d", { at });
    const observer = await shown(table);
    const reads: readonly (() => Promise<Row | undefined>)[] = [
      async () => (await table.listValues()).get("d"),
      () => table.getValue("d"),
      () => Promise.resolve(table.peek()?.get("d")),
      () => Promise.resolve(observer.getSnapshot().rows?.get("d")),
    ];
    at.setTime(7);
    for (const read of reads) (await read().then((row) => row?.at as Date)).setTime(6); // As it was written.
    for (const read of reads.slice(0, 3)) assert.deepEqual((await read())?.at, new Date(5));
    gate.release();
    await write;
    assert.deepEqual((await master.getValue("d"))?.at, new Date(5));
    await table.close();
  });

  it("law 12: a write of unknown outcome is shown until the master has been asked", async () => {
    const { table, master } = fixture(optimistic);
    const observer = await shown(table);
    const cells: unknown[] = [];
    const sample = (): void => void cells.push(priceIn(observer));
    master.plan.fail("patchValue", new Error("connection lost"), "after");
    const write = table.patchValue("a", { price: 3 });
    const failed = assert.rejects(write, /connection lost/);
    await everyTurn(sample);
    await failed;
    await everyTurn(sample);
    assert.deepEqual(new Set(cells), new Set([3]));
    await table.close();
  });

  it("law 12: a write that is tried again stays shown, and pending, until it is applied", async () => {
    const { table, master, clock } = fixture({ ...optimistic, retry: {} });
    const observer = await shown(table);
    const cells: string[] = [];
    const sample = (): void => {
      const cell = `${priceIn(observer)} ${pendingIn(observer)}`;
      if (cells.at(-1) !== cell) cells.push(cell);
    };
    for (let attempt = 0; attempt < 3; attempt++) master.plan.fail("patchValue", new UnavailableError("no answer"));
    const write = table.patchValue("a", { price: 3 });
    for (let pause = 0; pause < 20; pause++) {
      await everyTurn(sample);
      await clock.advance(10_000);
    }
    await write;
    assert.equal(master.plan.count("patchValue"), 4);
    assert.deepEqual(cells, ["3 a", "3 "]);
    await table.close();
  });

  it("law 12: a write of unknown outcome stays over the answer of a read that began before the doubt", async () => {
    const { gate, outbox } = outboxThatHoldsFailures();
    const { table, master } = fixture({ ...optimistic, outbox });
    const observer = await shown(table);
    const cells: unknown[] = [];
    const sample = (): void => {
      if (priceIn(observer) !== cells.at(-1)) cells.push(priceIn(observer));
    };
    const reading = master.plan.hold("listValues", "after");
    const invalidated = table.invalidate();
    await reading.reached;
    master.plan.fail("patchValue", new Error("connection lost"), "after");
    const failed = assert.rejects(table.patchValue("a", { price: 3 }), /connection lost/);
    await everyTurn(sample);
    const readings = [master.plan.hold("listValues", "before"), master.plan.hold("getValue", "before")];
    reading.release();
    await invalidated;
    await everyTurn(sample);
    gate.resolve();
    await failed;
    assert.deepEqual(pendingIn(observer), []);
    await everyTurn(sample);
    for (const held of readings) held.release();
    await everyTurn(sample);
    assert.deepEqual(cells, [2, 3]);
    await table.close();
  });

  it("an answer with a row that was inserted after its read began is unsettled, if only the master knows the row", async () => {
    const { table, master } = fixture(optimistic);
    await table.listValues();
    const gate = master.plan.hold("listValues", "after");
    let unsettled = 0;
    const reading = table.listValues({ fresh: true, onUnsettled: () => void unsettled++ });
    await gate.reached;
    const id = await table.insertReturnIdValue({ name: "Pie", price: 4 }); // The answer is the id alone.
    gate.release();
    assert.equal((await reading).get(id)?.price, 4);
    assert(unsettled > 0);
    await table.close();
  });

  it("a page that lacks a row which was deleted after its read began is unsettled: what comes next is not known", async () => {
    const { table, master } = fixture(optimistic);
    const page = table.page(1, 2);
    await page.listValues();
    const gate = master.plan.hold("listValues", "after");
    let unsettled = 0;
    const reading = page.listValues({ fresh: true, onUnsettled: () => void unsettled++ });
    await gate.reached;
    await table.delete("a");
    gate.release();
    assert.deepEqual((await reading).ids(), ["b"]);
    assert(unsettled > 0);
    assert.deepEqual((await page.listValues({ onUnsettled: () => assert.fail() })).ids(), ["b", "c"]);
    await table.close();
  });

  it("law 12: a write that was in doubt, and is then refused, vanishes", async () => {
    const { table, master, clock } = fixture({ ...optimistic, retry: {} });
    const observer = await shown(table);
    master.plan.fail("patchValue", new UnavailableError("no answer"));
    master.plan.fail("patchValue", new RejectedError("no"));
    const write = table.patchValue("a", { price: 3 });
    const failed = assert.rejects(write, RejectedError);
    await settle();
    assert.equal(priceIn(observer), 3);
    await clock.advance(60_000);
    await failed;
    assert.equal(priceIn(observer), 2);
    assert.deepEqual(pendingIn(observer), []);
    await table.close();
  });

  it("law 12: an answer with a write of unknown outcome, whose read began before, is unsettled", async () => {
    const { table, master } = fixture(optimistic);
    await table.listValues();
    const gate = master.plan.hold("listValues", "after");
    let unsettled = 0;
    const reading = table.listValues({ fresh: true, onUnsettled: () => void unsettled++ });
    await gate.reached;
    master.plan.fail("patchValue", new UnavailableError("no answer", { effect: "unknown" }));
    await assert.rejects(table.patchValue("a", { price: 3 }), UnavailableError);
    gate.release();
    assert.equal((await reading).get("a")?.price, 3);
    assert(unsettled > 0);
    await table.close();
  });

  it("law 12: a write that was in doubt, and is then refused, is not in the answer of a read that began before the doubt", async () => {
    const { table, master, clock } = fixture({ ...optimistic, retry: {} });
    await table.listValues();
    const gate = master.plan.hold("listValues", "after");
    const reading = table.listValues({ fresh: true });
    await gate.reached;
    master.plan.fail("patchValue", new UnavailableError("no answer"));
    master.plan.fail("patchValue", new RejectedError("no"));
    const failed = assert.rejects(table.patchValue("a", { price: 3 }), { name: "RejectedError", effect: "none" });
    await settle();
    await clock.advance(60_000);
    await failed;
    gate.release();
    assert.equal((await reading).get("a")?.price, 2);
    await table.close();
  });

  it("a row that is patched through a set of which only the master knows what is in it is shown", async () => {
    const rows = new Map<string, Row>([["a", { city: "Riga", price: 2 }]]);
    const master = defineTable({
      name: "t",
      capabilities: { where: ["eq"], exact: false },
      list: () => Rows.from(rows), // as one that does not look at the case of letters
      patch: () => new Promise<Row>(() => {}),
    });
    const set = new LiveTable(master, "t", new MemCache(), optimistic).where("city", "eq", "riga");
    await set.listValues();
    void set.patchValue("a", { price: 3 });
    assert.deepEqual((await set.listValues()).get("a"), { city: "Riga", price: 3 });
  });

  it("a row that is written without the column of its id is shown with it", async () => {
    const master = new FaultyTable(new MemTable("t", { idField: "id" }));
    const table = new LiveTable(master, "t", new MemCache(), optimistic);
    const gate = master.plan.hold("insertValue", "before");
    const write = table.insertValue("d", { price: 1 });
    assert.deepEqual(await table.getValue("d"), { id: "d", price: 1 });
    gate.release();
    assert.deepEqual(await write, { id: "d", price: 1 });
    await table.close();
  });

  it("writes that an earlier process has left in the outbox are shown, also to watchers", async () => {
    const outbox = new MemOutbox();
    const master = new MemTable("products", { rows: BAKERY });
    const clock = new FakeClock();
    const open = (): LiveTable => {
      const table = new LiveTable(master, "products", new MemCache(), { ...optimistic, outbox, clock });
      table.setOnline(false);
      return table;
    };
    const before = open();
    await before.enqueue({ kind: "patch", id: "a", partial: { price: 3 } }).accepted;
    const inserted = before.enqueue({ kind: "insertReturnId", row: { name: "Pie", price: 4 } });
    await inserted.accepted;
    await before.close();

    const after = open();
    await settle();
    const observer = await shown(after);
    assert.equal(priceIn(observer), 3);
    assert.deepEqual(pendingIn(observer), ["a", String(inserted.rowId)]);
    assert.equal(await after.getCount(), 3 + 1);
    after.setOnline(true);
    await after.idle();
    await settle();
    assert.deepEqual(pendingIn(observer), []);
    assert.equal((await master.getValue("a"))?.price, 3);
    assert.equal(await after.getCount(), 3 + 1);
    await after.close();
  });

  it("a write does not stay pending in an observer without listeners, however many there are", async () => {
    const { table, master } = fixture(optimistic, new NoCache());
    const observer = table.observe();
    await observer.ready();
    const gate = master.plan.hold("patchValue", "before");
    const write = table.patchValue("a", { price: 3 });
    assert.deepEqual(pendingIn(observer), ["a"]);
    for (let price = 0; price < 150; price++) table.where("price", "gt", price).observe();
    gate.release();
    await write;
    assert.deepEqual(pendingIn(observer), []);
    await table.close();
  });

  it("hologram#951: a stored write to a set that the master does not take any more fails alone", async () => {
    const outbox = new MemOutbox();
    const rows = BAKERY;
    const before = new LiveTable(new MemTable("products", { rows }), "products", new MemCache(), { outbox });
    before.setOnline(false);
    const old = before.where("colour", "isNull").enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    const next = before.enqueue({ kind: "patch", id: "b", partial: { price: 3 } });
    await Promise.all([old.accepted, next.accepted]);
    await before.close();

    const master = new MemTable("products", { rows, columns: [{ name: "name" }, { name: "price" }] });
    const table = new LiveTable(master, "products", new MemCache(), { outbox, optimistic: true });
    await settle();
    await table.idle();
    assert.equal((await master.getValue("b"))?.price, 3);
    assert.deepEqual((await table.failedWrites()).map(({ id }) => id), [old.id]);
    await table.close();
  });

  it("a write that fails while it is stored is not shown, also if it cannot be stored", async () => {
    const gate = Promise.withResolvers<void>();
    const inner = new MemOutbox();
    const outbox: Outbox = new Proxy(inner, {
      get: (_, name) => {
        if (name !== "append") return Reflect.get(inner, name);
        return async (...[queue, writes]: Parameters<Outbox["append"]>) => {
          if (writes.some(({ op }) => op.kind === "insertReturnId")) return inner.append(queue, writes);
          await gate.promise;
          throw new OutboxError("it is full", { retriable: true });
        };
      },
    });
    const refusal = Promise.withResolvers<never>();
    const master = defineTable({ name: "products", list: () => BAKERY, insertReturnId: () => refusal.promise });
    const table = new LiveTable(master, "products", new MemCache(), { ...optimistic, outbox, clock: new FakeClock() });
    const insertion = table.enqueue({ kind: "insertReturnId", row: { name: "Pie" } });
    const failed = assert.rejects(insertion.applied, RejectedError);
    await insertion.when("sent");
    const follower = table.replaceValue(insertion.rowId ?? "", { price: 3 });
    await settle();
    refusal.reject(new RejectedError("no"));
    await Promise.all([failed, assert.rejects(follower, NotFoundError)]);
    gate.resolve();
    await settle();
    assert.deepEqual(table.pendingWrites(), []);
    assert.equal(await table.getValue(insertion.rowId ?? ""), undefined);
    assert.deepEqual((await table.listValues()).ids(), ["a", "b", "c"]);
    await table.close();
  });

  it("a write that the outbox has not stored yet is not shown", async () => {
    const outbox = new MemOutbox();
    const table = new LiveTable(new MemTable("products", { rows: BAKERY }), "products", new MemCache(), {
      ...optimistic,
      outbox,
    });
    table.setOnline(false);
    const observer = await shown(table);
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 3 } });
    assert.equal(priceIn(observer), write.state === "accepted" ? 3 : 2);
    await write.accepted;
    assert.equal(priceIn(observer), 3);
    table.setOnline(true);
    await table.close();
  });

  /** An outbox as processes share it, which has no room for the first write of the second. */
  function sharedOutbox(): { readonly outbox: Outbox; readonly withoutRoom: () => Outbox } {
    const inner = new MemOutbox();
    const as = (append: Outbox["append"]): Outbox =>
      new Proxy<Outbox>(inner, {
        get: (_, name) => {
          if (name === "shared") return true;
          if (name === "append") return append;
          const member: unknown = Reflect.get(inner, name);
          return typeof member === "function" ? member.bind(inner) : member;
        },
      });
    const append: Outbox["append"] = (...call) => inner.append(...call);
    const withoutRoom = (): Outbox => {
      let isFull = true;
      return as((...call) => {
        if (!isFull) return append(...call);
        isFull = false;
        throw new OutboxError("no room");
      });
    };
    return { outbox: as(append), withoutRoom };
  }

  it("shows writes in the order in which processes stored them, whatever their clocks say", async () => {
    const { outbox } = sharedOutbox();
    const { table: ahead } = fixture({ ...optimistic, outbox, clock: new FakeClock({ now: 60_000, seed: 2 }) });
    const { table: behind, clock } = fixture({ ...optimistic, outbox });
    for (const table of [ahead, behind]) table.setOnline(false);
    await ahead.enqueue({ kind: "patch", id: "a", partial: { price: 3, sold: 1 } }).accepted;
    await behind.enqueue({ kind: "patch", id: "a", partial: { price: 4 } }).accepted;
    await ahead.close();
    for (let turn = 0; turn < 8; turn++) await clock.advance(250);
    assert.equal(behind.pendingWrites().length, 2);
    assert.deepEqual(await behind.getValue("a"), { name: "Bun", price: 4, sold: 1 });
    behind.setOnline(true);
    await behind.close();
  });

  it("does not show a write above a later one of its row that another process has sent before it is answered", async () => {
    const { outbox, withoutRoom } = sharedOutbox();
    const { table: other, master, clock } = fixture({ outbox });
    const table = new LiveTable(master, "products", new MemCache(), { ...optimistic, outbox: withoutRoom(), clock });
    const pass = async (): Promise<void> => {
      for (let turn = 0; turn < 4; turn++) await clock.advance(250);
    };
    const observer = await shown(table);
    const busy = master.plan.hold("delete", "before");
    const removed = other.enqueue({ kind: "delete", id: "b" });
    await busy.reached;
    const gate = master.plan.hold("patchValue");
    const first = table.enqueue({ kind: "patch", id: "a", partial: { price: 3, sold: 1 } });
    await assert.rejects(first.accepted, OutboxError);
    await gate.reached;
    const second = table.enqueue({ kind: "patch", id: "a", partial: { price: 4 } });
    await second.accepted;
    for (let turn = 0; turn < 4; turn++) await pass();
    await second.applied;
    assert.equal(first.state, "sent");
    const bun = { name: "Bun", price: 4, sold: 1 };
    const check = async (): Promise<void> => {
      assert.deepEqual(await table.getValue("a"), bun);
      assert.deepEqual((await table.listValues()).get("a"), bun);
      assert.deepEqual(observer.getSnapshot().rows?.get("a"), bun);
    };
    await check();
    gate.release();
    await everyTurn(() => assert.deepEqual(observer.getSnapshot().rows?.get("a"), bun));
    await first.applied;
    await check();
    busy.release();
    await removed.applied;
    await table.close();
    await other.close();
  });

  it("the row of a write target is not taken for that of the master", async () => {
    const target = new MemTable("target", { rows: [["a", { name: "Bun", price: 2, secret: 1 }]] });
    const { table } = fixture({ ...optimistic, writeTarget: target });
    const observer = await shown(table);
    const seen = new Set<string>();
    const write = table.patchValue("a", { price: 3 });
    await everyTurn(() => seen.add(textOf(observer.getSnapshot().rows?.get("a"))));
    await write;
    assert.deepEqual(seen, new Set([textOf({ name: "Bun", price: 3 }), textOf({ name: "Bun", price: 2 })]));
    await table.close();
  });

  it("stays correct when a reader is aborted while something is recorded", async () => {
    const { table, master } = fixture(optimistic);
    const control = new AbortController();
    const gate = master.plan.hold("listValues");
    const read = table.listValues({ signal: control.signal });
    const failed = assert.rejects(read, { name: "AbortError" });
    await gate.reached;
    await table.patchValue("a", { price: 3 });
    control.abort();
    await failed;
    gate.release();
    assert.equal((await table.listValues()).get("a")?.price, 3);
    await table.close();
  });
});
