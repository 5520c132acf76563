import type { Trace } from "../../trace/tracer.ts";

/** Reports that something of a cache had to be given up: the entry under `key`, or the whole file. */
export function reportDamage(trace: Trace | undefined, name: string, error: unknown, key?: string): void {
  trace?.event({ target: "vantage_live::cache", level: "warn", name, key, error });
}
