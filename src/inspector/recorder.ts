import { checkOptions, checkTools } from "../base/check_options.ts";
import { checkPort } from "../base/check_port.ts";
import { rememberSelf } from "../base/self.ts";
import { type Clock, systemClock } from "../base/clock.ts";
import { describe } from "../base/describe.ts";
import { GuardedTrace } from "../trace/guarded_trace.ts";
import type { Span, TraceRecord } from "../trace/trace_sink.ts";
import type { Trace, TraceFields, TraceLevel, Tracer, TraceTarget } from "../trace/tracer.ts";
import type { Inspection } from "./inspection.ts";
import { type InspectedTable, TableRecord } from "./table_record.ts";

/** Tables that are inspected, with the names that they are shown under. */
export type InspectedTables = { readonly [name: string]: InspectedTable };

/** What an inspector shows: a {@linkcode Recorder}, or what another process has recorded. */
export interface InspectionSource {
  /** What was recorded up to now. */
  inspect(): Promise<Inspection>;
}

/** Options of a {@linkcode Recorder}. */
export interface RecorderOptions {
  /** The clock; default the system's. */
  readonly clock?: Clock | undefined;
}

const TABLE_FUNCTIONS: readonly (keyof InspectedTable)[] = ["stats", "pendingWrites", "failedWrites"];

/**
 * Records what tables do, for an inspector: it is the tracer of the tables. Until a table is attached nothing is recorded
 * of it; then the last minute, the last 64 entries and the last 24 reads are, so its memory is bounded.
 *
 * @example Why an entry went
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { Recorder } from "@vantage/live/inspector";
 * import assert from "node:assert/strict";
 *
 * const recorder = new Recorder();
 * const master = new MemTable("products", { rows: [["a", { price: 2 }]] });
 * await using products = new LiveTable(master, "products", new MemCache(), { tracer: recorder });
 * recorder.attach({ products });
 *
 * await products.listValues();
 * await products.listValues();
 * await products.invalidate();
 *
 * const { tables: [table] } = await recorder.inspect();
 * const marks = table?.entries[0]?.marks.map(({ kind, by }) => by === undefined ? kind : `${kind} by ${by}`);
 * assert.deepEqual(marks, ["filled", "served", "dropped by manual"]);
 * ```
 */
export class Recorder implements Tracer, InspectionSource {
  readonly #clock: Clock;
  /** By the key that the entries are kept under, which is what traces tell. */
  readonly #records = new Map<unknown, TableRecord>();

  /**
   * A recorder that no table is attached to.
   *
   * @throws {TypeError} if an option is unknown, or the clock is none.
   */
  constructor(options: RecorderOptions = {}) {
    checkOptions("a Recorder", options, ["clock"]);
    checkTools(options);
    this.#clock = options.clock ?? systemClock;
    rememberSelf(this, Recorder);
  }

  /**
   * Records what these tables do from now on, until the returned function is called. They need this recorder as their tracer.
   *
   * @throws {TypeError} if the tables are no object of tables.
   * @throws {RangeError} if a table with the same key is attached already.
   */
  attach(tables: InspectedTables): () => void {
    if (typeof tables !== "object" || tables === null || Array.isArray(tables)) {
      throw new TypeError(`Tables must be an object, as in { products, clients }, got ${describe(tables)}`);
    }
    const named = Object.entries(tables);
    const keys = new Set(this.#records.keys());
    for (const [name, table] of named) {
      checkPort(`The table ${describe(name)}`, "a LiveTable", table, TABLE_FUNCTIONS);
      if (keys.has(table.cacheKey)) {
        throw new RangeError(`A table with the key ${describe(table.cacheKey)} is attached already`);
      }
      keys.add(table.cacheKey);
    }
    const added = named.map(([name, table]) => [table.cacheKey, new TableRecord(name, table, this.#clock)] as const);
    for (const [key, record] of added) this.#records.set(key, record);
    return () => {
      for (const [key, record] of added) if (this.#records.get(key) === record) this.#records.delete(key);
    };
  }

  /** What was recorded of the tables that are attached. */
  async inspect(): Promise<Inspection> {
    const tables = await Promise.all([...this.#records.values()].map((record) => record.inspect()));
    return { at: this.#clock.now(), tables };
  }

  /** A trace that is recorded while its table is attached. */
  trace(common: TraceFields, onFailure?: () => void): Trace {
    const records = this.#records;
    const key = common.cache_key;
    const sink = {
      enabled: (target: TraceTarget, level: TraceLevel): boolean => records.get(key)?.enabled(target, level) ?? false,
      span: (start: TraceRecord): Span => records.get(key)?.span(start) ?? { end: () => {} },
      event: (event: TraceRecord): void => records.get(key)?.event(event),
    };
    return new GuardedTrace(sink, common, onFailure);
  }
}
