import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LiveTable, ManualLiveStream, MemCache, MemTable, NoCache, NotFoundError, type Tracer } from "@vantage/live";
import { FakeClock, FaultyTable, settle } from "@vantage/live/testing";
import { defineTracer, type TraceRecord } from "@vantage/live/trace";

/** Keeps everything, in one line each: what begins with `+`, what ends with `-`, and events. */
function notes(): { readonly tracer: Tracer; take(): string[] } {
  let lines: string[] = [];
  const line = (mark: string, { target, level, name }: TraceRecord, facts: TraceRecord["fields"]): void => {
    const { cache_key, age_ms: _, ...others } = facts;
    assert.equal(cache_key, "p");
    const told = Object.entries(others).filter(([, value]) => value !== undefined).map(([at, value]) =>
      `${at}=${value}`
    );
    lines.push([mark, target.replace("vantage_live::", ""), level, name, ...told].join(" "));
  };
  const tracer = defineTracer({
    enabled: () => true,
    span: (start) => {
      line("+", start, start.fields);
      return { end: (fields) => line("-", start, { ...start.fields, ...fields }) };
    },
    event: (event) => line("!", event, event.fields),
  });
  return {
    tracer,
    take: () => {
      const taken = lines;
      lines = [];
      return taken;
    },
  };
}

describe("What a LiveTable traces, record by record", () => {
  it("is a read and what it does at the cache", async () => {
    const { tracer, take } = notes();
    const table = new LiveTable(new MemTable("t", { rows: [["a", { n: 1 }]] }), "p", new MemCache(), { tracer });
    assert.deepEqual(take(), ["! read info constructed table=t"]);
    await table.getValue("a");
    assert.deepEqual(take(), [
      "+ read debug get_value key=p/id/a id=a",
      "+ cache debug get key=p/id/a",
      "- cache debug get key=p/id/a outcome=miss",
      "+ cache debug fence key=p/id/a",
      "- cache debug fence key=p/id/a outcome=fenced",
      "+ read debug load key=p/id/a",
      "- read debug load key=p/id/a outcome=answered",
      "! read trace rows received key=p/id/a rows=1",
      "+ cache debug put key=p/id/a",
      "- cache debug put key=p/id/a outcome=populated",
      "- read debug get_value key=p/id/a id=a outcome=miss why=absent",
    ]);
    await table.close();
    assert.deepEqual(take(), ["! read info closed"]);
  });

  it("is a read that is not kept", async () => {
    const { tracer, take } = notes();
    const table = new LiveTable(new MemTable("t"), "p", new NoCache(), { tracer });
    await table.page(2).listValues();
    assert.deepEqual(take().filter((line) => /^-|received/.test(line)).slice(-4), [
      "! read trace rows received key=p/page_2 rows=0",
      "- cache debug put key=p/page_2 outcome=fenced",
      "- cache debug fence key=p/page_2 outcome=fenced",
      "- read debug list_values key=p/page_2 page=2 outcome=miss why=absent",
    ]);
  });

  it("is a write from its call to its answer", async () => {
    const { tracer, take } = notes();
    const table = new LiveTable(new MemTable("t"), "p", new MemCache(), { tracer });
    take();
    await table.insertValue("a", { n: 1 }, { idempotencyKey: "w" });
    assert.deepEqual(take(), [
      "+ write debug insert_value op=insert id=a",
      "+ cache debug log key=p/",
      "- cache debug log key=p/ outcome=logged",
      '! queue trace row op=insert id=a row={"n":1}',
      "+ queue debug apply op=insert id=a",
      "! write debug enqueued op=insert id=a queued=1",
      "- queue debug apply op=insert id=a outcome=applied",
      "! change debug changed event_kind=inserted cause=write id=a write=w outcome=applied",
      "+ cache debug log key=p/",
      "- cache debug log key=p/ outcome=logged",
      "- write debug insert_value op=insert id=a outcome=applied",
    ]);
    await table.patchValue("a", { n: 2n });
    assert.equal(take()[3], '! queue trace row op=patch id=a row={"n":"2n"}');
    await table.delete("a");
    assert.deepEqual(take().filter((line) => line.includes(" queue ")), [
      "+ queue debug apply op=delete id=a",
      "- queue debug apply op=delete id=a outcome=applied",
    ]);
  });

  it("is a write that failed, as such and never as applied", async () => {
    const { tracer, take } = notes();
    const table = new LiveTable(new MemTable("t"), "p", new MemCache(), { tracer });
    await assert.rejects(table.patchValue("none", {}), NotFoundError);
    const told = take().filter((line) => line.startsWith("-") || line.includes("failed"));
    assert.deepEqual(told.map((line) => line.replace(/ code=\S+/, "")), [
      "- cache debug log key=p/ outcome=logged",
      "- queue debug apply op=patch id=none outcome=failed error=NotFoundError",
      "- cache debug log key=p/ outcome=logged",
      "! queue error write failed op=patch id=none outcome=failed error=NotFoundError",
      "- write debug patch_value op=patch id=none outcome=failed error=NotFoundError",
    ]);
  });

  it("is a write that was refused before it was queued", async () => {
    const { tracer, take } = notes();
    const table = new LiveTable(new MemTable("t"), "p", new MemCache(), { tracer });
    await table.close();
    take();
    await assert.rejects(table.delete("a"), { name: "ClosedError" });
    assert.deepEqual(take().map((line) => line.replace(/ code=\S+/, "")), [
      "+ write debug delete op=delete id=a",
      "! write error write refused op=delete id=a outcome=failed error=ClosedError",
      "- write debug delete op=delete id=a outcome=failed error=ClosedError",
    ]);
  });

  it("is each event of the stream, and the stream coming and going", async () => {
    const { tracer, take } = notes();
    const stream = new ManualLiveStream();
    const clock = new FakeClock();
    const table = new LiveTable(new MemTable("t"), "p", new MemCache(), { tracer, clock, liveStream: stream });
    await settle();
    stream.push({ kind: "deleted", id: "a" });
    stream.push({ kind: "changed" });
    await settle();
    stream.disconnect();
    await settle();
    assert.deepEqual(take().filter((line) => line.includes(" stream ")), [
      "! stream info stream connected outcome=connected",
      "+ stream debug handle_live_event event_kind=deleted id=a",
      "- stream debug handle_live_event event_kind=deleted id=a outcome=invalidated",
      "+ stream debug handle_live_event event_kind=changed",
      "- stream debug handle_live_event event_kind=changed outcome=invalidated",
      "! stream info stream disconnected outcome=disconnected",
    ]);
    assert.deepEqual(table.stats().invalidations, { write: 0, event: 2, gap: 2, manual: 0 });
    await table.close();
  });

  it("is what passes the cache by, and a cache that fails", async () => {
    const { tracer, take } = notes();
    const master = new FaultyTable(new MemTable("t"));
    const failing = new MemCache();
    failing.get = () => {
      throw new TypeError("damaged");
    };
    const table = new LiveTable(master, "p", failing, { tracer });
    await table.getCount();
    await table.getSomeValue();
    await table.listValues();
    const told = take().filter((line) => /passed|failed/.test(line));
    assert.deepEqual(told, [
      "- cache debug get key=p/count outcome=failed error=TypeError",
      "! cache warn get failed key=p/count outcome=failed error=TypeError",
      "- read debug get_some_value outcome=passed",
      "- cache debug get key=p/all outcome=failed error=TypeError",
      "! cache warn get failed key=p/all outcome=failed error=TypeError",
    ]);
  });
});

describe("A LiveTable that is traced", () => {
  it("ends the wait of each read with its signal, as one that is not traced does", async () => {
    for (const tracer of [notes().tracer, undefined]) {
      const master = new FaultyTable(new MemTable("t", { rows: [["a", { n: 1 }]] }));
      const table = new LiveTable(master, "p", new MemCache(), { tracer });
      const gates = (["listValues", "getValue", "getSomeValue", "getCount"] as const).map((op) => master.plan.hold(op));
      const aborting = new AbortController();
      const { signal } = aborting;
      const reads = [
        table.listValues({ signal }),
        table.getValue("a", { signal }),
        table.getSomeValue({ signal }),
        table.getCount({ signal }),
      ];
      await Promise.all(gates.map(({ reached }) => reached));
      aborting.abort(new DOMException("enough", "AbortError"));
      for (const read of reads) await assert.rejects(read, { name: "AbortError" });
      for (const read of [table.listValues({ signal }), table.getValue("a", { signal })]) {
        await assert.rejects(read, { name: "AbortError" });
      }
      for (const { release } of gates) release();
      await table.close();
    }
  });
});
