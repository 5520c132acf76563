import { Line } from "../base/line.ts";
import { andThen, type MaybePromise } from "../base/maybe_promise.ts";
import { ClosedError } from "../table/errors.ts";
import type { Row } from "../table/row.ts";
import { type Rows, rowsOf, shareRows } from "../table/rows.ts";
import { type LiveObserver, observerOf } from "./live_observer.ts";
import type { LiveSnapshot } from "./live_snapshot.ts";
import type { ListRequest, RowRequest } from "./read_request.ts";
import { WatchedRows, type WatchOptions, type WatchOwner } from "./watched_rows.ts";
import { watchStream } from "./watch_stream.ts";

/** For how many keys without listeners the last snapshot is remembered. */
const MAX_IDLE = 100;

/** All that is watched of one LiveTable: one {@linkcode WatchedRows} for each key and policy, whatever handles they are watched through. */
export class Watches implements WatchOwner {
  readonly #options: WatchOptions;
  readonly #byKey = new Map<string, WatchedRows>();
  readonly #active = new Set<WatchedRows>();
  /** Those without listeners; the one that was used last is at the end. */
  readonly #idle = new Line<WatchedRows>();
  /** How often other rows were taken to be shown. */
  taken = 0;
  #closed: ClosedError | undefined;

  constructor(options: WatchOptions) {
    this.#options = options;
    options.overlay?.onChange((recorded) => {
      for (const watched of this.#active) watched.overlay(recorded);
      for (const watched of this.#byKey.values()) if (!this.#active.has(watched)) watched.overlay(recorded);
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
  observe(request: ListRequest): LiveObserver {
    return observerOf(this.#of(request));
  }

  /** The snapshots of those rows. Nothing is read before the first is asked for. */
  stream(request: ListRequest): ReadableStream<LiveSnapshot> {
    return watchStream(this.#of(request));
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
    for (const watched of [...this.#active, ...this.#byKey.values()]) watched.end(closed);
  }

  #of(request: ListRequest): WatchedRows {
    const known = this.#byKey.get(keyOf(request));
    if (known !== undefined && this.#active.has(known)) return known;
    const watched = known ?? new WatchedRows(request, this.#options, this);
    this.#byKey.set(keyOf(request), watched);
    this.#rest(watched);
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

function keyOf({ key, policy }: ListRequest): string {
  return `${policy.name} ${key}`;
}
