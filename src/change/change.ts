import type { LiveEvent } from "../stream/live_event.ts";
import { toRow } from "../table/row.ts";

/** How a change became known. */
export type ChangeSource =
  | {
    readonly cause: "write";
    /** The id of the write, also its idempotency key. */
    readonly writeId: string;
    /** Whether the master confirmed the write, or may have applied it before it failed. */
    readonly outcome: "applied" | "unknown";
  }
  | { readonly cause: "event" }
  | {
    readonly cause: "gap";
    /** Which end of the gap: the stream ended, or a subscription begins. */
    readonly gap: "begins" | "ends";
  }
  | { readonly cause: "manual" };

/** The kinds of {@linkcode ChangeSource}: a write of this table, an event, a gap in the stream, or `invalidate()`. */
export type ChangeCause = ChangeSource["cause"];

/**
 * A change to the rows of one table: a {@linkcode LiveEvent} (what changed, and in which row), when it became known, in
 * milliseconds since the epoch, and from which source.
 */
export type Change = LiveEvent & { readonly at: number } & ChangeSource;

/** The same change for another reader: dates and bytes in its row, which cannot be frozen, are copied. */
export function shareChange(change: Change): Change {
  if (change.kind === "changed" || change.row === undefined) return change;
  return { ...change, row: toRow(change.row) };
}
