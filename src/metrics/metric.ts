import type { Durations } from "../live/durations.ts";
import type { LiveStats } from "../live/live_stats.ts";

/**
 * The labels of a sample, besides that of its table. All their values are known beforehand: there is one series for
 * each.
 */
export type Labels = { readonly [name: string]: string };

/** One number, with what it is of. */
export type Sample = readonly [labels: Labels, value: number];

/** What is common to all kinds of metrics. */
interface Described {
  /** As OpenTelemetry names it: `cache.gets`. Prometheus has `cache_gets_total`. */
  readonly name: string;
  /** What it says, in one sentence. */
  readonly help: string;
}

/**
 * What is shown of a table. A `counter` only grows, a `gauge` says how something stands now. `seconds` are measured,
 * and `undefined` is not known.
 */
export type Metric =
  | Described & {
    readonly kind: "counter" | "gauge";
    readonly unit?: "seconds" | undefined;
    readonly samples: (stats: LiveStats) => readonly Sample[];
  }
  | Described & { readonly kind: "histogram"; readonly durations: (stats: LiveStats) => Durations };

/** Whatever counts as a `LiveTable` does. */
export interface Counted {
  /** What has been counted. */
  stats(): LiveStats;
}

/** The tables whose metrics are shown, by the names that they have there. */
export type CountedTables = { readonly [name: string]: Counted };
