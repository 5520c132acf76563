import type { Trace, TraceEvent } from "../trace/tracer.ts";
import type { Counters } from "./live_stats.ts";

/** Counts and traces what a listener has thrown: it fails nothing else. */
export function listenerFailed(
  { counters, trace }: { readonly counters: Counters; readonly trace: Trace | undefined },
  event: Pick<TraceEvent, "target" | "key" | "error">,
): void {
  counters.listenerFailures++;
  trace?.event({ level: "warn", name: "listener failed", ...event });
}
