import { checkPort } from "../../base/check_port.ts";
import { systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import { type LiveEvent, toLiveEvent } from "../../stream/live_event.ts";
import type { LiveStream } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Trace, TraceLevel } from "../../trace/tracer.ts";
import type { KafkaGap } from "./kafka_cursor.ts";
import { eventOfKey, withoutColumns } from "./kafka_event.ts";
import { KafkaFollower } from "./kafka_follower.ts";
import { checkKafkaOptions, type KafkaLiveStreamOptions } from "./kafka_options.ts";
import { KafkaSession, type KafkaSessionOptions, type KafkaState } from "./kafka_session.ts";
import type { KafkaMessage, KafkaSource } from "./kafka_source.ts";
import type { StreamCursor, SubscribeOptions } from "../../stream/live_stream.ts";

/** Counts since the stream was made; `state` is how it stands now. */
export interface KafkaStats {
  /** `idle` while there are no subscribers. */
  readonly state: KafkaState | "idle";
  /** Messages received. */
  readonly messages: number;
  /** Messages among them that could not be read, for each of which subscribers received `changed`. */
  readonly unreadable: number;
  /** Gaps, by why events may have been missed; for each of them subscribers received `changed`. */
  readonly gaps: { readonly [gap in KafkaGap]: number };
  /** Connections that were lost. */
  readonly lost: number;
}

/**
 * Events from a Kafka topic, through the client that an application has: one consumer for all subscribers. It is opened
 * for the first subscriber, and closed when the last one leaves.
 *
 * The key of a message is the id of a row, and `null` as its value deletes the row. The value becomes a row only by
 * `rowOf` or `eventOf`. Whether a row is inserted or updated the topic does not say, so each value counts as inserted,
 * which makes all pages be read again; where the value tells, `eventOf` should say `updated`.
 *
 * The stream knows the next offset of each partition. When messages end or fail, it opens the source again after
 * growing, randomised pauses (0.1 s to 30 s), and goes on there: subscribers receive what they missed, and notice
 * nothing else. They receive `changed` where that is impossible: when the first connection is established, when
 * messages expired before they were read, when offsets go back, when partitions are added, and for each message that
 * cannot be read. No message ends the stream.
 *
 * The order of events is kept for each key only, and rows may be older than what was read since: `versionOf` of the
 * table decides whether they are used.
 *
 * @example Any async iterable of messages
 * ```ts
 * import { KafkaLiveStream } from "@vantage/live/kafka";
 * import assert from "node:assert/strict";
 *
 * const stream = new KafkaLiveStream("products", {
 *   offsets: () => [{ partition: 0, low: 0, high: 7 }], // your client asks the broker
 *   messages: async function* (from, signal) { // your client reads from these offsets on
 *     assert.deepEqual(from, [{ partition: 0, offset: 7n }]);
 *     yield { topic: "products", partition: 0, offset: 7, key: "a", value: '{"price":3}' };
 *     yield { topic: "products", partition: 0, offset: 8, key: "b", value: null };
 *     await new Promise((resolve) => signal.addEventListener("abort", resolve));
 *   },
 * }, { rowOf: ({ value }) => JSON.parse(value ?? "") });
 *
 * const reader = stream.subscribe().getReader();
 *
 * assert.deepEqual((await reader.read()).value, { kind: "changed" }); // from now on, nothing is missed
 * assert.deepEqual((await reader.read()).value, { kind: "inserted", id: "a", row: { price: 3 } });
 * assert.deepEqual((await reader.read()).value, { kind: "deleted", id: "b" });
 * await reader.cancel();
 * ```
 */
export class KafkaLiveStream<M extends KafkaMessage = KafkaMessage> implements LiveStream {
  /** The name of what it reads: positions of other streams mean nothing to it. */
  readonly resumes: string;
  readonly #options: KafkaLiveStreamOptions<M>;
  readonly #session: Omit<KafkaSessionOptions<M>, "observer" | "load">;
  readonly #bufferCapacity: number;
  readonly #trace: Trace | undefined;
  /** The subscribers without a cursor. */
  readonly #events: ManualLiveStream;
  /** Those with one. */
  readonly #followers = new Set<KafkaFollower>();
  readonly #gaps: { [gap in KafkaGap]: number } = { start: 0, expired: 0, behind: 0, back: 0, partitions: 0 };
  #running: KafkaSession<M> | undefined;
  #state: KafkaState | "idle" = "idle";
  #messages = 0;
  #unreadable = 0;
  #lost = 0;

  /**
   * A stream of the events of a topic. Opens nothing yet.
   *
   * @throws {TypeError} if the topic is not a text, or empty; the source lacks a function; or an option is unknown.
   * @throws {RangeError} if a number is not a whole number of at least 1.
   */
  constructor(topic: string, source: KafkaSource<M>, options: KafkaLiveStreamOptions<M> = {}) {
    rememberSelf(this, KafkaLiveStream);
    if (typeof topic !== "string" || topic === "") throw new TypeError(`A topic has a name, got ${describe(topic)}`);
    checkPort("The source of a KafkaLiveStream", "an object with offsets and messages", source, [
      "offsets",
      "messages",
    ]);
    checkKafkaOptions(options);
    const { bufferCapacity = 1_000, maxMissed = 10_000, connectTimeoutMs = 30_000, checkMs = 30_000 } = options;
    this.#options = options;
    this.#session = {
      endpoint: {
        topic,
        source,
        connectTimeoutMs: wholeNumber("connectTimeoutMs", connectTimeoutMs),
        checkMs: wholeNumber("checkMs", checkMs),
      },
      maxMissed: wholeNumber("maxMissed", maxMissed),
      clock: options.clock ?? systemClock,
    };
    this.resumes = `kafka:${topic}`;
    this.#trace = options.tracer?.trace({ topic });
    this.#bufferCapacity = wholeNumber("bufferCapacity", bufferCapacity);
    this.#events = new ManualLiveStream({
      bufferCapacity,
      onUnused: () => this.#stopIfUnused(),
      onAwaited: () => this.#running?.review(),
    });
  }

  /** Whether the connection is established. */
  get isLive(): boolean {
    return this.#state === "live";
  }

  /** The number of open subscriptions. */
  get subscriberCount(): number {
    return this.#events.subscriberCount + this.#followers.size;
  }

  /**
   * Subscribes to the events. The first one is `changed` once the connection is established, unless it already is. With
   * a `cursor`, the first subscription goes on at its position instead, and one that joins others begins with
   * `changed`.
   */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const { cursor } = options;
    const follower = cursor && this.#follow(cursor, options);
    const subscription = follower?.stream ?? this.#events.subscribe(options);
    // The subscription ended at once if the signal was already aborted.
    if (this.subscriberCount === 0) return subscription;
    if (this.#running === undefined) {
      this.#start(cursor);
    } else if (follower !== undefined) {
      follower.push({ kind: "changed" });
      this.#running.reportPosition();
    }
    return subscription;
  }

  hold(): () => void {
    return this.#events.hold();
  }

  /** What has been counted since the stream was made. */
  stats(): KafkaStats {
    return {
      state: this.#state,
      messages: this.#messages,
      unreadable: this.#unreadable,
      gaps: { ...this.#gaps },
      lost: this.#lost,
    };
  }

  #follow(cursor: StreamCursor, { signal, background = false }: SubscribeOptions): KafkaFollower {
    const release = background ? () => {} : this.hold();
    const follower = new KafkaFollower({
      cursor,
      signal,
      bufferCapacity: this.#bufferCapacity,
      onLeave: (left) => {
        release();
        this.#followers.delete(left);
        this.#stopIfUnused();
      },
      onError: (error) => this.#traceEvent("warn", "position not stored", { error }),
    });
    if (!follower.isOver) this.#followers.add(follower);
    return follower;
  }

  #start(cursor: StreamCursor | undefined): void {
    const [events, followers] = [this.#events, this.#followers];
    this.#running = new KafkaSession<M>({
      ...this.#session,
      load: cursor && (() => cursor.load()),
      observer: {
        get isAwaited(): boolean {
          return events.isAwaited;
        },
        get wantsPositions(): boolean {
          return followers.size > 0;
        },
        onState: (state, error) => this.#report(state, error),
        onGap: (gap) => this.#gap(gap),
        onMessage: (message, isNext) => this.#deliver(message, isNext),
        onPosition: (position, hasCaughtUp) => {
          for (const follower of followers) follower.mark(position, hasCaughtUp);
        },
        onUnreadable: (error) => {
          this.#messages++;
          this.#notUnderstood(error);
        },
        onTrouble: (error) => this.#traceEvent("warn", "event source failed", { error }),
      },
    });
    void this.#running.run();
  }

  #stopIfUnused(): void {
    if (this.subscriberCount > 0) return;
    this.#running?.stop();
    this.#running = undefined;
    this.#state = "idle";
  }

  /** @throws {TypeError} if it is no event. */
  #push(event: LiveEvent): void {
    const checked = toLiveEvent(event);
    this.#events.push(checked);
    for (const follower of this.#followers) follower.push(checked);
  }

  async #deliver(message: M, isNext: boolean): Promise<void> {
    this.#messages++;
    const { eventOf, rowOf } = this.#options;
    try {
      const event = await (eventOf === undefined ? eventOfKey(message, rowOf) : eventOf(message));
      if (event === undefined) return;
      // An event that was compacted away may have changed others.
      this.#push(isNext ? event : withoutColumns(event));
    } catch (error) {
      this.#notUnderstood(error);
    }
  }

  /** An unreadable message still means that something changed. */
  #notUnderstood(error: unknown): void {
    this.#unreadable++;
    this.#traceEvent("warn", "message not understood", { error });
    this.#push({ kind: "changed" });
  }

  #gap(gap: KafkaGap): void {
    this.#gaps[gap]++;
    this.#traceEvent(gap === "start" ? "info" : "warn", "gap", undefined, { gap });
    this.#push({ kind: "changed" });
  }

  #report(state: KafkaState, error?: Error): void {
    this.#state = state;
    if (state === "lost") this.#lost++;
    this.#traceEvent(state === "lost" ? "warn" : "info", `event source ${state}`, error && { error });
    try {
      this.#options.onState?.(state, error);
    } catch (thrown) {
      this.#traceEvent("warn", "onState failed", { error: thrown });
    }
  }

  #traceEvent(
    level: TraceLevel,
    name: string,
    failure?: { readonly error: unknown },
    fields?: { readonly gap: KafkaGap },
  ): void {
    this.#trace?.event({ target: "vantage_live::stream", level, name, fields, ...failure });
  }
}
