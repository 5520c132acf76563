import type { OutboxEntry, Row, UnreadableEntry, WriteOp } from "@vantage/live";
import { type Json, rowToJson } from "./json_form.ts";
import { cellText, type Output, paint } from "./output.ts";

/** A write in words, as it would be typed. */
export function writeText(op: WriteOp): string {
  switch (op.kind) {
    case "insert":
      return `add ${op.id} ${valuesText(op.row)}`;
    case "replace":
      return `replace ${op.id} ${valuesText(op.row)}`;
    case "patch":
      return `patch ${op.id} ${valuesText(op.partial)}`;
    case "delete":
      return `delete ${op.id}`;
    case "insertReturnId":
      return `add ${valuesText(op.row)}`;
    case "deleteAll":
      return "delete all";
    default:
      return op satisfies never;
  }
}

/** Prints writes in an outbox, and why those failed that did. */
export function printWrites(out: Output, entries: readonly OutboxEntry[]): void {
  out.table(
    ["id", "write", "state", "attempts", "since"],
    entries.map((entry) => [entry.write.id, writeText(entry.write.op), stateOf(entry), entry.attempts, sinceOf(entry)]),
  );
  out.line();
  for (const { write: { id }, failure } of entries) {
    if (failure !== undefined) out.line(paint("red", "failed "), `${id}: ${failure.message}`);
  }
}

/** Prints the entries of an outbox that cannot be read, and why. */
export function printUnreadable(out: Output, entries: readonly UnreadableEntry[]): void {
  for (const { id, position, error } of entries) {
    out.line(
      paint("red", "unreadable "),
      `${id ?? `entry ${position}, whose id cannot be read either`}: ${messageOf(error)}`,
    );
  }
}

/** An entry that cannot be read as JSON. */
export function unreadableToJson({ id, position, error }: UnreadableEntry): Json {
  return { id: id ?? null, position, error: messageOf(error) };
}

/** A write in an outbox as JSON. */
export function writeToJson(entry: OutboxEntry): Json {
  const { write: { id, op, acceptedAt }, attempts, failure } = entry;
  return {
    id,
    kind: op.kind,
    ...("id" in op && { row: op.id }),
    ...("row" in op && { values: rowToJson(op.row) }),
    ...("partial" in op && { values: rowToJson(op.partial) }),
    state: stateOf(entry),
    attempts,
    acceptedAt: new Date(acceptedAt).toISOString(),
    ...(failure !== undefined && {
      failure: { code: failure.code, message: failure.message, effect: failure.effect, at: sinceOf(entry) },
    }),
  };
}

/** A write that was sent, and whose answer is not known, waits as well: it is sent again. */
function stateOf({ state }: OutboxEntry): string {
  return state === "accepted" ? "waiting" : state;
}

/** When it was accepted, or failed. */
function sinceOf({ write, failure }: OutboxEntry): string {
  return new Date(failure?.at ?? write.acceptedAt).toISOString();
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function valuesText(row: Row): string {
  return Object.entries(row).map(([column, value]) => `${column}=${cellText(value)}`).join(" ");
}
