/**
 * Hooks for React 18 and 19: rows that are shown, and shown again when they change.
 *
 * @example A list
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useRows } from "@vantage/live/react";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * const products = new LiveTable(master, "products", new MemCache());
 *
 * function ProductNames(): string {
 *   const { rows } = useRows(products.orderBy("name"));
 *   return rows === undefined ? "…" : Array.from(rows.values(), ({ name }) => name).join();
 * }
 * ```
 *
 * @module
 */

export { useRows } from "./use_rows.ts";
export { type RowSnapshot, useRow } from "./use_row.ts";
export { useRowsSuspense } from "./use_rows_suspense.ts";
export { type DeferredSnapshot, useDeferredRows } from "./use_deferred_rows.ts";
export { type ListWindow, useWindow } from "./use_window.ts";
export { useWrites } from "./use_writes.ts";
