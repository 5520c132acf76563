import { EMPTY_SET, frozenSet } from "../base/frozen_set.ts";
import type { ClosedError } from "../table/errors.ts";
import { shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import { wholeNumber } from "../base/whole_number.ts";
import { Lifetime } from "./lifetime.ts";
import { listenerFailed } from "./listener_failed.ts";
import type { TableWindow, WindowRequest } from "./read_request.ts";
import { RepeatedRead } from "./repeated_read.ts";
import { keepSameRows, sameIds } from "./same_rows.ts";
import { type Listener, NEVER_SEEN, Subscriptions } from "./subscriptions.ts";
import type { WatchOptions } from "./watched_rows.ts";
import type { WindowOptions } from "./window_observer.ts";
import { nextWindow, NO_WINDOW, shiftOf, type WindowSnapshot } from "./window_snapshot.ts";
import { checkWindow } from "./windows.ts";

/** The set that a window looks into. */
export type WindowSet = Pick<WindowRequest, "within" | "policy" | "counted">;

/** What is known of the windows that are watched. */
export interface WindowOwner {
  /** Why nothing can be watched any more. */
  readonly closed: ClosedError | undefined;
  /** Its first listener has subscribed. */
  windowBegan(window: WatchedWindow): void;
  /** It has no listeners any more. */
  windowStopped(window: WatchedWindow): void;
}

/** A window, and how many rows it was to have. */
interface Found extends TableWindow {
  readonly limit: number;
}

/**
 * A window into a set, for one observer: where it is, and what it shows. While it has listeners it reads: at first, when it has
 * moved, and after each change that the table publishes. What the cache has of its pages costs no read of the master.
 */
export class WatchedWindow {
  readonly #set: WindowSet;
  readonly #size: number;
  readonly #options: WatchOptions;
  readonly #owner: WindowOwner;
  readonly #subscriptions: Subscriptions;
  readonly #lifetime: Lifetime;
  readonly #read: RepeatedRead<Found>;
  readonly #leaves = new Set<() => void>();
  #offset = 0;
  #limit: number;
  #snapshot = NO_WINDOW;
  #stopListening: (() => void) | undefined;

  constructor(set: WindowSet, { size }: WindowOptions, options: WatchOptions, owner: WindowOwner) {
    wholeNumber("size", size);
    checkWindow(0, size);
    this.#set = set;
    this.#size = this.#limit = size;
    this.#options = options;
    this.#owner = owner;
    this.#subscriptions = new Subscriptions({
      revision: () => this.#snapshot.revision,
      onFailure: (error) => listenerFailed(options, { target: "vantage_live::read", key: set.counted.key, error }),
    });
    this.#lifetime = new Lifetime({
      onBegin: () => this.#begin(),
      onEnd: () => this.#stop(),
      hold: () => options.events.hold(),
      clock: options.clock,
    });
    this.#read = new RepeatedRead({
      ...options,
      read: (call) => this.#find(call),
      onAnswer: (found) => this.#take(found),
      onFailure: (error) => this.#show({ status: "error", error, ...this.#idleUnlessDue() }),
      isWanted: () => this.#lifetime.isOn,
    });
  }

  /** What is known. */
  getSnapshot(): WindowSnapshot {
    const { closed } = this.#owner;
    if (closed !== undefined) this.end(closed);
    return this.#snapshot;
  }

  /** Calls `listener` once, and after each change of the snapshot. */
  subscribe(listener: Listener): () => void {
    const remove = this.#subscriptions.add(listener, NEVER_SEEN);
    if (this.#owner.closed !== undefined) return remove;
    const exit = this.#lifetime.enter();
    const leave = (): void => {
      if (!this.#leaves.delete(leave)) return;
      remove();
      exit();
    };
    this.#leaves.add(leave);
    return leave;
  }

  /** Ends all subscriptions. */
  leave(): void {
    for (const leave of this.#leaves) leave();
  }

  /** Moves the window. */
  show(start: number, end: number): void {
    wholeNumber("start", start, 0);
    wholeNumber("end", end, start);
    const size = this.#size;
    const offset = Math.floor(start / size) * size;
    const limit = Math.max(size, Math.ceil(end / size) * size - offset);
    if (offset === this.#offset && limit === this.#limit) return;
    checkWindow(offset, limit);
    this.#offset = offset;
    this.#limit = limit;
    if (!this.#lifetime.isOn) return;
    this.#read.abort();
    this.#show({ fetchStatus: "fetching" });
    this.#read.again();
  }

  /** Other writes are pending. Cells show them at once; what comes, goes or moves is read first, with the size of the set. */
  overlay(): void {
    const { rows, offset } = this.#snapshot;
    const range = { skip: offset, limit: Math.max(rows.size, 1) };
    const shown = this.#options.overlay?.show({ within: this.#set.within, id: undefined, range }, rows).rows ?? rows;
    const known = keepSameRows(rows, shareRows(shown));
    if (sameIds(rows, known)) this.#show({ rows: known, pending: this.#pendingIn(known) });
    this.#read.again();
  }

  /** Ends it for good: from the call on nothing is read, and no answer is shown. */
  end(error: ClosedError): void {
    if (this.#snapshot.error === error) return;
    this.#lifetime.end();
    this.#read.abort();
    this.#show({ status: "error", fetchStatus: "idle", error });
  }

  #begin(): void {
    this.#stopListening = this.#options.changes.onRecorded(() => this.#read.again());
    this.#owner.windowBegan(this);
    if (this.#snapshot.status === "pending") this.#show({ fetchStatus: "fetching" });
    this.#read.again();
  }

  #stop(): void {
    this.#stopListening?.();
    this.#owner.windowStopped(this);
    this.#read.stop();
    this.#read.abort();
    this.#show({ fetchStatus: "idle" });
  }

  async #find(call: CallOptions): Promise<Found> {
    const [offset, limit] = [this.#offset, this.#limit];
    // What is stale is being read again: no event tells of pages, so it is looked for again.
    const onStale = (): void => call.onUnsettled?.();
    const found = await this.#options.windows({ ...this.#set, offset, limit }, { ...call, onStale });
    return { ...found, limit };
  }

  #take({ rows: found, offset, total, limit }: Found): void {
    const before = this.#snapshot;
    const rows = keepSameRows(before.rows, found);
    const known = offset + rows.size + (rows.size === limit ? 1 : 0);
    this.#show({
      status: "success",
      error: undefined,
      rows,
      offset,
      total,
      count: total ?? Math.max(known, rows.size === 0 ? 0 : before.count),
      shift: before.shift + shiftOf(before, { rows, offset }),
      pending: this.#pendingIn(rows),
      ...this.#idleUnlessDue(),
    });
  }

  #pendingIn(rows: WindowSnapshot["rows"]): ReadonlySet<string> {
    const { overlay } = this.#options;
    const before = this.#snapshot.pending;
    const pending = overlay === undefined ? [] : [...rows.keys()].filter((id) => overlay.isPending(id));
    if (pending.length === before.size && pending.every((id) => before.has(id))) return before;
    return pending.length === 0 ? EMPTY_SET : frozenSet(pending);
  }

  #idleUnlessDue(): { readonly fetchStatus?: "idle" } {
    return this.#read.isDue ? {} : { fetchStatus: "idle" };
  }

  #show(changes: Partial<WindowSnapshot>): void {
    this.#snapshot = nextWindow(this.#snapshot, changes);
    this.#subscriptions.announce();
  }
}
