import { EMPTY_SET } from "../base/frozen_set.ts";
import type { Row } from "../table/row.ts";
import { Rows } from "../table/rows.ts";

/**
 * What a window into a set shows, as one frozen object. A new one is made only when something visible has changed; rows that
 * did not change are the same objects in both, wherever they are.
 */
export interface WindowSnapshot<R extends object = Row> {
  /** `pending`: nothing was read yet. `error`: the last read failed; the rows are those from before, if there were any. */
  readonly status: "pending" | "success" | "error";
  /** Whether the rows of the window are being read. */
  readonly fetchStatus: "idle" | "fetching";
  /** What the last read failed with. */
  readonly error: unknown;
  /** The rows that were read last: those from `offset` on. While the window moves they are those of where it was. */
  readonly rows: Rows<R>;
  /** How many rows of the set come before them. */
  readonly offset: number;
  /** How many rows the set has; `undefined` if the master does not count, and the end was not seen. */
  readonly total: number | undefined;
  /** How many places a list of all rows has: `total`, or else one more than are known, so that it can be scrolled on. */
  readonly count: number;
  /**
   * By how many places rows that were shown have moved since the beginning, because others came or went before them. A list that
   * scrolls by the difference keeps what is on the screen where it is.
   */
  readonly shift: number;
  /** The ids of the rows that are shown with a write that the master has not confirmed. */
  readonly pending: ReadonlySet<string>;
  /** Grows by one with each snapshot. */
  readonly revision: number;
}

/** A window before anything was read. */
export const NO_WINDOW: WindowSnapshot = Object.freeze({
  status: "pending",
  fetchStatus: "idle",
  error: undefined,
  rows: Rows.from([]),
  offset: 0,
  total: undefined,
  count: 0,
  shift: 0,
  pending: EMPTY_SET,
  revision: 0,
});

const VISIBLE = ["status", "fetchStatus", "error", "rows", "offset", "total", "count", "shift", "pending"] as const;

/** The snapshot that shows `changes` on top of `before`; `before` itself if there is nothing new to see. */
export function nextWindow(before: WindowSnapshot, changes: Partial<WindowSnapshot>): WindowSnapshot {
  const after = { ...before, ...changes };
  if (VISIBLE.every((name) => Object.is(before[name], after[name]))) return before;
  return Object.freeze({ ...after, revision: before.revision + 1 });
}

/** By how many places most of the rows have moved that are in both windows. */
export function shiftOf(before: Pick<WindowSnapshot, "rows" | "offset">, after: typeof before): number {
  const places = new Map<string, number>();
  for (const id of before.rows.keys()) places.set(id, before.offset + places.size);
  const times = new Map<number, number>();
  let place = after.offset;
  for (const id of after.rows.keys()) {
    const old = places.get(id);
    if (old !== undefined) times.set(place - old, (times.get(place - old) ?? 0) + 1);
    place++;
  }
  let [shift, most] = [0, times.get(0) ?? 0];
  for (const [distance, count] of times) if (count > most) [shift, most] = [distance, count];
  return shift;
}
