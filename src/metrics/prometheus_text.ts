import type { Durations } from "../live/durations.ts";
import type { LiveStats } from "../live/live_stats.ts";
import { LIVE_METRICS } from "./live_metrics.ts";
import type { CountedTables, Labels, Metric } from "./metric.ts";
import { checkTables, labelsOf, statsOf } from "./table_samples.ts";

/** The content type of {@linkcode metrics}, for the answer to a scrape. */
export const METRICS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/**
 * What tables have counted, as Prometheus reads it. The names of the tables are the values of the label `table`; no
 * key, id, condition or value of a row is ever in it, so there are 53 series for each table, whatever happens.
 *
 * @example Answer a scrape
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { metrics, METRICS_CONTENT_TYPE } from "@vantage/live/metrics";
 * import assert from "node:assert/strict";
 *
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache());
 * await products.listValues();
 *
 * const scraped = new Response(metrics({ products }), { headers: { "content-type": METRICS_CONTENT_TYPE } });
 *
 * assert.match(await scraped.text(), /cache_gets_total\{cache="products",table="products",result="miss"\} 1\n/);
 * ```
 *
 * @throws {TypeError} if the tables are no object of tables.
 */
export function metrics(tables: CountedTables): string {
  checkTables(tables);
  const stats = statsOf(tables);
  return LIVE_METRICS.map((metric) => familyOf(metric, stats)).join("");
}

/** A metric of all tables; nothing if none has it. */
function familyOf(metric: Metric, stats: ReadonlyMap<string, LiveStats>): string {
  const name = nameOf(metric);
  const lines = Array.from(stats, ([table, counted]) => linesOf(metric, name, table, counted)).flat();
  if (lines.length === 0) return "";
  return `${[`# HELP ${name} ${metric.help}`, `# TYPE ${name} ${metric.kind}`, ...lines].join("\n")}\n`;
}

function linesOf(metric: Metric, name: string, table: string, stats: LiveStats): readonly string[] {
  if (metric.kind === "histogram") return histogramOf(name, labelsOf(metric, table, {}), metric.durations(stats));
  return metric.samples(stats).map(([labels, value]) => line(name, labelsOf(metric, table, labels), value));
}

function histogramOf(name: string, labels: Labels, { count, totalMs, within }: Durations): readonly string[] {
  return [
    ...within.map(({ ms, count }) => line(`${name}_bucket`, { ...labels, le: `${ms / 1000}` }, count)),
    line(`${name}_bucket`, { ...labels, le: "+Inf" }, count),
    line(`${name}_sum`, labels, totalMs / 1000),
    line(`${name}_count`, labels, count),
  ];
}

/** As the naming of Prometheus has it: the unit, then `total` where it counts. */
function nameOf(metric: Metric): string {
  const name = metric.name.replaceAll(".", "_");
  if (metric.kind === "counter") return `${name}_total`;
  return metric.kind === "histogram" || metric.unit !== undefined ? `${name}_seconds` : name;
}

function line(name: string, labels: Labels, value: number): string {
  const named = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
  return `${name}{${named.join(",")}} ${value}`;
}

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
