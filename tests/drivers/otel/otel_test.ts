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
    const ended: { readonly name: string; readonly attributes: Attributes; readonly failed: boolean }[] = [];
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
    const master = new MemTable("products", { rows: [["a", { secret: "hunter2" }]] });
    const table = new LiveTable(master, "products", new MemCache(), { tracer: new OtelTracer() });
    await table.listValues();
    await table.insertValue("b", { secret: "hunter2" });
    await assert.rejects(table.patchValue("z", {}));
    await table.close();
    trace.disable();
    const read = ended.find(({ name }) => name === "vantage_live::read list_values");
    assert.deepEqual(read?.attributes, { cache_key: "products", page: undefined, outcome: "miss" });
    assert(ended.some(({ name, failed }) => failed && name === "vantage_live::queue apply"));
    assert(ended.some(({ name }) => name === "vantage_live::read closed"), "what happens outside any span is sent too");
    assert(!JSON.stringify(ended).includes("hunter2"));
  });
});
