import { type Row, sameColumns } from "../table/row.ts";
import { type Rows, rowsOf } from "../table/rows.ts";
import type { LoggedChange } from "./logged_change.ts";
import type { Behind, Replayed } from "./replay.ts";
import type { RowVersions } from "./row_versions.ts";
import { sameMembership, sameOrder, type View } from "./view.ts";

/** What is known of an entry without the master, though changes have left holes in it or have made it dead. */
export interface LastKnown {
  /** The rows. None of them is from before a write that the master has confirmed. */
  readonly rows: Rows;
  /** Whether every write is in them, and where it belongs. */
  readonly hasAllWrites: boolean;
  /** Whether a row is known to have changed since. */
  readonly isOutdated: (id: string) => boolean;
}

/**
 * The rows of an entry that only the master can complete, as they were last known: those that were written are as the
 * master answered, and all others may be from before a change. `undefined` if what a write has made of the rows is unknown.
 */
export function lastKnown(
  view: View,
  behind: Behind,
  replayed: Replayed,
  versions: RowVersions | undefined,
): LastKnown | undefined {
  const { changes } = behind;
  const writes = writesLeftOut(changes, replayed);
  if (writes.length === 0) return { rows: replayed.rows, hasAllWrites: true, isOutdated: outdated(changes, replayed) };
  const rows = new Map(replayed.rows);
  const placed = new Set<LoggedChange>();
  let hasAllWrites = true;
  for (const write of writes) {
    if (versions === undefined && isOvertaking(write, changes)) return undefined;
    const outcome = place(view, rows, write, { until: behind.until, versions });
    if (outcome === "unknown") return undefined;
    hasAllWrites &&= outcome === "placed";
    if (isAnswered(write)) placed.add(write);
  }
  return { rows: rowsOf(rows), hasAllWrites, isOutdated: outdated(changes, replayed, placed) };
}

/** Which rows are known to have changed after they were put in place last. */
function outdated(
  changes: readonly LoggedChange[],
  { effects }: Replayed,
  placed: ReadonlySet<LoggedChange> = new Set(),
): (id: string) => boolean {
  let isAny = false;
  const isLate = new Map<string, boolean>();
  for (const [index, logged] of changes.entries()) {
    const { change } = logged;
    if (effects[index] === "nothing") continue;
    if (change.kind === "changed") {
      isAny = true;
      isLate.clear();
    } else isLate.set(change.id, effects[index] !== "in place" && !placed.has(logged));
  }
  return (id) => isLate.get(id) ?? isAny;
}

/** The writes that the replay has not put in place, in order. */
function writesLeftOut(changes: readonly LoggedChange[], { effects }: Replayed): readonly LoggedChange[] {
  const writes: LoggedChange[] = [];
  const placed = new Set<string>();
  for (const [index, logged] of [...changes.entries()].reverse()) {
    const { change } = logged;
    const id = change.kind === "changed" ? undefined : change.id;
    if (id !== undefined && effects[index] === "in place") placed.add(id);
    if (effects[index] === "in place" || effects[index] === "nothing" || change.cause !== "write") continue;
    if (id === undefined || !placed.has(id)) writes.push(logged);
  }
  return writes.reverse();
}

/** What tells whether a row was read before a write was answered, or after it. */
interface Overlap {
  readonly until: number;
  readonly versions: RowVersions | undefined;
}

/**
 * Puts one write in its place: `uncertain` if the rows may have another order or selection by it, or if it may not have
 * been applied, and `unknown` if a row would be from before it.
 */
function place(
  view: View,
  rows: Map<string, Row>,
  logged: LoggedChange,
  { until, versions }: Overlap,
): "placed" | "uncertain" | "unknown" {
  const { change, from } = logged;
  if (!isAnswered(logged)) return "uncertain";
  if (change.kind === "changed" || view.isCount) return "unknown";
  const { id, kind } = change;
  if (view.id !== undefined && view.id !== id) return "placed";
  const isTrusted = from !== undefined && until <= from;
  const before = rows.get(id);
  if (kind === "deleted") {
    rows.delete(id);
    return isTrusted && view.page === undefined && view.id === undefined ? "placed" : "uncertain";
  }
  // It may well be on another page.
  if (before === undefined && view.page !== undefined) return "uncertain";
  const row = rowIn(view, change.row, before);
  if (row === undefined) return "unknown";
  if (before !== undefined && versions?.compare(row, before) === "older") return "placed";
  const isMember = before !== undefined && sameMembership(view, before, row) ? true : view.matches(row);
  if (isMember === undefined) return "unknown";
  if (isMember) rows.set(id, row);
  else rows.delete(id);
  return isTrusted && isMember && before !== undefined && sameOrder(view, before, row) ? "placed" : "uncertain";
}

/** Whether the master has answered a write, and so has applied it. */
function isAnswered({ change }: LoggedChange): boolean {
  return change.cause !== "write" || change.outcome !== "unknown";
}

/** The row of a change as the view has it; `undefined` if it may have other columns there. */
function rowIn({ sameRows }: View, row: Row | undefined, before: Row | undefined): Row | undefined {
  if (row === undefined || sameRows) return row;
  return before !== undefined && sameColumns(row, before) ? row : undefined;
}

/**
 * Whether a write may have been applied before another one of its row that was answered, and so logged, before it. The log
 * tells, since the rows may have been read in between; where it was not said when the write was sent, `changes` do.
 */
function isOvertaking(
  { change, from, position, isOverlapping }: LoggedChange,
  changes: readonly LoggedChange[],
): boolean {
  if (from !== undefined || change.kind === "changed") return false;
  if (isOverlapping === true) return true;
  return changes.some(({ change: other, position: at }) =>
    at < position && other.cause === "write" && other.kind !== "changed" && other.id === change.id
  );
}
