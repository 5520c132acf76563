import { checkPort } from "../base/check_port.ts";
import { LIVE_METRICS } from "./live_metrics.ts";
import type { CountedTables, Metric, Sample } from "./metric.ts";
import { checkTables, labelsOf, statsOf } from "./table_samples.ts";
import type { LiveStats } from "../live/live_stats.ts";

/** What an instrument is called and measured in. */
export interface InstrumentOptions {
  /** What it says. */
  readonly description?: string;
  /** Its unit, `s` for seconds. */
  readonly unit?: string;
}

/** Takes what is observed. */
export interface Observations<Instrument> {
  /** What an instrument shows now, for one series. */
  observe(instrument: Instrument, value: number, attributes: { readonly [name: string]: string }): void;
}

/** A `Meter` of `@opentelemetry/api`, as far as it is needed. */
export interface MeterHandle<Instrument> {
  /** An instrument whose value only grows. */
  createObservableCounter(name: string, options?: InstrumentOptions): Instrument;
  /** An instrument whose value is what it is. */
  createObservableGauge(name: string, options?: InstrumentOptions): Instrument;
  /** Calls `callback` each time the metrics are collected. */
  addBatchObservableCallback(callback: (result: Observations<Instrument>) => void, instruments: Instrument[]): void;
  /** Calls it no more. */
  removeBatchObservableCallback(callback: (result: Observations<Instrument>) => void, instruments: Instrument[]): void;
}

const METER_FUNCTIONS: readonly (keyof MeterHandle<unknown>)[] = [
  "createObservableCounter",
  "createObservableGauge",
  "addBatchObservableCallback",
  "removeBatchObservableCallback",
];

/**
 * Shows what tables have counted to OpenTelemetry, until the returned function is called: the metrics of {@linkcode
 * metrics}, under names with dots, with attributes in place of labels. OpenTelemetry has no histogram that is observed;
 * the durations of reads are two counters, whose quotient is the mean.
 *
 * @example With the meter of the application
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { observeMetrics } from "@vantage/live/metrics";
 *
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache());
 * const stop = observeMetrics(metrics.getMeter("@vantage/live"), { products });
 *
 * stop(); // when the table is closed
 * ```
 *
 * @throws {TypeError} if the meter is none, or the tables are no object of tables.
 */
export function observeMetrics<Instrument>(meter: MeterHandle<Instrument>, tables: CountedTables): () => void {
  checkPort("meter", "a meter of @opentelemetry/api", meter, METER_FUNCTIONS);
  checkTables(tables);
  const shown = LIVE_METRICS.flatMap(seriesOf).map((series) => ({
    ...series,
    instrument: instrumentOf(meter, series),
  }));
  const instruments = shown.map(({ instrument }) => instrument);
  const observe = (result: Observations<Instrument>): void => {
    for (const [table, stats] of statsOf(tables)) {
      for (const { metric, instrument, samples } of shown) {
        for (const [labels, value] of samples(stats)) {
          result.observe(instrument, value, labelsOf(metric, table, labels));
        }
      }
    }
  };
  meter.addBatchObservableCallback(observe, instruments);
  return () => meter.removeBatchObservableCallback(observe, instruments);
}

/** What one instrument shows of a metric. */
interface Series {
  readonly metric: Metric;
  readonly name: string;
  readonly isCounter: boolean;
  readonly unit: "s" | undefined;
  readonly samples: (stats: LiveStats) => readonly Sample[];
}

function seriesOf(metric: Metric): readonly Series[] {
  const { name, kind } = metric;
  if (kind !== "histogram") {
    const unit = metric.unit && "s";
    return [{ metric, name, isCounter: kind === "counter", unit, samples: metric.samples }];
  }
  const { durations } = metric;
  const part = { metric, isCounter: true };
  return [
    { ...part, name: `${name}.count`, unit: undefined, samples: (stats) => [[{}, durations(stats).count]] },
    { ...part, name: `${name}.sum`, unit: "s", samples: (stats) => [[{}, durations(stats).totalMs / 1000]] },
  ];
}

function instrumentOf<Instrument>(
  meter: MeterHandle<Instrument>,
  { metric, name, isCounter, unit }: Series,
): Instrument {
  const options = { description: metric.help, ...(unit !== undefined && { unit }) };
  return isCounter ? meter.createObservableCounter(name, options) : meter.createObservableGauge(name, options);
}
