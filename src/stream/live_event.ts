import { describe } from "../base/describe.ts";
import { holdsMutable, type Row, toRow } from "../table/row.ts";

/**
 * A change at the master. `changed` does not say what changed; it also replaces events that a subscriber missed. The
 * row of an event may be older than the stored one.
 */
export type LiveEvent =
  | { readonly kind: "changed" }
  | {
    readonly kind: "inserted" | "updated" | "deleted";
    readonly id: string;
    /** The row as it was after the change. */
    readonly row?: Row | undefined;
    /**
     * The columns that changed since the event before it of this row, and no others; absent if that is not known, as where
     * that event may arrive later.
     */
    readonly columns?: readonly string[] | undefined;
  };

/** All kinds of events. */
export const EVENT_KINDS = ["changed", "inserted", "updated", "deleted"] as const;

/**
 * Checks an event and returns a frozen copy.
 *
 * @throws {TypeError} if its kind is unknown, its id is missing, its row is not a row, or its columns are no names; the
 * message names what was found.
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
  const { id, row, columns } = event;
  return Object.freeze({
    kind: event.kind,
    id,
    ...(row !== undefined && { row: toRow(row) }),
    ...(columns !== undefined && { columns: toColumns(columns) }),
  });
}

function toColumns(columns: unknown): readonly string[] {
  if (Array.isArray(columns) && columns.every((column) => typeof column === "string")) {
    return Object.freeze([...columns]);
  }
  throw new TypeError(`The columns of an event must be an array of strings, got ${describe(columns)}`);
}

const CHANGED: LiveEvent = Object.freeze({ kind: "changed" });

/** The same event for another reader: values of its row that cannot be frozen (dates, bytes) are copied. */
export function shareLiveEvent(event: LiveEvent): LiveEvent {
  if (event.kind === "changed" || event.row === undefined || !holdsMutable(event.row)) return event;
  return Object.freeze({ ...event, row: toRow(event.row) });
}
