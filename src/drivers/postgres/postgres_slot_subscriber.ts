import { onAbort } from "../../base/on_abort.ts";
import { type LiveEvent, shareLiveEvent } from "../../stream/live_event.ts";
import type { SubscribeOptions } from "../../stream/live_stream.ts";
import type { Lsn } from "./postgres_lsn.ts";

/** An event that was not read yet. */
interface Waiting {
  readonly event: LiveEvent;
  /** Everything before this is applied once the event is asked for. */
  readonly after: Lsn;
}

/** What a {@linkcode SlotSubscriber} works with. */
export interface SlotSubscriberOptions extends SubscribeOptions {
  /** The most events that wait to be read. If there are more, `changed` takes their place. */
  readonly bufferCapacity: number;
  /** Called when everything is applied. */
  readonly onApplied: () => void;
  /** Called when the subscription is over. */
  readonly onLeave: (subscriber: SlotSubscriber) => void;
}

/**
 * A subscription that knows what its subscriber has applied: an event counts as applied when the next one is asked for. So
 * nothing is buffered in the stream itself.
 */
export class SlotSubscriber {
  readonly stream: ReadableStream<LiveEvent>;
  readonly cursor: SubscribeOptions["cursor"];
  /** Whether waiting for its events may not keep the process alive. */
  readonly isBackground: boolean;
  /** Up to here everything is applied, or waits to be read. `undefined` until it has begun. */
  pushed: Lsn | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #bufferCapacity: number;
  readonly #onApplied: () => void;
  readonly #onLeave: (subscriber: SlotSubscriber) => void;
  #controller: ReadableStreamDefaultController<LiveEvent> | undefined;
  #removeAbort = (): void => {};
  #applied: Lsn = 0n;
  /** Once everything up to here is applied, it has caught up. `undefined` after that. */
  #catchUpAt: Lsn | undefined;
  #isAsking = false;
  #isLagging = false;
  #isOver = false;

  constructor({ signal, background = false, cursor, bufferCapacity, onApplied, onLeave }: SlotSubscriberOptions) {
    this.cursor = cursor;
    this.isBackground = background;
    this.#bufferCapacity = bufferCapacity;
    this.#onApplied = onApplied;
    this.#onLeave = onLeave;
    this.stream = new ReadableStream<LiveEvent>({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#pull(),
      cancel: () => this.#leave(),
    }, { highWaterMark: 0 });
    if (signal?.aborted) this.end();
    else if (signal !== undefined) this.#removeAbort = onAbort(signal, () => this.end());
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Up to here everything is applied. */
  get applied(): Lsn {
    return this.#applied;
  }

  /** What comes after this has to be kept for it. What it lost, since it lags, need not be. */
  get needed(): Lsn {
    return this.#isLagging ? this.pushed ?? 0n : this.#applied;
  }

  /** Begins after a place, up to which nothing was missed. It has caught up when it has applied what was committed by `end`. */
  resume(at: Lsn, end: Lsn): void {
    this.pushed = at;
    this.#catchUpAt = end;
    this.#apply(at);
  }

  /** Begins, or begins anew, after a place, up to which something may have been missed: `changed` takes the place of all. */
  restart(at: Lsn): void {
    if (this.#isOver) return;
    this.#catchUpAt = this.pushed === undefined ? at : this.#catchUpAt;
    this.pushed = at;
    this.#waiting.length = 0;
    this.#isLagging = !this.#isAsking;
    if (this.#isAsking) this.#send(CHANGED);
  }

  /** Sends the events of what was committed up to `end`. */
  push(events: readonly LiveEvent[], end: Lsn): void {
    const after = this.pushed ?? 0n;
    for (const event of events) this.#add({ event: shareLiveEvent(event), after });
    this.pushed = end;
    if (this.#isAsking && this.#waiting.length === 0) this.#apply(end);
  }

  /** Ends the subscription, or fails it. */
  end(error?: Error): void {
    if (this.#isOver) return;
    const isLagging = this.#isLagging;
    this.#leave();
    if (error !== undefined) return this.#controller?.error(error);
    if (isLagging) this.#controller?.enqueue(CHANGED);
    this.#controller?.close();
  }

  #add(waiting: Waiting): void {
    if (this.#isOver || this.#isLagging) return;
    if (this.#isAsking && this.#waiting.length === 0) {
      this.#apply(waiting.after);
      return this.#send(waiting.event);
    }
    if (this.#waiting.length >= this.#bufferCapacity) return this.restart(this.pushed ?? 0n);
    this.#waiting.push(waiting);
  }

  /** The subscriber asks for the next event: it has applied all those before. */
  #pull(): void {
    this.#isAsking = true;
    if (this.#isLagging) {
      this.#isLagging = false;
      return this.#send(CHANGED);
    }
    const next = this.#waiting.shift();
    this.#apply(next?.after ?? this.pushed ?? 0n);
    if (next !== undefined) this.#send(next.event);
    else this.#onApplied();
  }

  #apply(lsn: Lsn): void {
    this.#applied = lsn;
    if (this.#catchUpAt === undefined || lsn < this.#catchUpAt) return;
    this.#catchUpAt = undefined;
    this.cursor?.onCaughtUp();
  }

  #send(event: LiveEvent): void {
    this.#isAsking = false;
    this.#controller?.enqueue(event);
  }

  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#removeAbort();
    this.#onLeave(this);
  }
}

const CHANGED: LiveEvent = Object.freeze({ kind: "changed" });
