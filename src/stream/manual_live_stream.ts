import { onAbort } from "../base/on_abort.ts";
import { rememberSelf } from "../base/self.ts";
import { wholeNumber } from "../base/whole_number.ts";
import { type LiveEvent, shareLiveEvent, toLiveEvent } from "./live_event.ts";
import type { LiveStream, SubscribeOptions } from "./live_stream.ts";

/** Options of a {@linkcode ManualLiveStream}. */
export interface ManualLiveStreamOptions {
  /** The most events buffered for one subscriber; default 256. A subscriber that lags further receives `changed`. */
  readonly bufferCapacity?: number | undefined;
  /** Called when the last subscription ends: the source of the events may stop. */
  readonly onUnused?: (() => void) | undefined;
  /**
   * Called with `true` on the first hold or subscription that is not in the background, and with `false` when the last
   * one is released: the source of the events must keep the process alive only in between.
   */
  readonly onAwaited?: ((awaited: boolean) => void) | undefined;
}

interface Subscriber {
  readonly controller: ReadableStreamDefaultController<LiveEvent>;
  readonly leave: () => void;
  /** Releases its hold; `undefined` if it is in the background. */
  readonly release: (() => void) | undefined;
  lagging: boolean;
}

/**
 * A stream that you push events into, to connect any source of changes, or to test without one.
 *
 * @example A row changed at the master
 * ```ts
 * import { LiveTable, ManualLiveStream, MemCache, MemTable } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const stream = new ManualLiveStream();
 * const master = new MemTable("products", { rows: [["a", { name: "Bun" }]] });
 * await using products = new LiveTable(master, "products", new MemCache(), { liveStream: stream });
 *
 * assert.equal(stream.push({ kind: "updated", id: "a" }), 1);
 * ```
 */
export class ManualLiveStream implements LiveStream {
  readonly #bufferCapacity: number;
  readonly #onUnused: (() => void) | undefined;
  readonly #onAwaited: ((awaited: boolean) => void) | undefined;
  readonly #subscribers = new Set<Subscriber>();
  #holds = 0;
  #closed = false;

  /**
   * A stream without subscribers.
   *
   * @throws {RangeError} if `bufferCapacity` is not a whole number of at least 1.
   */
  constructor({ bufferCapacity = 256, onUnused, onAwaited }: ManualLiveStreamOptions = {}) {
    rememberSelf(this, ManualLiveStream);
    this.#bufferCapacity = wholeNumber("bufferCapacity", bufferCapacity);
    this.#onUnused = onUnused;
    this.#onAwaited = onAwaited;
  }

  /** How many subscriptions are open. */
  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  /** Whether the stream is held, or has a subscription that is not in the background. */
  get isAwaited(): boolean {
    return this.#holds > 0;
  }

  /** A subscription that receives every event pushed from now on. */
  subscribe({ signal, background = false }: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    let subscriber: Subscriber;
    return new ReadableStream<LiveEvent>({
      start: (controller) => {
        const end = (): void => this.#end(subscriber);
        let removeAbort = (): void => {};
        const leave = (): void => {
          removeAbort();
          this.#remove(subscriber);
        };
        subscriber = { controller, leave, release: background ? undefined : this.hold(), lagging: false };
        this.#subscribers.add(subscriber);
        if (this.#closed || signal?.aborted) end();
        else if (signal !== undefined) removeAbort = onAbort(signal, end);
      },
      pull: () => {
        if (!subscriber.lagging) return;
        subscriber.lagging = false;
        subscriber.controller.enqueue({ kind: "changed" });
      },
      cancel: () => subscriber.leave(),
    }, { highWaterMark: this.#bufferCapacity });
  }

  /** Counts as a subscription that is not in the background, until the returned function is called. */
  hold(): () => void {
    let held = true;
    if (++this.#holds === 1) this.#onAwaited?.(true);
    return () => {
      if (held && --this.#holds === 0) this.#onAwaited?.(false);
      held = false;
    };
  }

  /**
   * Sends an event to every subscriber, and returns how many there are. A subscriber that lags too far behind receives
   * `changed` instead.
   *
   * @throws {TypeError} if the event's kind is unknown, its id is missing, or its row is not a row.
   */
  push(event: LiveEvent): number {
    const checked = toLiveEvent(event);
    for (const subscriber of this.#subscribers) {
      const hasRoom = !subscriber.lagging && (subscriber.controller.desiredSize ?? 0) > 0;
      if (hasRoom) subscriber.controller.enqueue(shareLiveEvent(checked));
      else subscriber.lagging = true;
    }
    return this.#subscribers.size;
  }

  /**
   * Ends every open subscription, or fails it with `error`: a gap for its subscriber. New subscriptions can be made.
   */
  disconnect(error?: Error): void {
    for (const subscriber of this.#subscribers) {
      if (error === undefined) this.#end(subscriber);
      else {
        subscriber.leave();
        subscriber.controller.error(error);
      }
    }
  }

  /** Ends all subscriptions for good; a later one ends at once. */
  close(): void {
    this.#closed = true;
    this.disconnect();
  }

  #remove(subscriber: Subscriber): void {
    if (!this.#subscribers.delete(subscriber)) return;
    subscriber.release?.();
    if (this.#subscribers.size === 0) this.#onUnused?.();
  }

  #end(subscriber: Subscriber): void {
    subscriber.leave();
    if (subscriber.lagging) subscriber.controller.enqueue({ kind: "changed" });
    subscriber.controller.close();
  }
}
