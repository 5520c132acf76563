import { dispose } from "../base/dispose.ts";
import { describe } from "../base/describe.ts";
import type { Row } from "../table/row.ts";
import type { LiveSnapshot } from "./live_snapshot.ts";
import { NEVER_SEEN } from "./subscriptions.ts";
import type { WatchedRows } from "./watched_rows.ts";

/**
 * Shows what a handle would list, and keeps it up to date while there are listeners. What user interfaces connect to: its
 * functions need no `this`, so they can be passed on as they are.
 *
 * Observers of the same rows of one table share what they show, and one read.
 *
 * @example A snapshot for each change
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }], ["b", { name: "Roll" }]] });
 * await using products = new LiveTable(master, "products", new MemCache());
 * using observer = products.observe();
 *
 * await observer.ready();
 * const before = observer.getSnapshot().rows;
 * const changed = new Promise<void>((resolve) => observer.subscribe(resolve));
 * await products.patchValue("a", { name: "Bagel" });
 * await changed;
 * await observer.ready();
 *
 * assert.equal(observer.getSnapshot().rows?.get("b"), before?.get("b")); // the same object
 * ```
 */
export interface LiveObserver<R extends object = Row> extends LiveStore<R>, Disposable {
  /**
   * What all observers of the same rows share: the same object for each of them, whatever handle it was made by, as long as
   * something subscribes to it. For user interfaces that ask for it in each render. It calls a listener once after it has
   * subscribed, since it does not know what the listener has seen; the observer's own end ends nothing of it.
   */
  readonly store: LiveStore<R>;
}

/** What an observer shows: the functions that user interfaces ask for. They need no `this`. */
export interface LiveStore<R extends object = Row> {
  /** What is known now. The same object until something visible has changed. */
  readonly getSnapshot: () => LiveSnapshot<R>;
  /**
   * What is rendered on a server, and once more in the browser to be compared with that: the rows that `importShown()` has
   * brought, or else those that are known. What has failed is `pending`.
   */
  readonly getServerSnapshot: () => LiveSnapshot<R>;
  /**
   * Calls `listener` after each change of the snapshot, and returns a function that ends the subscription.
   *
   * The first subscription starts reading: at once, and again after each change of the table. Reading ends a moment after
   * the last has ended. Listeners are called in the order in which they subscribed, never within another call, and once
   * for several changes in a row. A listener that subscribes twice is called twice. What a listener throws is traced and
   * counted (`stats().listenerFailures`), and affects no other.
   *
   * @throws {TypeError} if `listener` is not a function.
   */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Resolves when there are rows to show, and rejects with the error if there are none since reading failed; with a
   * `ClosedError` once the table is closed. If nothing is being read, and what was shown last may be outdated, it reads once,
   * without subscribing. It is the same promise until it settles, and then until a change is known.
   */
  readonly ready: () => Promise<void>;
}

/** A new observer of what is watched. */
export function observerOf(watched: WatchedRows): LiveObserver {
  const leaves = new Set<() => void>();
  const { store } = watched;
  /** The snapshot may change between the first drawing and the subscription. */
  let seen: number | undefined;
  return Object.freeze({
    ...store,
    store,
    getSnapshot: () => {
      const snapshot = watched.getSnapshot();
      seen = snapshot.revision;
      return snapshot;
    },
    subscribe: (listener: () => void) => {
      const end = watched.subscribe(checkListener(listener), seen);
      const leave = (): void => {
        if (leaves.delete(leave)) end();
      };
      leaves.add(leave);
      return leave;
    },
    /** Ends all subscriptions that were made through this observer. */
    [dispose]: () => {
      for (const leave of leaves) leave();
    },
  });
}

/** What all observers of what is watched share. */
export function storeOf(watched: WatchedRows): LiveStore {
  return Object.freeze({
    getSnapshot: () => watched.getSnapshot(),
    getServerSnapshot: () => watched.getServerSnapshot(),
    subscribe: (listener: () => void) => once(watched.subscribe(checkListener(listener), NEVER_SEEN)),
    ready: () => watched.ready(),
  });
}

/**
 * The listener itself.
 *
 * @throws {TypeError} if it is not a function.
 */
export function checkListener(listener: () => void): () => void {
  if (typeof listener === "function") return listener;
  throw new TypeError(`A listener must be a function, got ${describe(listener)}`);
}

/** A function that calls another one when it is first called. */
export function once(end: () => void): () => void {
  let isOver = false;
  return () => {
    if (!isOver) end();
    isOver = true;
  };
}
