/**
 * What live tables have counted, for Prometheus and OpenTelemetry.
 *
 * @example Answer a scrape
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { metrics, METRICS_CONTENT_TYPE } from "@vantage/live/metrics";
 *
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * const handler = () => new Response(metrics({ products }), { headers: { "content-type": METRICS_CONTENT_TYPE } });
 *
 * await handler().text();
 * ```
 *
 * @module
 */

export { metrics, METRICS_CONTENT_TYPE } from "./prometheus_text.ts";
export { type InstrumentOptions, type MeterHandle, type Observations, observeMetrics } from "./observed_metrics.ts";
export type { Counted, CountedTables } from "./metric.ts";
