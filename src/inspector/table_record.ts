import type { Clock } from "../base/clock.ts";
import type { Span, TraceRecord, TraceSink } from "../trace/trace_sink.ts";
import type { TraceFields, TraceLevel, TraceTarget } from "../trace/tracer.ts";
import { type ChangeFacts, changeFacts, EntryLines } from "./entry_lines.ts";
import type { TableInspection } from "./inspection.ts";
import { type InspectedFailure, type InspectedWrite, QueueMarks } from "./queue_marks.ts";
import { ReadLines } from "./read_lines.ts";
import { ServedSeconds } from "./served_seconds.ts";
import { StreamMarks } from "./stream_marks.ts";
import type { LiveStats } from "../live/live_stats.ts";

/** A table that is inspected: a `LiveTable`. */
export interface InspectedTable {
  /** The key that its entries are kept under. */
  readonly cacheKey: string;
  /** What was counted. */
  stats(): LiveStats;
  /** The writes that wait. */
  pendingWrites(): readonly InspectedWrite[];
  /** Those that failed, and are kept. */
  failedWrites(): Promise<readonly InspectedFailure[]>;
}

/** The parts of a read. */
const PARTS: readonly string[] = ["fence", "put", "load"];

/** Reads that an entry answers. */
const READS: readonly string[] = ["list_values", "get_value", "get_count"];

/** When a span began, in milliseconds since the epoch and in monotonic ones. */
interface Begin {
  readonly at: number;
  readonly from: number;
}

/** What is recorded of one table, within bounds, from its traces. */
export class TableRecord implements TraceSink {
  readonly #name: string;
  readonly #table: InspectedTable;
  readonly #clock: Clock;
  readonly #served = new ServedSeconds();
  readonly #entries = new EntryLines();
  readonly #reads = new ReadLines();
  readonly #queue = new QueueMarks();
  readonly #stream = new StreamMarks();
  #lastChange: ChangeFacts = {};

  constructor(name: string, table: InspectedTable, clock: Clock) {
    this.#name = name;
    this.#table = table;
    this.#clock = clock;
  }

  enabled(_target: TraceTarget, level: TraceLevel): boolean {
    return level !== "trace"; // There would be the rows.
  }

  span(start: TraceRecord): Span {
    const { name, fields: { key } } = start;
    if (READS.includes(name) && typeof key === "string") this.#reads.begin(key);
    const begin = { at: this.#clock.now(), from: this.#clock.monotonic() };
    return { end: (facts) => this.#end(start, facts, begin) };
  }

  event({ target, name, fields }: TraceRecord): void {
    const at = this.#clock.now();
    if (target === "vantage_live::change") return this.#change(name, fields, at);
    if (name === "stream connected") return this.#stream.gapEnds(at);
    if (target === "vantage_live::queue" && name === "write failed") this.#queue.failed(at, fields);
  }

  /** All that was recorded. */
  async inspect(): Promise<TableInspection> {
    const failed = await this.#table.failedWrites();
    return {
      name: this.#name,
      stats: this.#table.stats(),
      served: this.#served.list(this.#clock.now()),
      entries: this.#entries.list(),
      reads: this.#reads.list(),
      queue: this.#queue.inspect(this.#table.pendingWrites(), failed),
      stream: this.#stream.line(),
    };
  }

  #end({ target, name, fields }: TraceRecord, facts: TraceFields, begin: Begin): void {
    if (target === "vantage_live::queue") return this.#queue.attempted({ ...fields, ...facts });
    if (name === "window") return this.#window(facts);
    if (target === "vantage_live::stream") return this.#stream.event(begin.at, fields.event_kind, fields.id);
    const key = typeof fields.key === "string" ? fields.key : undefined;
    if (key === undefined) return;
    if (READS.includes(name)) {
      this.#reads.close(key);
      return this.#read(key, facts, begin);
    }
    const at = this.#clock.now();
    const outcome = String(facts.outcome);
    if (PARTS.includes(name) || (name === "get" && outcome !== "hit")) {
      this.#reads.part({ key, name, ...begin, to: this.#clock.monotonic(), outcome });
    }
    if (name === "put" && outcome !== "failed") {
      this.#entries.add(key, outcome === "populated" ? "filled" : "refused", at);
    }
    if (name === "invalidate_prefix" && outcome === "invalidated") this.#entries.dropped(key, at, this.#lastChange);
  }

  #read(key: string, { outcome, why, age_ms: ageMs }: TraceFields, { at, from }: Begin): void {
    const isServed = typeof ageMs === "number";
    if (isServed && (outcome === "hit" || outcome === "stale")) {
      this.#served.add(outcome, at, ageMs);
      return this.#entries.served(key, at);
    }
    if (isServed) this.#served.add("miss", this.#clock.now(), ageMs);
    if (why === "expired") this.#entries.missed(key, why, at);
    if (why === "absent") this.#entries.missed(key, "lost", at);
    const ended = { key, at, from, to: this.#clock.monotonic(), outcome: String(outcome) };
    this.#reads.end({ ...ended, why: typeof why === "string" ? why : undefined });
  }

  #window({ outcome, age_ms: ageMs }: TraceFields): void {
    if (typeof ageMs === "number") this.#served.add(outcome === "hit" ? "hit" : "miss", this.#clock.now(), ageMs);
    if (outcome !== "hit") this.#reads.endWindow();
  }

  #change(name: string, fields: TraceFields, at: number): void {
    const facts = changeFacts(fields);
    const { key, effect, gap } = fields;
    if (name === "entry changed") {
      const kind = effect === "in place" || effect === "hole" ? effect : "dead";
      return this.#entries.add(String(key), kind, at, facts);
    }
    this.#lastChange = facts;
    if (gap === "begins") this.#stream.gapBegins(at);
    if (gap === "ends") this.#stream.gapEnds(at);
  }
}
