import { traceableKey } from "../cache/cache_key.ts";
import { opFields, rowText, verbOf } from "./op_fields.ts";
import type { TracedCalls, TraceFields, TraceTarget } from "./tracer.ts";

/** The start of a span. */
export interface SpanStart {
  readonly name: string;
  readonly fields: TraceFields;
}

/** What is traced of a call: facts of its first argument when it starts, and of its answer when it ends. */
export interface SpanKind<A> {
  readonly target: TraceTarget;
  readonly start: (about: A) => SpanStart;
  /** What is written, for the level of row contents. */
  readonly row?: ((about: A) => string | undefined) | undefined;
  readonly end?: ((answer: unknown) => TraceFields) | undefined;
}

/** The name of a call that is a span. */
export type SpanName = keyof TracedCalls;

/** The spans there are, by the call that each is made of. */
export const SPANS: {
  readonly [N in SpanName]-?: SpanKind<Parameters<NonNullable<TracedCalls[N]>>[0]>;
} = {
  read: {
    target: "vantage_live::read",
    start: ({ key, id, within }) =>
      id === undefined
        ? { name: "list_values", fields: { key: traceableKey(key), page: within.pagination?.page } }
        : { name: "get_value", fields: { key: traceableKey(key), id } },
  },
  refresh: {
    target: "vantage_live::read",
    start: ({ within }) => ({ name: "refresh", fields: { page: within.pagination?.page } }),
    end: outcome("refreshed"),
  },
  some: { target: "vantage_live::read", start: () => ({ name: "get_some_value", fields: {} }), end: outcome("passed") },
  window: {
    target: "vantage_live::read",
    start: ({ offset, limit }) => ({ name: "window", fields: { offset, limit } }),
  },
  count: {
    target: "vantage_live::read",
    start: ({ key }) => ({ name: "get_count", fields: { key: traceableKey(key) } }),
  },
  load: {
    target: "vantage_live::read",
    start: ({ key, holes }) => ({ name: "load", fields: { key: traceableKey(key), holes } }),
    end: outcome("answered"),
  },
  write: {
    target: "vantage_live::write",
    start: (op) => ({
      name: op.kind === "delete" || op.kind === "deleteAll" ? verbOf(op) : `${verbOf(op)}_value`,
      fields: opFields(op),
    }),
    end: outcome("applied"),
  },
  apply: {
    target: "vantage_live::queue",
    start: (op) => ({ name: "apply", fields: opFields(op) }),
    row: rowText,
    end: outcome("applied"),
  },
  get: ofCache("get", (held) => held === undefined ? "miss" : "hit"),
  fence: ofCache("fence", () => "fenced"),
  put: ofCache("put", (stored) => stored === true ? "populated" : "fenced"),
  invalidatePrefix: ofCache("invalidate_prefix", () => "invalidated"),
  log: ofCache("log", () => "logged"),
  receive: {
    target: "vantage_live::stream",
    start: ({ kind, id }) => ({ name: "handle_live_event", fields: { event_kind: kind, id } }),
    end: outcome("invalidated"),
  },
  request: {
    target: "vantage_live::server",
    start: ({ method }) => ({ name: "request", fields: { method } }),
    end: (answer) => {
      const { status, ok } = answer as Response; // What a handler answers with.
      return { status, outcome: ok ? "answered" : "refused" };
    },
  },
};

function ofCache(name: string, outcomeOf: (answer: unknown) => string): SpanKind<string> {
  return {
    target: "vantage_live::cache",
    start: (key) => ({ name, fields: { key: traceableKey(key) } }),
    end: (answer) => ({ outcome: outcomeOf(answer) }),
  };
}

function outcome(text: string): () => TraceFields {
  return () => ({ outcome: text });
}
