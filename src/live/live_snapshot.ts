import { EMPTY_SET } from "../base/frozen_set.ts";
import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import { sameIds } from "./same_rows.ts";

/**
 * What a watched handle shows, as one frozen object. A new one is made only when something visible has changed; rows that
 * did not change are the same objects in both, and so are the `rows` if none of them did.
 *
 * - `pending`: there are no rows yet.
 * - `success`: the last read answered with `rows`.
 * - `error`: the last read failed with `error`; `rows` are those from before, if there were any. Once the table is closed,
 *   the error is a `ClosedError`.
 *
 * @example Show what is known
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * await using products = new LiveTable(master, "products", new MemCache());
 * using observer = products.observe();
 *
 * assert.equal(observer.getSnapshot().status, "pending");
 * await observer.ready();
 * const snapshot = observer.getSnapshot();
 * assert(snapshot.status === "success");
 * assert.deepEqual(snapshot.rows.get("a"), { name: "Bun" });
 * ```
 */
export type LiveSnapshot<R extends object = Row> =
  & {
    /** Whether the master is being asked for newer rows. */
    readonly fetchStatus: "idle" | "fetching";
    /** Grows by one with each snapshot. */
    readonly revision: number;
    /** Grows by one when ids come, go or move: the same number means the same ids in the same order. */
    readonly layoutRevision: number;
    /**
     * The ids of the rows that are shown with a write that the master has not confirmed; empty unless the table is
     * `optimistic`.
     */
    readonly pending: ReadonlySet<string>;
  }
  & (
    | {
      readonly status: "pending";
      readonly rows: undefined;
      readonly error: undefined;
      readonly fetchedAt: undefined;
    }
    | {
      readonly status: "success";
      readonly rows: Rows<R>;
      readonly error: undefined;
      /** When the master was asked for the rows, in milliseconds since the epoch. */
      readonly fetchedAt: number;
    }
    | {
      readonly status: "error";
      readonly rows: Rows<R> | undefined;
      readonly error: unknown;
      readonly fetchedAt: number | undefined;
    }
  );

/** What can be seen in a snapshot. */
type Visible = Omit<{ readonly [name in keyof LiveSnapshot]: LiveSnapshot[name] }, "revision" | "layoutRevision">;

const VISIBLE = ["rows", "status", "fetchStatus", "error", "fetchedAt", "pending"] satisfies (keyof Visible)[];

/** The snapshot before anything is known. */
export const NOTHING_YET: LiveSnapshot = Object.freeze({
  status: "pending",
  rows: undefined,
  error: undefined,
  fetchedAt: undefined,
  fetchStatus: "idle",
  revision: 0,
  layoutRevision: 0,
  pending: EMPTY_SET,
});

/** The first snapshot of rows that were read. */
export function shownSnapshot({ rows, fetchedAt }: { readonly rows: Rows; readonly fetchedAt: number }): LiveSnapshot {
  return nextSnapshot(NOTHING_YET, { status: "success", rows, fetchedAt });
}

/** The snapshot that shows `changes` on top of `before`; `before` itself if there is nothing new to see. */
export function nextSnapshot(before: LiveSnapshot, changes: Partial<Visible>): LiveSnapshot {
  const after = { ...before, ...changes };
  if (sameItems(before.pending, after.pending)) after.pending = before.pending;
  if (VISIBLE.every((name) => Object.is(before[name], after[name]))) return before;
  const moved = !sameIds(before.rows, after.rows);
  return Object.freeze({
    ...after,
    revision: before.revision + 1,
    layoutRevision: before.layoutRevision + (moved ? 1 : 0),
  }) as LiveSnapshot; // Rows and a time come together, with `status: "success"`.
}

function sameItems<T>(one: ReadonlySet<T>, other: ReadonlySet<T>): boolean {
  if (one === other) return true;
  if (one.size !== other.size) return false;
  for (const item of one) if (!other.has(item)) return false;
  return true;
}
