import type { WriteOp } from "../queue/write_op.ts";
import type { Trace } from "../trace/trace.ts";

/** The facts of an operation that a trace may tell. */
export function traceFields(op: WriteOp): { readonly op: string; readonly id?: string } {
  const name = op.kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return "id" in op ? { op: name, id: op.id } : { op: name };
}

/** The name of the span of a write, after the verb. */
export function traceName(op: WriteOp): string {
  return op.kind === "delete" || op.kind === "deleteAll" ? traceFields(op).op : `${traceFields(op).op}_value`;
}

/** Tells what is written, at the level of row contents. */
export function traceContents(op: WriteOp, trace: Trace): void {
  if (!trace.enabled("vantage_live::queue", "trace")) return;
  const row = "row" in op ? op.row : "partial" in op ? op.partial : undefined;
  if (row === undefined) return;
  const text = JSON.stringify(row, (_, value: unknown) => typeof value === "bigint" ? `${value}n` : value);
  trace.event({
    target: "vantage_live::queue",
    level: "trace",
    name: "row",
    fields: { ...traceFields(op), row: text },
  });
}
