/**
 * Traces to OpenTelemetry, through npm `@opentelemetry/api`: whatever SDK the application has set up receives them, as
 * does Deno's own under `OTEL_DENO=true`.
 *
 * @module
 */

import { context, SpanStatusCode, trace, type Tracer as OtelApiTracer } from "@opentelemetry/api";
import { GuardedTrace } from "../../trace/guarded_trace.ts";
import { type Span, TRACE_LEVELS, type TraceRecord, type TraceSink } from "../../trace/trace_sink.ts";
import type { Trace, TraceFields, TraceLevel, Tracer, TraceTarget } from "../../trace/tracer.ts";
import { rememberSelf } from "../../base/self.ts";

/** Options of an {@linkcode OtelTracer}. */
export interface OtelTracerOptions {
  /** What is too detailed to send; default `debug`, which leaves out `trace` and with it all row contents. */
  readonly level?: TraceLevel | undefined;
}

/**
 * A tracer that makes OpenTelemetry spans under the name `@vantage/live`, nested as the work is, with the cache's calls inside the read that made
 * them. What happens inside a span becomes an event of it; what happens outside any, a span without length.
 *
 * @example Send spans wherever the application sends its own
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { OtelTracer } from "@vantage/live/otel";
 *
 * const tracer = new OtelTracer();
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { tracer });
 *
 * await products.listValues();
 * ```
 */
export class OtelTracer implements Tracer, TraceSink {
  readonly #rank: number;
  readonly #tracer: OtelApiTracer;

  /** A tracer that sends everything up to `level`. */
  constructor(options: OtelTracerOptions = {}) {
    rememberSelf(this, OtelTracer);
    this.#rank = TRACE_LEVELS.indexOf(options.level ?? "debug");
    this.#tracer = trace.getTracer("@vantage/live");
  }

  /** A trace whose spans all have the `common` attributes. */
  trace(common: TraceFields, onFailure?: () => void): Trace {
    return new GuardedTrace(this, common, onFailure);
  }

  /** Whether records of this level are sent. */
  enabled(_target: TraceTarget, level: TraceLevel): boolean {
    return TRACE_LEVELS.indexOf(level) <= this.#rank;
  }

  /** A stretch of work begins. */
  span({ target, name, fields }: TraceRecord): Span {
    const span = this.#tracer.startSpan(`${target} ${name}`, { attributes: { ...fields } });
    const inside = trace.setSpan(context.active(), span);
    return {
      run: (body) => context.with(inside, body),
      end: (more) => {
        span.setAttributes({ ...more });
        if (more.outcome === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  /** Something happened. */
  event({ target, level, name, fields }: TraceRecord): void {
    const attributes = { level, ...fields };
    const active = trace.getActiveSpan();
    if (active !== undefined) active.addEvent(`${target} ${name}`, attributes);
    else this.#tracer.startSpan(`${target} ${name}`, { attributes }).end();
  }
}
