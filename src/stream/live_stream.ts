import type { LiveEvent } from "./live_event.ts";

/** Options of a subscription. */
export interface SubscribeOptions {
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether the process may exit while this subscription waits for a connection, where the runtime can do that. Default
   * `false`. For subscriptions whose events no caller awaits, as that of a `LiveTable`.
   */
  readonly background?: boolean | undefined;
}

/**
 * A source of events about the rows of one table.
 *
 * - A subscription is live when `subscribe` returns: nothing that happens after that is missed.
 * - Events may come late, twice, or in another order than they happened.
 * - When a subscription ends or fails, events may be missed from then on: that is a gap, and the subscriber's business.
 * - What a subscriber does not read in time is not kept for ever: beyond a bound it hears `changed` instead.
 * - An aborted `signal`, or cancelling the stream, ends the subscription and releases what it holds.
 */
export interface LiveStream {
  /** Whether events come in the order in which they happened, each once, with rows that are never older than before. */
  readonly ordered?: boolean | undefined;
  /** A subscription of its own. */
  subscribe(options?: SubscribeOptions): ReadableStream<LiveEvent>;
  /**
   * Makes waiting for a connection keep the process alive though all subscriptions are in the background, until the
   * function that it answers with is called. For who passes on what such a subscription brings, as `LiveTable.events` does,
   * while somebody reads it. A stream that never waits needs none.
   */
  hold?(): () => void;
}
