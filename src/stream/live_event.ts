import { describe } from "../base/describe.ts";
import { holdsMutable, type Row, toRow } from "../table/row.ts";

/**
 * A change at the master. `changed` does not say what changed; it also replaces events that a subscriber missed. The
 * row of an event may be older than the stored one.
 */
export type LiveEvent =
  | { readonly kind: "changed" }
  | { readonly kind: "inserted" | "updated" | "deleted"; readonly id: string; readonly row?: Row | undefined };

/** All kinds of events. */
export const EVENT_KINDS = ["changed", "inserted", "updated", "deleted"] as const;

/**
 * Checks an event and returns a frozen copy.
 *
 * @throws {TypeError} if its kind is unknown, its id is missing, or its row is not a row; the message names what was
 * found.
 */
export function toLiveEvent(event: LiveEvent): LiveEvent {
  const kind: unknown = event?.kind;
  if (!EVENT_KINDS.some((known) => known === kind)) {
    throw new TypeError(`Unknown kind of event ${describe(kind)}; accepted are ${EVENT_KINDS.join(", ")}`);
  }
  if (event.kind === "changed") return CHANGED;
  if (typeof event.id !== "string") {
    throw new TypeError(`An event of kind ${describe(kind)} needs an id that is a string, got ${describe(event.id)}`);
  }
  const { id, row } = event;
  return Object.freeze(row === undefined ? { kind: event.kind, id } : { kind: event.kind, id, row: toRow(row) });
}

const CHANGED: LiveEvent = Object.freeze({ kind: "changed" });

/** The same event for another reader: values of its row that cannot be frozen (dates, bytes) are copied. */
export function shareLiveEvent(event: LiveEvent): LiveEvent {
  if (event.kind === "changed" || event.row === undefined || !holdsMutable(event.row)) return event;
  return Object.freeze({ ...event, row: toRow(event.row) });
}
