import type { TracedOp, TraceFields } from "./tracer.ts";

/** What is done, as traces name it: `insert_return_id`. */
export function verbOf({ kind }: TracedOp): string {
  return kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The facts of a write. */
export function opFields(op: TracedOp): TraceFields {
  return op.id === undefined ? { op: verbOf(op) } : { op: verbOf(op), id: op.id };
}

/** The row that is written, or the columns, as JSON. */
export function rowText({ row, partial }: TracedOp): string | undefined {
  return JSON.stringify(row ?? partial, (_, value: unknown) => typeof value === "bigint" ? `${value}n` : value);
}
