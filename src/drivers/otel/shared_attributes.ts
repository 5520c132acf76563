import type { TraceRecord } from "../../trace/trace_sink.ts";
import type { TraceFields } from "../../trace/tracer.ts";

/** Attributes, as OpenTelemetry has them. */
export interface SharedAttributes {
  readonly [name: string]: string | boolean | string[];
}

/** How others name what a cache is asked for. */
const OPERATIONS: { readonly [name: string]: string } = { get: "get", put: "put", invalidate_prefix: "remove" };

/**
 * The attributes that other instrumentations give to the spans of caches, which their views look for: Sentry's
 * `cache.*`, since OpenTelemetry has no convention for caches. Keys are as traces show them, without the values of
 * conditions.
 */
export function startOf({ target, name, fields }: TraceRecord): SharedAttributes {
  const operation = target === "vantage_live::cache" ? OPERATIONS[name] : undefined;
  if (operation === undefined) return {};
  return {
    "cache.operation": operation,
    "sentry.op": `cache.${operation}`,
    ...(typeof fields.key === "string" && { "cache.key": [fields.key] }),
  };
}

/**
 * The same for what is known at the end: `cache.write` is `false` for an entry that was refused, since it had changed
 * meanwhile.
 */
export function endOf({ target, name }: TraceRecord, { outcome, error }: TraceFields): SharedAttributes {
  const isOfCache = target === "vantage_live::cache";
  return {
    ...(isOfCache && name === "get" && { "cache.hit": outcome === "hit" }),
    ...(isOfCache && name === "put" && { "cache.write": outcome === "populated" }),
    ...(typeof error === "string" && { "error.type": error }),
  };
}
