import type { Trace } from "../../trace/trace.ts";
import type { TraceFields } from "../../trace/tracer.ts";

/** Tells that something of a cache had to be given up. */
export function tellDamage(trace: Trace | undefined, name: string, fields: TraceFields): void {
  trace?.event({ target: "vantage_live::cache", level: "warn", name, fields });
}
