import { useSyncExternalStore } from "react";
import type { LiveTable } from "../live/live_table.ts";
import type { WritesSnapshot } from "../live/watched_writes.ts";
import type { Row } from "../table/row.ts";
import { checked } from "./checked.ts";

const NO_WRITES = Object.freeze({ pending: [], failed: [], revision: 0 });

/**
 * The writes of a table that are queued or in flight, and those that have failed and are kept in its outbox, for as long as
 * they are. `table.retry(id)` and `table.discard(id)` deal with the latter.
 *
 * @throws {TypeError} if there is no live table.
 *
 * @example What is not saved yet
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useWrites } from "@vantage/live/react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * function Saving(): string {
 *   const { pending, failed } = useWrites(products);
 *   return failed.length > 0 ? `${failed.length} not saved` : pending.length > 0 ? "Saving…" : "Saved";
 * }
 * ```
 */
export function useWrites<R extends object = Row>(table: LiveTable<R>): WritesSnapshot<R> {
  const { subscribe, getSnapshot } = checked("useWrites", table, "observeWrites").observeWrites();
  return useSyncExternalStore(subscribe, getSnapshot, noWrites<R>);
}

function noWrites<R extends object>(): WritesSnapshot<R> {
  return NO_WRITES;
}
