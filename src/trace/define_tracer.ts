/**
 * Traces to wherever you like: for tracers other than those of `@vantage/live/console` and `@vantage/live/otel`.
 *
 * @example Count the records of each name
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { defineTracer } from "@vantage/live/trace";
 * import assert from "node:assert/strict";
 *
 * const counts = new Map<string, number>();
 * const count = ({ name }: { readonly name: string }) => void counts.set(name, (counts.get(name) ?? 0) + 1);
 * const tracer = defineTracer({
 *   enabled: (_target, level) => level !== "trace",
 *   span: (start) => ({ end: () => count(start) }),
 *   event: count,
 * });
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { tracer });
 *
 * await products.listValues();
 *
 * assert.equal(counts.get("list_values"), 1);
 * ```
 *
 * @module
 */

import { checkPort } from "../base/check_port.ts";
import { GuardedTrace } from "./guarded_trace.ts";
import type { TraceSink } from "./trace_sink.ts";
import type { Tracer } from "./tracer.ts";

export { type Span, TRACE_LEVELS, type TraceRecord, type TraceSink } from "./trace_sink.ts";
export type {
  Trace,
  TracedCalls,
  TracedOp,
  TracedQuery,
  TraceEvent,
  TraceFields,
  TraceLevel,
  TraceNote,
  TraceNoted,
  Tracer,
  TraceTarget,
} from "./tracer.ts";

/**
 * A tracer that passes its records to `sink`. What they contain is decided here: no texts of errors, no values of
 * conditions, and row contents at the level `trace` only.
 *
 * @throws {TypeError} if the sink lacks a function.
 */
export function defineTracer(sink: TraceSink): Tracer {
  checkPort("The sink of a tracer", "an object with enabled, span and event", sink, ["enabled", "span", "event"]);
  return { trace: (common, onFailure) => new GuardedTrace(sink, common, onFailure) };
}
