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
  /** What happened. */
  readonly change: Change;
}
