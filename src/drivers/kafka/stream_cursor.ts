import type { MaybePromise } from "../../base/maybe_promise.ts";
import type { SubscribeOptions } from "../../stream/live_stream.ts";

/**
 * How far a subscriber has applied the events of a stream. It is kept where the subscriber keeps what it has read, so
 * that both are lost, or restored from an older copy, together.
 */
export interface StreamCursor {
  /** The position that was stored last; `undefined` if there is none, or it is lost. */
  load(): MaybePromise<string | undefined>;
  /** Stores a position. Called once the subscriber has applied every event up to there. */
  store(position: string): MaybePromise<void>;
  /**
   * Called once the subscriber has applied everything that happened before it subscribed: what it missed since the
   * loaded position, or `changed` in its place.
   */
  onCaughtUp(): void;
}

/** Options of a subscription that may go on where an earlier one, also of another process, has stopped. */
export interface ResumeOptions extends SubscribeOptions {
  /**
   * Where to go on, and where to store how far the subscriber has got: it has applied an event when it asks for the
   * next.
   */
  readonly cursor?: StreamCursor | undefined;
}
