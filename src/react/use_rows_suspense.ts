import type { LiveHandle } from "../live/live_handle.ts";
import type { LiveSnapshot } from "../live/live_snapshot.ts";
import type { Row } from "../table/row.ts";
import { checked } from "./checked.ts";
import { useStore } from "./use_rows.ts";

/** What became of the promises that were thrown. */
const outcomes = new WeakMap<Promise<void>, { readonly error?: unknown }>();

/**
 * The same as {@linkcode useRows}, once there are rows: until then the component suspends, and if they cannot be read it throws
 * what reading failed with, for the nearest error boundary. Rows that are shown are never taken away to be read again.
 *
 * It is the only hook that starts anything in a render: one read, shared by all who wait for the same rows, and no subscription.
 *
 * @throws {TypeError} if there is no handle of a live table.
 *
 * @example Within a boundary
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useRowsSuspense } from "@vantage/live/react";
 * import { createElement, type ReactNode, Suspense } from "react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * function Count(): string {
 *   return `${useRowsSuspense(products).rows.size} products`;
 * }
 *
 * function Page(): ReactNode {
 *   return createElement(Suspense, { fallback: "…" }, createElement(Count));
 * }
 * ```
 */
export function useRowsSuspense<R extends object = Row>(
  handle: LiveHandle<R>,
): LiveSnapshot<R> & { readonly rows: NonNullable<LiveSnapshot<R>["rows"]> } {
  const { store } = checked("useRowsSuspense", handle, "observe").observe();
  const snapshot = useStore(store);
  if (!hasRows(snapshot)) throw whatToThrow(store.ready());
  return snapshot;
}

function hasRows<S extends LiveSnapshot<R>, R extends object>(
  snapshot: S,
): snapshot is S & { readonly rows: NonNullable<S["rows"]> } {
  return snapshot.rows !== undefined;
}

/** The promise, for React to wait for it; or the error that it has rejected with. React's own `use` is not in React 18. */
function whatToThrow(ready: Promise<void>): unknown {
  const outcome = outcomes.get(ready);
  if (outcome !== undefined) return "error" in outcome ? outcome.error : ready;
  outcomes.set(ready, {});
  ready.catch((error) => outcomes.set(ready, { error }));
  return ready;
}
