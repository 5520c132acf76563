import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import {
  type Attributes,
  INVALID_SPAN_CONTEXT,
  type Span as OtelSpan,
  trace,
  type Tracer as OtelApiTracer,
} from "@opentelemetry/api";
import { LiveTable, MemCache, MemTable } from "@vantage/live";
import { OtelTracer } from "@vantage/live/otel";
import { FaultyCache, FaultyTable } from "@vantage/live/testing";
import { skippable } from "../../skippable.ts";

interface OtlpSpan {
  readonly name: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue?: string } }[];
}

/** Listens as an OpenTelemetry collector does, and gives the spans that a child process sent it. */
async function collect(script: string): Promise<OtlpSpan[]> {
  const spans: OtlpSpan[] = [];
  const collector = createServer((request, response) => {
    const chunks: Uint8Array[] = [];
    request.on("data", (chunk: Uint8Array) => chunks.push(chunk));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(chunks).toString());
      for (const { scopeSpans } of body.resourceSpans ?? []) {
        for (const scope of scopeSpans) spans.push(...scope.spans);
      }
      response.setHeader("content-type", "application/json");
      response.end("{}");
    });
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const child = spawn(process.execPath, ["run", "-A", script], {
    stdio: "inherit",
    env: {
      ...process.env,
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    },
  });
  const [code] = await once(child, "exit");
  collector.close();
  assert.equal(code, 0);
  return spans;
}

describe("OtelTracer", () => {
  const reason = "Deno" in globalThis ? undefined : "OTEL_DENO is an exporter of Deno alone";
  skippable("reaches a local collector under OTEL_DENO=true, spans nested as the work is", reason, async () => {
    const spans = await collect(fileURLToPath(new URL("./otel_child.ts", import.meta.url)));
    const mine = spans.filter((span) => span.name.startsWith("vantage_live::"));
    const find = (name: string): OtlpSpan => {
      const found = mine.find((span) => span.name === `vantage_live::${name}`);
      assert(found, `${name} among ${mine.map((span) => span.name).join(", ")}`);
      return found;
    };
    assert.equal(find("cache get").parentSpanId, find("read list_values").spanId);
    assert.equal(find("cache put").parentSpanId, find("read list_values").spanId);
    assert.equal(find("queue apply").parentSpanId, find("write patch_value").spanId);
    find("read get_value");
    const facts = Object.fromEntries(
      find("read list_values").attributes.map(({ key, value }) => [key, value.stringValue]),
    );
    assert.deepEqual([facts.cache_key, facts.outcome], ["products", "miss"]);
    assert(!JSON.stringify(mine).includes("hunter2"));
  });

  it("starts and ends a span for each stretch of work, marks failures, and sends no row contents", async () => {
    const ended = await spansOf(async (tracer) => {
      const master = new MemTable("products", { rows: [["a", { secret: "hunter2" }]] });
      const table = new LiveTable(master, "products", new MemCache(), { tracer });
      await table.listValues();
      await table.insertValue("b", { secret: "hunter2" });
      await assert.rejects(table.patchValue("z", {}));
      await table.close();
    });
    const read = ended.find(({ name }) => name === "vantage_live::read list_values");
    const { age_ms, ...facts } = read?.attributes ?? {};
    assert.equal(typeof age_ms, "number");
    assert.deepEqual(facts, {
      cache_key: "products",
      key: "products/all",
      page: undefined,
      outcome: "miss",
      why: "absent",
    });
    assert(ended.some(({ name, failed }) => failed && name === "vantage_live::queue apply"));
    assert(ended.some(({ name }) => name === "vantage_live::read closed"), "what happens outside any span is sent too");
    assert(!JSON.stringify(ended).includes("hunter2"));
  });

  it("gives the calls of the cache the attributes that views of caches look for", async () => {
    const ended = await spansOf(async (tracer) => {
      const master = new FaultyTable(new MemTable("products", { rows: [["a", { secret: "hunter2" }]] }));
      const cache = new FaultyCache(new MemCache());
      const table = new LiveTable(master, "products", cache, { tracer });
      await table.listValues();
      await table.listValues();
      const gate = master.plan.hold("listValues");
      const narrowed = table.where("secret", "eq", "hunter2").listValues();
      await gate.reached;
      await table.invalidate();
      gate.release();
      await narrowed;
      cache.plan.fail("get", new Error("hunter2"));
      await table.listValues();
      await table.close();
    });
    const shared = (name: string): Attributes[] =>
      ended.filter((span) => span.name === `vantage_live::cache ${name}`).map(({ attributes }) =>
        Object.fromEntries(Object.entries(attributes).filter(([key]) => /^(cache|sentry|error)\./.test(key)))
      );
    const [miss, hit] = shared("get");
    const get = { "cache.operation": "get", "sentry.op": "cache.get", "cache.key": ["products/all"] };
    assert.deepEqual(miss, { ...get, "cache.hit": false });
    assert.deepEqual(hit, { ...get, "cache.hit": true });
    const failed = shared("get").find((attributes) => "error.type" in attributes);
    assert.deepEqual(failed, { ...get, "cache.hit": false, "error.type": "Error" });
    const [stored] = shared("put");
    const put = { "cache.operation": "put", "sentry.op": "cache.put", "cache.key": ["products/all"] };
    assert.deepEqual(stored, { ...put, "cache.write": true });
    assert(shared("put").some((attributes) => attributes["cache.write"] === false), "what was refused by the fence");
    const [removed] = shared("invalidate_prefix");
    assert.deepEqual(removed, { "cache.operation": "remove", "sentry.op": "cache.remove", "cache.key": ["products/"] });
    assert(shared("fence").every((attributes) => Object.keys(attributes).length === 0));
    assert(!JSON.stringify(ended).includes("hunter2"), "the values of conditions are in no key");
  });
});

interface EndedSpan {
  readonly name: string;
  readonly attributes: Attributes;
  readonly failed: boolean;
}

/** The spans that end while something is done. */
async function spansOf(work: (tracer: OtelTracer) => Promise<void>): Promise<readonly EndedSpan[]> {
  const ended: EndedSpan[] = [];
  const blank = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  const tracer: OtelApiTracer = {
    startActiveSpan: () => assert.fail("not used"),
    startSpan: (name, options = {}) => {
      let attributes = { ...options.attributes };
      let failed = false;
      const span: OtelSpan = Object.assign(Object.create(blank), {
        setAttributes: (more: Attributes) => attributes = { ...attributes, ...more },
        setStatus: () => failed = true,
        end: () => ended.push({ name, attributes, failed }),
      });
      return span;
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  await work(new OtelTracer());
  trace.disable();
  return ended;
}
