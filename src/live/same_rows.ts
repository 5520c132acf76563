import { type Row, sameRow } from "../table/row.ts";
import { replaceRows, type Rows, rowsOf } from "../table/rows.ts";

/** Whether both have the same ids in the same order. */
export function sameIds(before: Rows | undefined, now: Rows | undefined): boolean {
  if (before === undefined || now === undefined) return before === now;
  if (before.size !== now.size) return false;
  const ids = now.keys();
  for (const id of before.keys()) if (id !== ids.next().value) return false;
  return true;
}

/**
 * The rows of `now`, where each row that equals the one before is the same object as before; `before` itself if all of
 * them do, in the same order.
 */
export function keepSameRows(before: Rows | undefined, now: Rows): Rows {
  if (before === undefined || before === now) return now;
  const rows = new Map<string, Row>();
  let unchanged = sameIds(before, now);
  let asNow = true;
  for (const [id, row] of now) {
    const known = before.get(id);
    const kept = known !== undefined && sameRow(known, row) ? known : row;
    unchanged &&= kept === known;
    asNow &&= kept === row;
    rows.set(id, kept);
  }
  if (unchanged) return before;
  return asNow ? now : rowsOf(rows);
}

/**
 * The stale rows of `now`, where each that has changed since is the one before: that may have the change already, and is
 * shown until the newest is known.
 */
export function keepOutdatedRows(before: Rows | undefined, now: Rows, isOutdated: (id: string) => boolean): Rows {
  if (before === undefined) return now;
  const kept = new Map<string, Row>();
  for (const id of now.keys()) {
    const known = before.get(id);
    if (known !== undefined && isOutdated(id)) kept.set(id, known);
  }
  return kept.size === 0 ? now : replaceRows(now, kept);
}
