import type { MaybePromise } from "../base/maybe_promise.ts";
import type { LiveEvent } from "./live_event.ts";

/**
 * How far a subscriber has applied the events of a stream that `resumes`. It is kept where the subscriber keeps what it has
 * read, so that both are lost, or restored from an older copy, together.
 */
export interface StreamCursor {
  /** The position that was stored last; `undefined` if there is none, or it is lost. */
  load(): MaybePromise<string | undefined>;
  /**
   * Stores a position. The stream calls it once the subscriber has applied every event up to there, which it has when it
   * asks for the next one. It never fails: what cannot be stored is lost.
   */
  store(position: string): MaybePromise<void>;
  /**
   * Called once the subscriber has applied everything that happened before it subscribed: what it missed since the loaded
   * position, or `changed` in its place.
   */
  onCaughtUp(): void;
}

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the process may exit while this subscription waits for a connection, where the runtime supports that.
   * Default `false`. For subscriptions whose events no caller awaits, such as that of a `LiveTable`.
   */
  readonly background?: boolean | undefined;
  /**
   * Where to go on, in a stream that `resumes`, and where to store how far the subscriber has got. Only for subscribers that
   * have applied an event when they ask for the next one. Other streams ignore it.
   */
  readonly cursor?: StreamCursor | undefined;
}

/**
 * A source of events about the rows of one table.
 *
 * - A subscription is active when `subscribe` returns: no later change is missed.
 * - Events may arrive late, twice, or out of order.
 * - When a subscription ends or fails, later events may be missed: that is a gap, which the subscriber must handle.
 * - The buffer of a subscriber is bounded: beyond the bound, it receives `changed` in place of the missed events.
 * - Aborting `signal`, or cancelling the stream, ends the subscription and releases its resources.
 */
export interface LiveStream {
  /**
   * Whether the row of an event is at least as new as every read of the master, and every answer to a write, that ended
   * before the event arrived; default `false`. So it is where the master itself emits the event before it answers. Rows of
   * other streams are used only if `versionOf` says that they are newer.
   */
  readonly ordered?: boolean | undefined;
  /**
   * Whether events arrive now, if the stream knows: a subscription may stay open while a connection is lost. For those who
   * look at it from outside, such as `LiveTable.stats()`.
   */
  readonly isLive?: boolean | undefined;
  /**
   * The name of what the stream reads, if it can go on where a subscriber stopped, also one of an earlier process: positions of
   * streams with another name mean nothing to it. To a subscription with a `cursor`, it sends what happened since the position
   * there, or else `changed`, and calls `onCaughtUp`.
   */
  readonly resumes?: string | undefined;
  /**
   * The cache in whose log the events were before they were emitted. A table on that cache does not log them again, and
   * after a gap keeps its entries, since the log has what was missed.
   */
  readonly logOf?: object | undefined;
  /** A new subscription to all later events. */
  subscribe(options?: SubscribeOptions): ReadableStream<LiveEvent>;
  /**
   * Keeps the process alive while the stream waits for a connection, even if all subscriptions are in the background,
   * until the returned function is called. For code that forwards the events of a background subscription to a reader,
   * as `LiveTable.events` does. Streams that never wait do not need it.
   */
  hold?(): () => void;
}
