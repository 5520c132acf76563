import type { LiveStats } from "../live/live_stats.ts";
import type { Metric, Sample } from "./metric.ts";

/** All that is shown of a table: names and kinds, for Prometheus and OpenTelemetry alike. */
export const LIVE_METRICS: readonly Metric[] = [
  // As Micrometer names them, which dashboards know.
  counter("cache.gets", "Reads, by whether they were answered from the cache.", ({ hits, misses }) => [
    [{ result: "hit" }, hits],
    [{ result: "miss" }, misses],
  ]),
  counter("cache.puts", "Entries stored in the cache.", ({ fills }) => one(fills)),
  counter("cache.evictions", "Entries dropped from the cache for lack of room.", ({ evictions }) => known(evictions)),
  gauge("cache.size", "Entries held in the cache now.", ({ entries }) => known(entries)),

  counter("vantage_live.stale_reads", "Reads answered with stale rows.", ({ servedStale }) => one(servedStale)),
  counter(
    "vantage_live.shared_reads",
    "Misses that shared a read of the master.",
    ({ sharedReads }) => one(sharedReads),
  ),
  counter(
    "vantage_live.fenced_puts",
    "Entries not stored since the key was invalidated while the master was read.",
    ({ fencedFills }) => one(fencedFills),
  ),
  counter(
    "vantage_live.invalidations",
    "Changes, by what made them known.",
    ({ invalidations }) => each("cause", invalidations),
  ),
  counter(
    "vantage_live.dead_entries",
    "Entries read again as a whole, by what made the change known that they could not take.",
    ({ deadEntries }) => each("cause", deadEntries),
  ),
  counter(
    "vantage_live.rows_in_place",
    "Changes that entries took without the master.",
    ({ rowsInPlace }) => one(rowsInPlace),
  ),
  counter("vantage_live.holes", "Rows read again alone.", ({ holes }) => one(holes)),
  counter("vantage_live.rows_received", "Rows that the master sent.", ({ rowsReceived }) => one(rowsReceived)),
  counter(
    "vantage_live.rows_redundant",
    "Rows that the master sent though they had not changed.",
    ({ rowsRedundant }) => one(rowsRedundant),
  ),

  {
    kind: "histogram",
    name: "vantage_live.master_read.duration",
    help: "How long reads of the master took.",
    durations: ({ masterReadTimes }) => masterReadTimes,
  },
  counter("vantage_live.failed_reads", "Reads of the master that failed.", ({ failedReads }) => one(failedReads)),
  counter("vantage_live.master_writes", "Writes sent to the master.", ({ masterWrites }) => one(masterWrites)),
  counter("vantage_live.failed_writes", "Writes that failed.", ({ failedWrites }) => one(failedWrites)),
  gauge("vantage_live.queued_writes", "Writes queued or in flight now.", ({ queued }) => one(queued)),
  {
    kind: "gauge",
    name: "vantage_live.oldest_write.age",
    help: "How long the oldest write has been queued.",
    unit: "seconds",
    samples: ({ oldestWriteMs }) => one(oldestWriteMs / 1000),
  },
  counter("vantage_live.retries", "Attempts beyond the first.", ({ retries }) => one(retries)),

  counter("vantage_live.events", "Events received, by kind.", ({ events }) => each("kind", events)),
  counter(
    "vantage_live.gaps",
    "Subscriptions that ended, so that events may have been missed.",
    ({ gaps }) => one(gaps),
  ),
  gauge(
    "vantage_live.stream.live",
    "Whether events arrive: 1, or 0 while the stream is lost.",
    ({ stream }) => known(stream === "none" ? undefined : Number(stream === "live")),
  ),
  counter("vantage_live.failures", "Failures that failed no read and no write, by what failed.", (stats) => [
    [{ of: "cache" }, stats.cacheFailures],
    [{ of: "outbox" }, stats.outboxFailures],
    [{ of: "listener" }, stats.listenerFailures],
    [{ of: "tracer" }, stats.tracerFailures],
    [{ of: "read behind" }, stats.failedBehind],
  ]),
];

type Samples = (stats: LiveStats) => readonly Sample[];

function counter(name: string, help: string, samples: Samples): Metric {
  return { kind: "counter", name, help, samples };
}

function gauge(name: string, help: string, samples: Samples): Metric {
  return { kind: "gauge", name, help, samples };
}

function one(value: number): readonly Sample[] {
  return [[{}, value]];
}

function known(value: number | undefined): readonly Sample[] {
  return value === undefined ? [] : one(value);
}

function each(label: string, counts: { readonly [value: string]: number }): readonly Sample[] {
  return Object.entries(counts).map(([value, count]) => [{ [label]: value }, count]);
}
