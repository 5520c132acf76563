import { useMemo } from "react";
import type { LiveHandle } from "../live/live_handle.ts";
import type { LiveSnapshot } from "../live/live_snapshot.ts";
import type { Row } from "../table/row.ts";
import type { RowOf } from "../table/row_of.ts";
import { checked } from "./checked.ts";
import { useStore } from "./use_rows.ts";

/** What is known of one row. */
export interface RowSnapshot<R extends object = Row>
  extends Pick<LiveSnapshot<R>, "status" | "fetchStatus" | "error" | "fetchedAt"> {
  /** The row; `undefined` while it is not known, and if there is none: then `status` is `"success"`. */
  readonly row: RowOf<R> | undefined;
  /** Whether it is shown with a write that the master has not confirmed. */
  readonly isPending: boolean;
}

/**
 * What `handle.getValue(id)` would answer with, kept up to date while the component is on the screen. Only this row is read,
 * unless a list has it.
 *
 * @throws {TypeError} if there is no handle of a live table, or the id is not a string.
 *
 * @example One row
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useRow } from "@vantage/live/react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * function Name({ id }: { id: string }): string {
 *   const { row, status } = useRow(products, id);
 *   if (status === "pending") return "…";
 *   return row === undefined ? "There is no such product" : String(row.name);
 * }
 * ```
 */
export function useRow<R extends object = Row>(handle: LiveHandle<R>, id: string): RowSnapshot<R> {
  const snapshot = useStore(checked("useRow", handle, "observeRow").observeRow(id).store);
  return useMemo(() => rowIn(snapshot, id), [snapshot, id]);
}

function rowIn<R extends object>(snapshot: LiveSnapshot<R>, id: string): RowSnapshot<R> {
  const { rows, status, fetchStatus, error, fetchedAt, pending } = snapshot;
  return { row: rows?.get(id), isPending: pending.has(id), status, fetchStatus, error, fetchedAt };
}
