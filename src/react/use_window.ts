import { useMemo, useState, useSyncExternalStore } from "react";
import type { LiveHandle } from "../live/live_handle.ts";
import type { WindowObserver, WindowOptions } from "../live/window_observer.ts";
import { NO_WINDOW, type WindowSnapshot } from "../live/window_snapshot.ts";
import type { Row } from "../table/row.ts";
import type { RowEntry } from "../table/rows.ts";
import { checked } from "./checked.ts";

/** What a list shows that is scrolled: places from 0 to `count`, some of which have their rows. */
export interface ListWindow<R extends object = Row> extends WindowSnapshot<R> {
  /** The row at a place, with its id; `undefined` where a placeholder is to be shown. */
  readonly get: (index: number) => RowEntry<R> | undefined;
  /** The key of a place for React: the same for a row wherever it moves, and never that of another row or place. */
  readonly keyOf: (index: number) => string;
  /**
   * Reads the rows from `start` up to `end`, not included: those that are on the screen. Call it in an effect or when the list is
   * scrolled, as often as you like. The same function in each render.
   */
  readonly ensure: (start: number, end: number) => void;
}

interface Opened<R extends object> {
  readonly handle: LiveHandle<R>;
  readonly size: number;
  readonly observer: WindowObserver<R>;
}

/**
 * Rows of an endless list: those that `ensure` was called for, in steps of `size`, kept up to date while the component is on the
 * screen. Another handle begins at the top.
 *
 * @throws {TypeError} if there is no handle of a live table.
 * @throws {RangeError} if `size` is not a whole number from 1 to 10 000.
 *
 * @example The places of a list
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { useWindow } from "@vantage/live/react";
 * import { createElement, type ReactNode, useEffect } from "react";
 *
 * const products = new LiveTable(new MemTable("products"), "products", new MemCache());
 *
 * // A virtual list knows what is on the screen.
 * function List({ start, end }: { start: number; end: number }): ReactNode {
 *   const { count, get, keyOf, ensure } = useWindow(products, { size: 50 });
 *   useEffect(() => ensure(start, end), [start, end, ensure]);
 *   const places = Array.from({ length: Math.max(0, Math.min(end, count) - start) }, (_, at) => start + at);
 *   return places.map((place) => createElement("li", { key: keyOf(place) }, String(get(place)?.[1].name ?? "…")));
 * }
 * ```
 */
export function useWindow<R extends object = Row>(handle: LiveHandle<R>, { size }: WindowOptions): ListWindow<R> {
  const given = checked("useWindow", handle, "observeWindow");
  const [opened, open] = useState(() => opening(given, size));
  const isOpen = opened.size === size && opened.handle.equals(given);
  const { observer } = isOpen ? opened : opening(given, size);
  if (!isOpen) open({ handle: given, size, observer });
  const snapshot = useSyncExternalStore(observer.subscribe, observer.getSnapshot, nothingYet) as WindowSnapshot<R>; // No rows have any type.
  return useMemo(() => ({ ...snapshot, ...placesOf(snapshot), ensure: observer.show }), [observer, snapshot]);
}

function opening<R extends object>(handle: LiveHandle<R>, size: number): Opened<R> {
  return { handle, size, observer: handle.observeWindow({ size }) };
}

function nothingYet(): WindowSnapshot {
  return NO_WINDOW;
}

function placesOf<R extends object>({ rows, offset }: WindowSnapshot<R>): Pick<ListWindow<R>, "get" | "keyOf"> {
  const entries = rows.toArray();
  const get = (index: number): RowEntry<R> | undefined => entries[index - offset];
  const keyOf = (index: number): string => {
    const entry = get(index);
    return entry === undefined ? `at ${index}` : `id ${entry[0]}`;
  };
  return { get, keyOf };
}
