import type { Trace } from "../../trace/tracer.ts";

/** Traces that a part of a cache had to be discarded: the entry of `key`, or the whole file. */
export function reportDamage(trace: Trace | undefined, name: string, error: unknown, key?: string): void {
  trace?.event({ target: "vantage_live::cache", level: "warn", name, key, error });
}
