import type { LiveEvent } from "../stream/live_event.ts";
import { toRow } from "../table/row.ts";

/** What made a change known. */
export type ChangeSource =
  | {
    readonly cause: "write";
    /** The id of the write, which is also its idempotency key. */
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
 * What is known to have happened to the rows of one table: a {@linkcode LiveEvent} (what, and which row), since when it is
 * known, in milliseconds since the epoch, and from whom.
 */
export type Change = LiveEvent & { readonly at: number } & ChangeSource;

/** The same change for one more reader: dates and bytes in its row, which cannot be frozen, are copies. */
export function shareChange(change: Change): Change {
  if (change.kind === "changed" || change.row === undefined) return change;
  return { ...change, row: toRow(change.row) };
}
