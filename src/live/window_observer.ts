import { dispose } from "../base/dispose.ts";
import type { Row } from "../table/row.ts";
import { checkListener, once } from "./live_observer.ts";
import type { WatchedWindow } from "./watched_window.ts";
import type { WindowSnapshot } from "./window_snapshot.ts";

/** How a window moves. */
export interface WindowOptions {
  /** In steps of how many rows: the first window has so many. */
  readonly size: number;
}

/** Shows a part of a set, and keeps it up to date while there are listeners. Its functions need no `this`. */
export interface WindowObserver<R extends object = Row> extends Disposable {
  /** What is known now. The same object until something visible has changed. */
  readonly getSnapshot: () => WindowSnapshot<R>;
  /** As {@linkcode LiveStore.subscribe}; a listener is called once after it has subscribed. */
  readonly subscribe: (listener: () => void) => () => void;
  /**
   * Moves the window to where the rows from `start` up to `end` are, not included, in steps of `size`. What is being read for
   * another place is not waited for. A place beyond the end of the set has no rows.
   *
   * @throws {RangeError} if they are no whole numbers of at least 0, or more than 10 000 rows apart.
   */
  readonly show: (start: number, end: number) => void;
}

/** An observer of a window. */
export function windowObserverOf(watched: WatchedWindow): WindowObserver {
  return Object.freeze({
    getSnapshot: () => watched.getSnapshot(),
    subscribe: (listener: () => void) => once(watched.subscribe(checkListener(listener))),
    show: (start: number, end: number) => watched.show(start, end),
    [dispose]: () => watched.leave(),
  });
}
