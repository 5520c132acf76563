import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type Clock,
  LiveTable,
  ManualLiveStream,
  MemCache,
  MemOutbox,
  MemTable,
  RejectedError,
  systemClock,
  UnavailableError,
} from "@vantage/live";
import { type EntryLine, type Inspection, Recorder, type TableInspection } from "@vantage/live/inspector";
import { FakeClock, settle } from "@vantage/live/testing";
import { type Fixture, fixture, withoutLog } from "../live/fixture.ts";
import type { LiveTableOptions } from "@vantage/live";

interface Inspected extends Fixture {
  readonly recorder: Recorder;
  /** What was recorded of the table. */
  readonly seen: () => Promise<TableInspection>;
}

function inspected(options: LiveTableOptions = {}, cache = new MemCache()): Inspected {
  const clock = new FakeClock();
  const recorder = new Recorder({ clock });
  const made = fixture({ clock, tracer: recorder, ...options }, cache);
  recorder.attach({ products: made.table });
  return { ...made, recorder, seen: async () => only(await recorder.inspect()) };
}

function only({ tables: [table] }: Inspection): TableInspection {
  if (table === undefined) throw new RangeError("No table is attached");
  return table;
}

/** The marks of an entry in words: what, how often, by what. */
function lifeOf({ marks }: EntryLine): string[] {
  return marks.map(({ kind, times, by, row }) =>
    [kind, times > 1 ? `${times} times` : "", by === undefined ? "" : `by ${by}`, row ?? ""].filter(Boolean).join(" ")
  );
}

describe("Recorder", () => {
  it("records nothing of a table that is not attached, and nothing more once it is detached", async () => {
    const { table, recorder } = fixtureOf();
    await table.listValues();
    assert.deepEqual((await recorder.inspect()).tables, []);
    const detach = recorder.attach({ products: table });
    await table.listValues();
    const before = only(await recorder.inspect());
    assert.deepEqual(before.entries.map(lifeOf), [["served"]]);
    detach();
    await table.listValues();
    assert.deepEqual((await recorder.inspect()).tables, []);
    recorder.attach({ products: table });
    assert.deepEqual(only(await recorder.inspect()).entries, []);
    await table.close();
  });

  it("counts what was served by the second, with its age, for a minute", async () => {
    const { table, clock, seen } = inspected();
    await table.listValues();
    await clock.advance(2_500);
    await table.listValues();
    await table.listValues();
    const { served } = await seen();
    assert.deepEqual(served.map(({ hits, misses, ageMs, maxAgeMs }) => ({ hits, misses, ageMs, maxAgeMs })), [
      { hits: 0, misses: 1, ageMs: 0, maxAgeMs: 0 },
      { hits: 2, misses: 0, ageMs: 5_000, maxAgeMs: 2_500 },
    ]);
    await clock.advance(61_000);
    assert.deepEqual((await seen()).served, []);
    await table.close();
  });

  it("knows the life of an entry: filled, served, changed and dropped, by what and by which write", async () => {
    const liveStream = new ManualLiveStream();
    const { table, clock, seen } = inspected({ liveStream, staleTimeMs: 60_000 });
    await settle();
    await table.listValues();
    await table.listValues();
    await table.listValues();
    await table.patchValue("a", { price: 9 }, { idempotencyKey: "w1" });
    await table.listValues();
    liveStream.push({ kind: "updated", id: "b" });
    await settle();
    await table.listValues();
    liveStream.push({ kind: "changed" });
    await settle();
    await table.listValues();
    await clock.advance(61_000);
    await table.listValues();
    await table.invalidate();
    const [entry] = (await seen()).entries;
    assert(entry !== undefined);
    assert.equal(entry.key, "products/all");
    assert.deepEqual(lifeOf(entry), [
      "filled",
      "served 2 times",
      "in place by write a",
      "filled",
      "served",
      "hole by event b",
      "filled",
      "dead by event",
      "filled",
      "expired",
      "filled",
      "dropped by manual",
    ]);
    assert.equal(entry.marks.find(({ by }) => by === "write")?.write, "w1");
    await table.close();
  });

  it("says of an entry that has gone by itself that it was lost", async () => {
    const { table, cache, seen } = inspected();
    await table.listValues();
    await cache.invalidatePrefix("products/"); // As another process would, past the table.
    await table.listValues();
    assert.deepEqual((await seen()).entries.map(lifeOf), [["filled", "lost", "filled"]]);
    await table.close();
  });

  it("calls nothing lost that a read has filled, however the milliseconds of the two clocks are rounded", async () => {
    let time = 0;
    const clock: Clock = {
      ...systemClock,
      now: () => Math.floor(time += 0.01),
      monotonic: () => time += 0.01,
    };
    const recorder = new Recorder({ clock });
    const table = new LiveTable(new MemTable("t"), "t", new MemCache(), { tracer: recorder });
    recorder.attach({ table });
    for (let times = 0; times < 20; times++) {
      time = times + 0.8 + times / 100; // Shortly before the next millisecond.
      await table.listValues();
      await table.invalidate();
    }
    const marks = only(await recorder.inspect()).entries.flatMap(({ marks }) => marks.map(({ kind }) => kind));
    assert.deepEqual(marks, Array.from({ length: 20 }, () => ["filled", "dropped"]).flat());
    await table.close();
  });

  it("records windows: what they served with its age, and the reads of the pages that they are cut from", async () => {
    const { table, master, clock, seen } = inspected();
    const gate = master.plan.hold("listValues");
    const first = table.window(0, 2);
    await gate.reached;
    await clock.advance(40);
    gate.release();
    await first;
    await clock.advance(2_000);
    await table.window(0, 1);
    const { served, reads } = await seen();
    assert.deepEqual(served.map(({ hits, misses, ageMs }) => ({ hits, misses, ageMs })), [
      { hits: 0, misses: 1, ageMs: 40 },
      { hits: 1, misses: 0, ageMs: 2_040 },
    ]);
    assert.deepEqual(reads.map(({ key, outcome }) => [key, outcome]).toSorted(), [
      ["products/count", "miss"],
      ["products/page_1", "miss"],
    ]);
    const page = reads.find(({ key }) => key === "products/page_1");
    assert.equal(page?.ms, 40);
    assert.deepEqual(page?.parts.map(({ name, fromMs, ms }) => [name, fromMs, ms]), [
      ["get", 0, 0],
      ["fence", 0, 0],
      ["load", 0, 40],
      ["put", 40, 0],
    ]);
    await table.close();
  });

  it("says which change dropped the entries of a cache without a log", async () => {
    const clock = new FakeClock();
    const recorder = new Recorder({ clock });
    const table = new LiveTable(new MemTable("t", { rows: [["a", {}]] }), "t", withoutLog(new MemCache()), {
      tracer: recorder,
      clock,
    });
    recorder.attach({ table });
    await table.listValues();
    await table.patchValue("a", { price: 1 }, { idempotencyKey: "w1" });
    const [entry] = only(await recorder.inspect()).entries;
    assert.deepEqual(entry?.marks.at(-1), {
      kind: "dropped",
      at: clock.now(),
      times: 1,
      by: "write",
      write: "w1",
      row: "a",
    });
    await table.close();
  });

  it("has the parts of a read, those of a read that it shares included, and why the master was asked", async () => {
    const { table, master, clock, seen } = inspected();
    const gate = master.plan.hold("listValues");
    const first = table.listValues();
    await gate.reached;
    await clock.advance(100);
    const second = table.listValues();
    await settle();
    await clock.advance(20);
    gate.release();
    await Promise.all([first, second]);
    const reads = [...(await seen()).reads].reverse();
    assert.deepEqual(reads.map(({ why, outcome, ms }) => [why, outcome, ms]), [
      ["absent", "miss", 120],
      ["absent", "miss", 20],
    ]);
    const partsOf = (at: number): unknown => reads[at]?.parts.map(({ name, fromMs, ms }) => [name, fromMs, ms]);
    assert.deepEqual(partsOf(0), [
      ["get", 0, 0],
      ["fence", 0, 0],
      ["load", 0, 120],
      ["get", 100, 0],
      ["fence", 100, 0],
      ["put", 120, 0],
    ]);
    assert.deepEqual(partsOf(1), [["load", -100, 120], ["get", 0, 0], ["fence", 0, 0], ["put", 20, 0]]);
    await table.close();
  });

  it("has a put that the fence refused, and a read that failed", async () => {
    const { table, master, seen } = inspected();
    const gate = master.plan.hold("listValues");
    const reading = table.listValues();
    await gate.reached;
    await table.invalidate();
    gate.release();
    await reading;
    master.plan.fail("listValues", new UnavailableError("postgres://me:secret@host"));
    await assert.rejects(table.page(2).listValues());
    const { reads, entries } = await seen();
    assert.deepEqual(reads.map(({ outcome }) => outcome), ["failed", "miss"]);
    assert.equal(reads[1]?.parts.findLast(({ name }) => name === "load")?.outcome, "answered");
    assert.deepEqual(entries.map(lifeOf).flat().includes("filled"), false);
    await table.close();
  });

  it("has the lanes of the queue, the error of the first write, and what failed for good; never the text of an error", async () => {
    const { table, master, recorder, clock, seen } = inspected({ retry: {}, outbox: new MemOutbox() });
    const secret = "postgres://me:hunter2@host";
    master.plan.fail("patchValue", new UnavailableError(secret, { effect: "none" }));
    const writes = [
      table.enqueue({ kind: "patch", id: "a", partial: { price: 1 } }),
      table.enqueue({ kind: "patch", id: "a", partial: { price: 2 } }),
    ];
    await settle();
    const { queue } = await seen();
    assert.deepEqual(queue.lanes.map(({ row, error, writes }) => [row, error, writes.map(({ kind }) => kind)]), [
      ["a", "UnavailableError (unavailable)", ["patch", "patch"]],
    ]);
    await clock.advance(120_000);
    await Promise.all(writes.map(({ applied }) => applied));
    master.plan.fail("delete", new RejectedError(secret));
    await assert.rejects(table.delete("b"));
    assert.deepEqual((await seen()).queue.failed.map(({ kind, row, error }) => [kind, row, error]), [
      ["delete", "b", "rejected"],
    ]);
    assert(!JSON.stringify(await recorder.inspect()).includes("hunter2"));
    await table.close();
  });

  it("has the events of the stream, and its gaps with both ends", async () => {
    const liveStream = new ManualLiveStream();
    const { table, clock, seen } = inspected({ liveStream });
    await settle();
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    const lostAt = clock.now();
    liveStream.disconnect();
    await settle();
    assert.deepEqual((await seen()).stream.gaps, [{ from: lostAt }]);
    await clock.advance(60_000);
    const { events, gaps } = (await seen()).stream;
    assert.deepEqual(events.map(({ kind, row }) => [kind, row]), [["updated", "a"]]);
    assert.equal(gaps.length, 1);
    assert((gaps[0]?.until ?? 0) > lostAt);
    await table.close();
  });

  it("keeps no more than so much, and no long text", async () => {
    const { table, recorder } = inspected({ staleTimeMs: 0 });
    for (let n = 0; n < 300; n++) await table.getValue(`${n}${"x".repeat(10_000)}`);
    for (let n = 0; n < 300; n++) await table.listValues();
    const text = JSON.stringify(await recorder.inspect());
    assert(text.length < 200_000, `${text.length}`);
    await table.close();
  });

  it("keeps no condition of a view, and no column of a row", async () => {
    const { table, recorder } = inspected();
    await table.where({ name: "hunter2" }).listValues();
    await table.patchValue("a", { name: "hunter3" });
    assert(!JSON.stringify(await recorder.inspect()).includes("hunter"));
    await table.close();
  });

  it("is plain data", async () => {
    const { table, recorder } = inspected();
    await table.listValues();
    const inspection = await recorder.inspect();
    assert.deepEqual(JSON.parse(JSON.stringify(inspection)), JSON.parse(JSON.stringify(structuredClone(inspection))));
    await table.close();
  });

  it("refuses by name what are no tables, and two tables under one key", async () => {
    const { table, recorder } = inspected();
    assert.throws(() => recorder.attach({ other: table }), {
      name: "RangeError",
      message: 'A table with the key "products" is attached already',
    });
    assert.throws(() => recorder.attach([table] as object as { table: typeof table }), /Tables must be an object/);
    assert.throws(() => recorder.attach({ table: {} as typeof table }), /The table "table" must be a LiveTable/);
    assert.throws(() => new Recorder({ now: 1 } as object), /Unknown option "now" of a Recorder/);
    await table.close();
  });
});

/** A table whose recorder it is not attached to. */
function fixtureOf(): { readonly table: LiveTable; readonly recorder: Recorder } {
  const recorder = new Recorder();
  const { table } = fixture({ tracer: recorder });
  return { table, recorder };
}
