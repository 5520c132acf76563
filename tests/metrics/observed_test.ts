import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
import { metrics, observeMetrics } from "@vantage/live/metrics";
import { settle } from "@vantage/live/testing";
import { readExposition } from "./exposition.ts";

/** The SDK of OpenTelemetry, whose metrics are collected when the test says so. */
function collecting(): {
  readonly provider: MeterProvider;
  readonly collect: () => Promise<readonly MetricData[]>;
  readonly stop: () => Promise<void>;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  return {
    provider,
    collect: async () => {
      exporter.reset();
      await reader.forceFlush();
      return exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    },
    stop: () => provider.shutdown(),
  };
}

/** A name of Prometheus without its unit and `total`. */
function bare(name: string): string {
  return name.replace(/_total$/, "").replace(/_seconds$/, "").replaceAll(".", "_");
}

describe("observeMetrics()", () => {
  it("shows the SDK of OpenTelemetry what metrics() shows Prometheus", async () => {
    const { provider, collect, stop } = collecting();
    const liveStream = new ManualLiveStream();
    const products = new LiveTable(new MemTable("products"), "products", new MemCache(), { liveStream });
    const clients = new LiveTable(new MemTable("clients"), "clients", new MemCache());
    const stopObserving = observeMetrics(provider.getMeter("@vantage/live"), { products, clients });
    await settle();
    for (let time = 0; time < 3; time++) await products.listValues();
    await clients.insertValue("marty", { name: "Marty" });
    liveStream.push({ kind: "updated", id: "a" });
    await settle();

    const collected = await collect();
    const expected = new Map<string, number>();
    for (const [family, { type, samples }] of readExposition(metrics({ products, clients }))) {
      if (type === "histogram") continue;
      for (const { labels, value } of samples) expected.set(`${bare(family)} ${JSON.stringify(labels)}`, value);
    }
    const seen = new Map<string, number>();
    for (const { descriptor: { name }, dataPoints } of collected) {
      if (/duration\.(count|sum)$/.test(name)) continue;
      for (const { attributes, value } of dataPoints) {
        seen.set(`${bare(name)} ${JSON.stringify(attributes)}`, Number(value));
      }
    }
    assert.deepEqual([...seen].sort(), [...expected].sort());

    const gets = collected.find(({ descriptor }) => descriptor.name === "cache.gets");
    assert.equal(gets?.dataPointType, DataPointType.SUM);
    assert.equal(gets.isMonotonic, true);
    const hits = gets.dataPoints.find(({ attributes }) =>
      attributes.table === "products" && attributes.result === "hit"
    );
    assert.equal(hits?.value, 2);
    const live = collected.find(({ descriptor }) => descriptor.name === "vantage_live.stream.live");
    assert.equal(live?.dataPointType, DataPointType.GAUGE);
    const time = collected.find(({ descriptor }) => descriptor.name === "vantage_live.master_read.duration.sum");
    assert.equal(time?.descriptor.unit, "s");
    const count = collected.find(({ descriptor }) => descriptor.name === "vantage_live.master_read.duration.count");
    assert.equal(count?.dataPoints.find(({ attributes }) => attributes.table === "products")?.value, 1);

    stopObserving();
    await products.listValues();
    const later = (await collect()).find(({ descriptor }) => descriptor.name === "cache.gets");
    const after = later?.dataPoints.find(({ attributes }) =>
      attributes.table === "products" && attributes.result === "hit"
    );
    assert(after === undefined || after.value === 2, "nothing is observed any more");
    for (const table of [products, clients]) await table.close();
    await stop();
  });

  it("refuses what is no meter, and no object of tables", async () => {
    assert.throws(() => observeMetrics({} as never, {}), /meter must be a meter of @opentelemetry\/api/);
    const { provider, stop } = collecting();
    const meter = provider.getMeter("m");
    assert.throws(() => observeMetrics(meter, { a: {} } as never), /The table "a" must be a LiveTable/);
    await stop();
  });
});
