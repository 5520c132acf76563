/**
 * Traces to OpenTelemetry through npm `@opentelemetry/api`: received by the SDK of the application, or by Deno's under
 * `OTEL_DENO=true`.
 *
 * @module
 */

import { context, SpanStatusCode, trace, type Tracer as OtelApiTracer } from "@opentelemetry/api";
import { GuardedTrace } from "../../trace/guarded_trace.ts";
import { type Span, TRACE_LEVELS, type TraceRecord, type TraceSink } from "../../trace/trace_sink.ts";
import type { Trace, TraceFields, TraceLevel, Tracer, TraceTarget } from "../../trace/tracer.ts";
import { rememberSelf } from "../../base/self.ts";
import { endOf, startOf } from "./shared_attributes.ts";

/** Options of an {@linkcode OtelTracer}. */
export interface OtelTracerOptions {
  /** The most detailed level to send; default `debug`, which excludes `trace` and with it all row contents. */
  readonly level?: TraceLevel | undefined;
}

/**
 * A tracer that creates OpenTelemetry spans under the name `@vantage/live`, nested like the work: calls of the cache
 * are inside the read that made them. An event becomes an event of the active span, or a span without duration if there
 * is none. Calls of the cache also have the attributes that views of caches look for: `cache.operation`, `cache.key`,
 * `cache.hit`, and `cache.write`, which is `false` for an entry that was refused; failures have `error.type`.
 *
 * @example Send spans to the application's exporter
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

  /** Creates a tracer that sends everything up to `level`. */
  constructor(options: OtelTracerOptions = {}) {
    rememberSelf(this, OtelTracer);
    this.#rank = TRACE_LEVELS.indexOf(options.level ?? "debug");
    this.#tracer = trace.getTracer("@vantage/live");
  }

  trace(common: TraceFields, onFailure?: () => void): Trace {
    return new GuardedTrace(this, common, onFailure);
  }

  enabled(_target: TraceTarget, level: TraceLevel): boolean {
    return TRACE_LEVELS.indexOf(level) <= this.#rank;
  }

  span(start: TraceRecord): Span {
    const { target, name, fields } = start;
    const span = this.#tracer.startSpan(`${target} ${name}`, { attributes: { ...fields, ...startOf(start) } });
    const inside = trace.setSpan(context.active(), span);
    return {
      run: (body) => context.with(inside, body),
      end: (more) => {
        span.setAttributes({ ...more, ...endOf(start, more) });
        if (more.outcome === "failed") span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  event({ target, level, name, fields }: TraceRecord): void {
    const attributes = { level, ...fields };
    const active = trace.getActiveSpan();
    if (active !== undefined) active.addEvent(`${target} ${name}`, attributes);
    else this.#tracer.startSpan(`${target} ${name}`, { attributes }).end();
  }
}
