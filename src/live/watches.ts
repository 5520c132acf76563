import { Line } from "../base/line.ts";
import { andThen, type MaybePromise } from "../base/maybe_promise.ts";
import { ClosedError } from "../table/errors.ts";
import type { Row } from "../table/row.ts";
import { type Rows, rowsOf, shareRows } from "../table/rows.ts";
import { type LiveObserver, observerOf } from "./live_observer.ts";
import type { LiveSnapshot } from "./live_snapshot.ts";
import type { ListRequest, RowRequest } from "./read_request.ts";
import {
  type ShownElsewhere,
  type WatchedRequest,
  WatchedRows,
  type WatchOptions,
  type WatchOwner,
} from "./watched_rows.ts";
import { WatchedWindow, type WindowOwner, type WindowSet } from "./watched_window.ts";
import { watchStream } from "./watch_stream.ts";
import { type WindowObserver, windowObserverOf, type WindowOptions } from "./window_observer.ts";

/** For how many keys without listeners the last snapshot is remembered, and for how many rows of elsewhere. */
const MAX_IDLE = 100;

/**
 * All that is watched of one LiveTable: one {@linkcode WatchedRows} for each key and policy, whatever handles they are watched
 * through, and the windows.
 */
export class Watches implements WatchOwner, WindowOwner {
  readonly #options: WatchOptions;
  readonly #byKey = new Map<string, WatchedRows>();
  readonly #active = new Set<WatchedRows>();
  /** The windows that have listeners. */
  readonly #windows = new Set<WatchedWindow>();
  /** Those without listeners; the one that was used last is at the end. */
  readonly #idle = new Line<WatchedRows>();
  /** Rows of elsewhere that nothing was asked for yet, by their keys. */
  readonly #elsewhere = new Map<string, ShownElsewhere>();
  /** How often other rows were taken to be shown. */
  taken = 0;
  #closed: ClosedError | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    options.overlay?.onChange((recorded) => {
      for (const watched of this.#active) watched.overlay(recorded);
      for (const watched of this.#byKey.values()) if (!this.#active.has(watched)) watched.overlay(recorded);
      for (const window of this.#windows) window.overlay();
    });
  }

  get closed(): ClosedError | undefined {
    return this.#closed;
  }

  /** A row as its watchers have it, without the writes that are pending. */
  known(id: string): Row | undefined {
    for (const watched of this.#active) {
      const row = watched.known(id);
      if (row !== undefined) return row;
    }
    return undefined;
  }

  /** What the cache has at once, if a read would be answered with it. */
  peek(request: ListRequest): Rows | undefined {
    if (this.#closed !== undefined) return undefined;
    const { peek, overlay } = this.#options;
    const held = peek.lookAtOnce(request)?.rows;
    const shown = held && overlay?.show(request, held).rows;
    return shown === undefined || shown === held ? held : shareRows(shown);
  }

  /** The row that a read would be answered with if it were not to ask the master: in its entry, or in a list. */
  row(request: RowRequest, listed: (id: string) => MaybePromise<Row | undefined>): MaybePromise<Row | undefined> {
    const { peek, overlay } = this.#options;
    const { id } = request;
    const held = andThen(peek.look(request), (entry) => entry?.rows.get(id) ?? listed(id));
    return andThen(held, (row) => {
      if (overlay === undefined || row === undefined) return row ?? overlay?.made(request, id);
      return overlay.show(request, rowsOf(new Map([[id, row]]))).rows.get(id);
    });
  }

  /** A new observer of the rows that `request` reads. Nothing is read yet. */
  observe(request: WatchedRequest): LiveObserver {
    return observerOf(this.#of(request));
  }

  /** The rows that are shown, or were lately, by their keys. */
  shown(): ReadonlyMap<string, ShownElsewhere> {
    const shown = new Map<string, ShownElsewhere>();
    for (const { request, shown: rows } of this.#byKey.values()) if (rows !== undefined) shown.set(request.key, rows);
    return shown;
  }

  /** Shows rows that were read elsewhere to those who ask for their keys, until they are read here. */
  show(shown: ReadonlyMap<string, ShownElsewhere>): void {
    for (const [key, rows] of shown) this.#elsewhere.set(key, rows);
    for (const watched of this.#byKey.values()) this.#showElsewhere(watched);
    const excess = Math.max(0, this.#elsewhere.size - MAX_IDLE);
    for (const key of [...this.#elsewhere.keys()].slice(0, excess)) this.#elsewhere.delete(key);
  }

  #showElsewhere(watched: WatchedRows): void {
    const { key } = watched.request;
    const rows = this.#elsewhere.get(key);
    if (rows === undefined) return;
    this.#elsewhere.delete(key);
    watched.show(rows);
  }

  /** The snapshots of those rows. Nothing is read before the first is asked for. */
  stream(request: ListRequest): ReadableStream<LiveSnapshot> {
    return watchStream(this.#of(request));
  }

  /** A new observer of a window. Nothing is read yet. */
  observeWindow(set: WindowSet, options: WindowOptions): WindowObserver {
    return windowObserverOf(new WatchedWindow(set, options, this.#options, this));
  }

  windowBegan(window: WatchedWindow): void {
    this.#windows.add(window);
  }

  windowStopped(window: WatchedWindow): void {
    this.#windows.delete(window);
  }

  began(watched: WatchedRows): void {
    const key = keyOf(watched.request);
    this.#active.add(watched);
    this.#idle.delete(watched);
    if (!this.#byKey.has(key)) this.#byKey.set(key, watched);
  }

  stopped(watched: WatchedRows): void {
    this.#active.delete(watched);
    if (this.#byKey.get(keyOf(watched.request)) === watched) this.#rest(watched);
  }

  took(): void {
    this.taken++;
  }

  /** Ends all of it: snapshots show a `ClosedError`, streams end, and nothing is read any more. */
  close(): void {
    const closed = this.#closed = new ClosedError("Cannot watch: the table is closed");
    for (const watched of [...this.#active, ...this.#byKey.values(), ...this.#windows]) watched.end(closed);
  }

  #of(request: WatchedRequest): WatchedRows {
    const known = this.#byKey.get(keyOf(request));
    if (known !== undefined && this.#active.has(known)) return known;
    const watched = known ?? new WatchedRows(request, this.#options, this);
    this.#byKey.set(keyOf(request), watched);
    this.#rest(watched);
    this.#showElsewhere(watched);
    return watched;
  }

  #rest(watched: WatchedRows): void {
    this.#idle.delete(watched);
    this.#idle.add(watched);
    const oldest = this.#idle.size > MAX_IDLE ? this.#idle.first : undefined;
    if (oldest === undefined) return;
    this.#idle.delete(oldest);
    this.#byKey.delete(keyOf(oldest.request));
  }
}

function keyOf({ key, policy }: WatchedRequest): string {
  return `${policy.name} ${key}`;
}
