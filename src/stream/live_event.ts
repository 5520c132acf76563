import { describe, type Row } from "../table/row.ts";

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
 * The event itself, checked.
 *
 * @throws {TypeError} if its kind is unknown, or it needs an id and has none; the message names what was found.
 */
export function toLiveEvent(event: LiveEvent): LiveEvent {
  const kind: unknown = event?.kind;
  if (!EVENT_KINDS.some((known) => known === kind)) {
    throw new TypeError(`Unknown kind of event ${describe(kind)}; accepted are ${EVENT_KINDS.join(", ")}`);
  }
  if (event.kind !== "changed" && typeof event.id !== "string") {
    throw new TypeError(`An event of kind ${describe(kind)} needs an id that is a string, got ${describe(event.id)}`);
  }
  return event;
}
