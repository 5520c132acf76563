import { startTransition, useEffect, useState, useSyncExternalStore } from "react";
import type { LiveHandle } from "../live/live_handle.ts";
import type { LiveStore } from "../live/live_observer.ts";
import type { LiveSnapshot } from "../live/live_snapshot.ts";
import type { Row } from "../table/row.ts";
import { checked } from "./checked.ts";

/** What is shown, and whether it is of the handle that was given. */
export type DeferredSnapshot<R extends object = Row> = LiveSnapshot<R> & {
  /** Whether these are the rows of an earlier handle: those of this one are not there yet. */
  readonly isPlaceholder: boolean;
};

interface Shown<R extends object> {
  readonly store: LiveStore<R>;
  readonly snapshot: LiveSnapshot<R>;
}

/**
 * The same as {@linkcode useRows}, as a transition: while what follows from new rows is rendered, or suspends, the old content
 * stays. The rows of an earlier handle stay as well, until those of a new one are there.
 *
 * @throws {TypeError} if there is no handle of a live table.
 *
 * @example A search that does not blink
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useDeferredRows } from "@vantage/live/react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * function Found({ text }: { text: string }): string {
 *   const { rows, isPlaceholder } = useDeferredRows(products.search(text));
 *   return `${rows?.size ?? "…"} products${isPlaceholder ? ", searching" : ""}`;
 * }
 * ```
 */
export function useDeferredRows<R extends object = Row>(handle: LiveHandle<R>): DeferredSnapshot<R> {
  const { store } = checked("useDeferredRows", handle, "observe").observe();
  // Which of the two React asks for at first, it alone knows. Without a subscription, nothing here is urgent.
  const first = useSyncExternalStore(neverChanges, store.getSnapshot, store.getServerSnapshot);
  const [shown, show] = useState<Shown<R>>({ store, snapshot: first });
  useEffect(() =>
    store.subscribe(() => {
      const next = { store, snapshot: store.getSnapshot() };
      startTransition(() => show((before) => isNews(before, next) ? next : before));
    }), [store]);
  return { ...shown.snapshot, isPlaceholder: shown.store !== store };
}

function isNews<R extends object>(before: Shown<R>, next: Shown<R>): boolean {
  if (before.store === next.store) return before.snapshot !== next.snapshot;
  return before.snapshot.rows === undefined || next.snapshot.status !== "pending";
}

function neverChanges(): () => void {
  return () => {};
}
