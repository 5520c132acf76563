import { guardedCall } from "../../base/guarded_call.ts";
import { isPromise } from "../../base/maybe_promise.ts";
import { onAbort } from "../../base/on_abort.ts";
import { type LiveEvent, shareLiveEvent } from "../../stream/live_event.ts";
import type { StreamCursor, SubscribeOptions } from "../../stream/live_stream.ts";

/** Where the events before it have led to. */
interface Mark {
  readonly position: string;
  readonly isCaughtUp: boolean;
}

/** What a {@linkcode KafkaFollower} works with. */
export interface KafkaFollowerOptions {
  readonly cursor: StreamCursor;
  readonly signal: SubscribeOptions["signal"];
  /** The most events that wait to be read. If there are more, `changed` takes their place. */
  readonly bufferCapacity: number;
  /** Called once, when the subscription is over. */
  readonly onLeave: (follower: KafkaFollower) => void;
  /** Called with what the cursor throws. */
  readonly onError: (error: unknown) => void;
}

const CHANGED: LiveEvent = Object.freeze({ kind: "changed" });

/**
 * A subscription with a cursor. An event counts as applied when the next one is asked for, so nothing is buffered in
 * the `ReadableStream` itself; a mark among the events is stored when those before it are applied.
 */
export class KafkaFollower {
  readonly stream: ReadableStream<LiveEvent>;
  readonly #options: KafkaFollowerOptions;
  readonly #waiting: (LiveEvent | Mark)[] = [];
  #controller: ReadableStreamDefaultController<LiveEvent> | undefined;
  #removeAbort = (): void => {};
  #isAsking = false;
  #isLagging = false;
  #isOver = false;
  #hasCaughtUp = false;
  #storing = false;
  #next: string | undefined;

  constructor(options: KafkaFollowerOptions) {
    const { signal } = options;
    this.#options = options;
    this.stream = new ReadableStream<LiveEvent>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
    if (signal?.aborted) this.#end();
    else if (signal !== undefined) this.#removeAbort = onAbort(signal, () => this.#end());
  }

  /** Whether the subscription is over. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Sends an event. If too many wait already, `changed` takes their place. */
  push(event: LiveEvent): void {
    if (this.#isOver || this.#isLagging) return;
    if (this.#isAsking) return this.#send(shareLiveEvent(event));
    if (this.#waiting.length < this.#options.bufferCapacity) return void this.#waiting.push(shareLiveEvent(event));
    this.#waiting.length = 0;
    this.#isLagging = true;
  }

  /** Everything before `position` was sent. `isCaughtUp` says that this is everything from before the subscription. */
  mark(position: string, isCaughtUp: boolean): void {
    if (this.#isOver) return;
    const mark: Mark = { position, isCaughtUp };
    if (this.#isAsking) return this.#apply(mark);
    const last = this.#waiting.at(-1);
    if (last !== undefined && "position" in last) this.#waiting.pop();
    this.#waiting.push(mark);
  }

  /** The subscriber asks for the next event: it has applied all those before. */
  #pull(): void {
    if (this.#isLagging) {
      this.#isLagging = false;
      return this.#send(CHANGED);
    }
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if ("kind" in next) return this.#send(next);
      this.#apply(next);
    }
    this.#isAsking = true;
  }

  #send(event: LiveEvent): void {
    this.#isAsking = false;
    this.#controller?.enqueue(event);
  }

  #apply({ position, isCaughtUp }: Mark): void {
    this.#next = position;
    if (!this.#storing) void this.#store();
    if (this.#hasCaughtUp || !isCaughtUp) return;
    this.#hasCaughtUp = true;
    const { cursor, onError } = this.#options;
    guardedCall(() => cursor.onCaughtUp(), onError);
  }

  /** One at a time; of those that come meanwhile, the last. */
  async #store(): Promise<void> {
    this.#storing = true;
    for (let position = this.#next; position !== undefined; position = this.#next) {
      this.#next = undefined;
      try {
        const stored = this.#options.cursor.store(position);
        if (isPromise(stored)) await stored;
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#storing = false;
  }

  #end(): void {
    if (this.#isOver) return;
    const isBehind = this.#isLagging || this.#waiting.some((waiting) => "kind" in waiting);
    this.#leave();
    if (isBehind) this.#controller?.enqueue(CHANGED);
    this.#controller?.close();
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#removeAbort();
    this.#options.onLeave(this);
  }
}
