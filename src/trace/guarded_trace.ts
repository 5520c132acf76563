import { guardedCall } from "../base/guarded_call.ts";
import { isPromise } from "../base/maybe_promise.ts";
import { traceableKey } from "../cache/cache_key.ts";
import { failure } from "./failure.ts";
import { opFields } from "./op_fields.ts";
import { type SpanKind, type SpanName, SPANS } from "./spans.ts";
import type { Span, TraceRecord, TraceSink } from "./trace_sink.ts";
import type { Trace, TracedCalls, TraceEvent, TraceFields, TraceLevel, TraceNote, TraceTarget } from "./tracer.ts";

/** A call that is a span, whatever its arguments. */
type Call = (...args: readonly unknown[]) => unknown;

/** Makes records for a sink, and keeps the sink's failures from whatever is traced. */
export class GuardedTrace implements Trace {
  readonly #sink: TraceSink;
  readonly #common: TraceFields;
  readonly #onFailure: () => void;

  /** A trace to `sink`, whose records all have the `common` fields. */
  constructor(sink: TraceSink, common: TraceFields, onFailure: () => void = () => {}) {
    this.#sink = sink;
    this.#common = common;
    this.#onFailure = onFailure;
  }

  event(event: TraceEvent): void {
    const { target, level, name, key, op, fields } = event;
    if (!this.#isWanted(target, level)) return;
    this.#record({ target, level, name }, {
      ...(key !== undefined && { key: traceableKey(key) }),
      ...(op !== undefined && opFields(op)),
      ...fields,
      ...("error" in event && failure(event.error)),
    });
  }

  spans<C extends TracedCalls>(calls: C): C {
    const spans: { [name: string]: Call } = {};
    for (const name of Object.keys(SPANS) as SpanName[]) {
      const call = calls[name] as Call | undefined; // Of all calls, what they take is only what SPANS looks at.
      if (call === undefined) continue;
      const kind = SPANS[name] as SpanKind<unknown>;
      spans[name] = (...args) => this.#span(kind, args[0], (note) => call.call(calls, ...args, note));
    }
    return spans as TracedCalls as C;
  }

  #span(kind: SpanKind<unknown>, about: unknown, call: (note: TraceNote) => unknown): unknown {
    this.#traceRow(kind, about);
    const span = this.#start(kind, about);
    let noted: Parameters<TraceNote>[0] = {};
    const end = (facts: TraceFields): void => {
      const { error, ...others } = noted;
      const recovered = "error" in noted ? failure(error) : undefined;
      this.#safely(() => span?.end({ ...others, ...facts, ...recovered }));
      if (recovered !== undefined) this.#warn(kind, about, recovered);
    };
    const ended = (answer: unknown): unknown => (end(kind.end?.(answer) ?? {}), answer);
    const failed = (error: unknown): never => {
      end(failure(error));
      throw error;
    };
    let answer: unknown;
    try {
      answer = this.#within(span, () => call((facts) => noted = facts));
    } catch (error) {
      return failed(error);
    }
    return isPromise(answer) ? answer.then(ended, failed) : ended(answer);
  }

  #start({ target, start }: SpanKind<unknown>, about: unknown): Span | undefined {
    if (!this.#isWanted(target, "debug")) return undefined;
    const { name, fields } = start(about);
    return this.#safely(() =>
      this.#sink.span({ target, level: "debug", name, fields: { ...this.#common, ...fields } })
    );
  }

  /** What is written. */
  #traceRow({ target, start, row }: SpanKind<unknown>, about: unknown): void {
    if (row === undefined || !this.#isWanted(target, "trace")) return;
    const text = row(about);
    if (text !== undefined) {
      this.#record({ target, level: "trace", name: "row" }, { ...start(about).fields, row: text });
    }
  }

  /** A failure that the call recovered from. */
  #warn({ target, start }: SpanKind<unknown>, about: unknown, failed: TraceFields): void {
    if (!this.#isWanted(target, "warn")) return;
    const { name, fields } = start(about);
    this.#record({ target, level: "warn", name: `${name} failed` }, { ...fields, ...failed });
  }

  /** Runs `body` exactly once, inside the span if the sink manages to. */
  #within<T>(span: Span | undefined, body: () => T): T {
    if (span?.run === undefined) return body();
    let outcome: Outcome<T> | undefined;
    this.#safely(() => span.run?.(() => outcome ??= attempt(body)));
    outcome ??= attempt(body);
    if (!outcome.ok) throw outcome.error;
    return outcome.value;
  }

  #isWanted(target: TraceTarget, level: TraceLevel): boolean {
    return this.#safely(() => this.#sink.enabled(target, level)) ?? false;
  }

  #record(record: Omit<TraceRecord, "fields">, fields: TraceFields): void {
    this.#safely(() => this.#sink.event({ ...record, fields: { ...this.#common, ...fields } }));
  }

  #safely<T>(call: () => T): T | undefined {
    let answer: T | undefined;
    guardedCall(() => answer = call(), () => this.#onFailure());
    return answer;
  }
}

type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

function attempt<T>(body: () => T): Outcome<T> {
  try {
    return { ok: true, value: body() };
  } catch (error) {
    return { ok: false, error };
  }
}
