import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type LiveEvent,
  type LiveStream,
  ManualLiveStream,
  RejectedError,
  type Trace,
  type TraceFields,
  type TraceLevel,
  type Tracer,
} from "@vantage/live";
import { settle } from "@vantage/live/testing";
import { defineTracer, type Span, type TraceRecord, type TraceSink } from "@vantage/live/trace";
import { fixture } from "../live/fixture.ts";

/** Keeps its records, as `target level name`, with the facts. */
class NotingTracer implements Tracer, TraceSink {
  readonly notes: { readonly what: string; readonly fields: TraceFields }[] = [];
  readonly #least: readonly TraceLevel[];

  constructor(...levels: readonly TraceLevel[]) {
    this.#least = levels;
  }

  trace(common: TraceFields, onFailure?: () => void): Trace {
    return defineTracer(this).trace(common, onFailure);
  }

  enabled(_target: string, level: TraceLevel): boolean {
    return this.#least.includes(level);
  }

  span(start: TraceRecord): Span {
    return { end: (more) => this.event({ ...start, fields: { ...start.fields, ...more } }) };
  }

  event({ target, level, name, fields }: TraceRecord): void {
    this.notes.push({ what: `${target.replace("vantage_live::", "")} ${level} ${name}`, fields });
  }

  find(what: string): TraceFields[] {
    return this.notes.filter((note) => note.what === what).map((note) => note.fields);
  }
}

/** What a read of the table `products` under a key tells, of rows that were just read. */
function at(key: string): TraceFields {
  return { cache_key: "products", key, age_ms: 0 };
}

describe("Tracer", () => {
  it("hears a span for each read, with its key, page or id, and outcome", async () => {
    const tracer = new NotingTracer("debug");
    const { table } = fixture({ tracer });
    await table.page(2).listValues();
    await table.page(2).listValues();
    await table.getValue("a");
    await table.getSomeValue();
    await table.getCount();
    assert.deepEqual(tracer.find("read debug list_values"), [
      { ...at("products/page_2"), page: 2, outcome: "miss", why: "absent" },
      { ...at("products/page_2"), page: 2, outcome: "hit", why: undefined },
    ]);
    assert.deepEqual(tracer.find("read debug get_value"), [
      { ...at("products/id/a"), id: "a", outcome: "miss", why: "absent" },
    ]);
    assert.deepEqual(tracer.find("read debug get_some_value"), [{ cache_key: "products", outcome: "passed" }]);
    assert.deepEqual(tracer.find("read debug get_count"), [
      { ...at("products/count"), outcome: "miss", why: "absent" },
    ]);
  });

  it("hears how old what was served is, why the master was asked, and how", async () => {
    const tracer = new NotingTracer("debug");
    const liveStream = new ManualLiveStream();
    const { table, clock } = fixture({ tracer, liveStream, staleTimeMs: 1_000 });
    await settle();
    const read = async (): Promise<unknown> => {
      await table.listValues();
      const { outcome, why, age_ms } = tracer.find("read debug list_values").at(-1) ?? {};
      return [outcome, why, age_ms];
    };
    assert.deepEqual(await read(), ["miss", "absent", 0]);
    await clock.advance(300);
    assert.deepEqual(await read(), ["hit", undefined, 300]);
    liveStream.push({ kind: "updated", id: "a" });
    await settle();
    assert.deepEqual(await read(), ["miss", "changed", 300]); // But for one row, the entry is as old as it was.
    await clock.advance(2_000);
    assert.deepEqual(await read(), ["miss", "expired", 0]);
    await table.listValues({ fresh: true });
    assert.equal(tracer.find("read debug list_values").at(-1)?.why, "fresh");
    assert.deepEqual(tracer.find("read debug load").map(({ holes }) => holes), [undefined, 1, undefined, undefined]);
    await table.close();
  });

  it("hears of each change, and what it did to an entry once that is read", async () => {
    const tracer = new NotingTracer("debug");
    const liveStream = new ManualLiveStream();
    const { table } = fixture({ tracer, liveStream });
    await settle();
    await table.listValues();
    const write = table.enqueue({ kind: "patch", id: "a", partial: { price: 9 } });
    await write.applied;
    await table.listValues();
    liveStream.push({ kind: "updated", id: "b" });
    await settle();
    await table.listValues();
    liveStream.push({ kind: "changed" });
    await settle();
    await table.listValues();
    await table.invalidate();
    const changes = tracer.find("change debug changed").map(({ cause, event_kind, id, write, gap }) =>
      [cause, event_kind, id ?? write ?? gap].join(" ").trim()
    );
    assert.deepEqual(changes, [
      "gap changed ends",
      "write updated a",
      "event updated b",
      "event changed",
      "manual changed",
    ]);
    const entries = tracer.find("change debug entry changed").map((
      { key, effect, cause, id, write },
    ) => [key, effect, cause, id, write]);
    assert.deepEqual(entries, [
      ["products/all", "in place", "write", "a", write.id],
      ["products/all", "hole", "event", "b", undefined],
      ["products/all", "dead", "event", undefined, undefined],
    ]);
    assert(!JSON.stringify(tracer.notes).includes("price"));
    await table.close();
  });

  it("hears a span for each write, and one for the queue's work on it", async () => {
    const tracer = new NotingTracer("debug");
    const { table } = fixture({ tracer });
    await table.insertValue("d", {});
    await table.replaceValue("d", {});
    await table.patchValue("d", {});
    await table.delete("d");
    await table.insertReturnIdValue({});
    await table.deleteAll();
    const names = tracer.notes.filter(({ what }) => what.startsWith("write debug")).map(({ what }) =>
      what.split(" ")[2]
    );
    assert.deepEqual(names.filter((name) => name !== "enqueued"), [
      "insert_value",
      "replace_value",
      "patch_value",
      "delete",
      "insert_return_id_value",
      "delete_all",
    ]);
    assert.deepEqual(tracer.find("write debug patch_value"), [
      { cache_key: "products", op: "patch", id: "d", outcome: "applied" },
    ]);
    assert.deepEqual(tracer.find("queue debug apply").map(({ op }) => op), [
      "insert",
      "replace",
      "patch",
      "delete",
      "insert_return_id",
      "delete_all",
    ]);
  });

  it("hears a span for each event, and of the stream's coming and going", async () => {
    const tracer = new NotingTracer("debug", "info", "warn");
    const stream = new ManualLiveStream();
    const { table } = fixture({ tracer, liveStream: stream });
    stream.push({ kind: "updated", id: "a" });
    await settle();
    stream.disconnect(new Error("connection lost"));
    await settle();
    await table.close();
    assert.deepEqual(tracer.find("stream debug handle_live_event"), [
      { cache_key: "products", event_kind: "updated", id: "a", outcome: "invalidated" },
    ]);
    assert.equal(tracer.find("stream info stream connected").length, 1);
    assert.deepEqual(tracer.find("stream warn stream lost"), [{
      cache_key: "products",
      outcome: "failed",
      error: "Error",
    }]);
    assert.equal(tracer.find("read info constructed").length, 1);
    assert.equal(tracer.find("read info closed").length, 1);
  });

  it("receives a warning for an event that makes no sense, which counts as a change", async () => {
    const tracer = new NotingTracer("warn");
    const event: LiveEvent = JSON.parse('{"kind":"renamed","id":"a"}');
    const liveStream: LiveStream = {
      subscribe: () => new ReadableStream({ start: (controller) => controller.enqueue(event) }),
    };
    const { table } = fixture({ tracer, liveStream });
    await settle();
    await table.close();
    assert.deepEqual(tracer.find("stream warn event not understood"), [
      { cache_key: "products", outcome: "failed", error: "TypeError" },
    ]);
    assert.equal(table.stats().invalidations.event, 1);
  });

  it("hears a span for each operation of the cache, with its outcome", async () => {
    const tracer = new NotingTracer("debug");
    const { table } = fixture({ tracer });
    await table.listValues();
    await table.listValues();
    await table.invalidate();
    const facts = (name: string): unknown[] =>
      tracer.find(`cache debug ${name}`).map(({ key, outcome }) => [key, outcome]);
    assert.deepEqual(facts("get"), [["products/all", "miss"], ["products/all", "hit"]]);
    assert.deepEqual(facts("fence"), [["products/all", "fenced"]]);
    assert.deepEqual(facts("put"), [["products/all", "populated"]]);
    assert.deepEqual(facts("invalidate_prefix"), [["products/", "invalidated"]]);
  });

  it("hears a warning when the cache fails, and an error when a write does", async () => {
    const tracer = new NotingTracer("warn", "error");
    const { table, cache, master } = fixture({ tracer });
    cache.plan.fail("get", Object.assign(new Error("disk full"), { code: "EIO" }));
    await table.listValues();
    master.plan.fail("patchValue", new RejectedError("no"));
    await assert.rejects(table.patchValue("a", {}));
    assert.deepEqual(tracer.find("cache warn get failed"), [
      { cache_key: "products", key: "products/all", outcome: "failed", error: "Error", code: "EIO" },
    ]);
    assert.deepEqual(tracer.find("queue error write failed"), [
      { cache_key: "products", op: "patch", id: "a", outcome: "failed", error: "RejectedError", code: "rejected" },
    ]);
  });

  it("hears of a view only which it is, not what was asked for", async () => {
    const tracer = new NotingTracer("error", "warn", "info", "debug", "trace");
    const { table } = fixture({ tracer });
    await table.where({ name: "hunter2" }).listValues();
    await table.where({ name: "hunter3" }).page(1).listValues();
    assert(!JSON.stringify(tracer.notes).includes("hunter"));
    const keys = tracer.find("cache debug get").map(({ key }) => String(key));
    assert.match(keys[0] ?? "", /^products\/view:#[0-9a-f]{8}\/all$/);
    assert.match(keys[1] ?? "", /^products\/view:#[0-9a-f]{8}\/page_1$/);
    assert.notEqual(keys[0]?.split("/")[1], keys[1]?.split("/")[1]);
  });

  it("hears row contents at trace only, and the text of an error never", async () => {
    const secret = "postgres://user:hunter2@host";
    for (const levels of [["error", "warn", "info", "debug"], ["trace"]] as const) {
      const tracer = new NotingTracer(...levels);
      const { table, master, cache } = fixture({ tracer });
      await table.insertValue("d", { secret: "row content", big: 5n });
      await table.listValues();
      master.plan.fail("listValues", new Error(secret));
      cache.plan.fail("get", new Error(secret));
      await assert.rejects(table.page(2).listValues());
      master.plan.fail("patchValue", new Error(secret));
      await assert.rejects(table.patchValue("a", { price: 3 }));
      const text = JSON.stringify(tracer.notes);
      assert(!text.includes("hunter2"));
      assert.equal(text.includes("row content"), levels[0] === "trace");
    }
  });
});

describe("defineTracer()", () => {
  it("refuses a sink that lacks a function, by name", () => {
    const sink = { enabled: () => true, event: () => {} } as object as TraceSink;
    assert.throws(() => defineTracer(sink), {
      name: "TypeError",
      message: "The sink of a tracer must be an object with enabled, span and event; got an object without span",
    });
  });

  it("makes a trace of nothing but the calls that it is given", async () => {
    const sink = new NotingTracer("debug");
    const spans = defineTracer(sink).trace({ table: "t" }).spans({ get: (key: string) => Promise.resolve(key) });
    assert.deepEqual(Object.keys(spans), ["get"]);
    assert.equal(await spans.get("k/all"), "k/all");
    assert.deepEqual(sink.find("cache debug get"), [{ table: "t", key: "k/all", outcome: "hit" }]);
  });
});
