import type { Change } from "../change/change.ts";
import type { TraceFields } from "../trace/tracer.ts";

/** What is traced of a change: what changed, in which row, and by what; never the row. */
export function changeFields(change: Change): TraceFields {
  const { kind, cause } = change;
  const what = { event_kind: kind, cause, ...(kind !== "changed" && { id: change.id }) };
  if (cause === "write") return { ...what, write: change.writeId, outcome: change.outcome };
  return cause === "gap" ? { ...what, gap: change.gap } : what;
}
