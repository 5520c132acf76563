import type { Change } from "./change.ts";

/** A change in the log of a scope. */
export interface LoggedChange {
  /** Its place in the log: higher than that of every change before it. */
  readonly position: number;
  /**
   * The position when the write was sent whose answer is the row of `change`. What was read from the master and stored
   * up to then is older than that row. Absent if the row may be older than what was read meanwhile.
   */
  readonly from?: number | undefined;
  /**
   * Whether another write that may be of the same row was, or may have been, logged after this one was sent: the master may
   * have applied that one later, though this one was answered later.
   */
  readonly isOverlapping?: boolean | undefined;
  /** What happened. */
  readonly change: Change;
}

/**
 * The change without its columns. While another write to its row is in flight, the columns do not say all: the state after
 * the change may have that write in it.
 */
export function withoutColumns(change: Change): Change {
  if (change.kind === "changed" || change.columns === undefined) return change;
  const { columns: _, ...others } = change;
  return others;
}

/** Whether two changes are of different writes that are, or may be, of one row. */
export function mayOverlap(one: Change, other: Change): boolean {
  if (one.cause !== "write" || other.cause !== "write" || one.writeId === other.writeId) return false;
  return mayBeSameRow(one, other);
}

/** Whether two changes are, or may be, of one row. */
export function mayBeSameRow(one: Change, other: Change): boolean {
  return one.kind === "changed" || other.kind === "changed" || one.id === other.id;
}
