import { describe } from "../base/describe.ts";
import { holdsMutable, type Row, toRow } from "../table/row.ts";

/**
 * What happened at the master. `changed` says that something did, not what: it is also what a listener hears that
 * missed events. A row carried by an event may be older than what is stored.
 */
export type LiveEvent =
  | { readonly kind: "changed" }
  | { readonly kind: "inserted" | "updated" | "deleted"; readonly id: string; readonly row?: Row | undefined };

/** The kinds of event there are. */
export const EVENT_KINDS = ["changed", "inserted", "updated", "deleted"] as const;

/**
 * A copy of an event that nobody can change, checked.
 *
 * @throws {TypeError} if its kind is unknown, it needs an id and has none, or its row is no row; the message names what was found.
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

/** The same event for one more reader: what cannot be frozen in its row (dates, bytes) is a copy. */
export function shareLiveEvent(event: LiveEvent): LiveEvent {
  if (event.kind === "changed" || event.row === undefined || !holdsMutable(event.row)) return event;
  return Object.freeze({ ...event, row: toRow(event.row) });
}
