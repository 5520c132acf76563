import { useSyncExternalStore } from "react";
import type { LiveHandle } from "../live/live_handle.ts";
import type { LiveStore } from "../live/live_observer.ts";
import type { LiveSnapshot } from "../live/live_snapshot.ts";
import type { Row } from "../table/row.ts";
import { checked } from "./checked.ts";

/**
 * What `handle.listValues()` would answer with, kept up to date while the component is on the screen. The handle may be made
 * in the render: handles of the same rows share what they show. Rows that did not change are the same objects as before, so
 * components of rows can be memoized.
 *
 * @throws {TypeError} if there is no handle of a live table.
 *
 * @example Rows of a table
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useRows } from "@vantage/live/react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * function Count({ below }: { below: number }): string {
 *   const { rows, error } = useRows(products.where("price", "lt", below));
 *   return error === undefined ? `${rows?.size ?? "…"} products` : "They cannot be read";
 * }
 * ```
 */
export function useRows<R extends object = Row>(handle: LiveHandle<R>): LiveSnapshot<R> {
  return useStore(checked("useRows", handle, "observe").observe().store);
}

/** What a store shows. */
export function useStore<R extends object>(store: LiveStore<R>): LiveSnapshot<R> {
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
}
