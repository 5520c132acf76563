import type { Clock } from "../clock/clock.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import { toLiveEvent } from "../stream/live_event.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import { EventClient } from "./event_client.ts";
import { EventLog } from "./event_log.ts";
import { refuseForNow } from "./refusals.ts";

/** What an {@linkcode EventBroadcast} works with. */
export interface EventBroadcastOptions {
  readonly stream: LiveStream;
  /** Whether ids are kept back, since they may be of rows that are not served. */
  readonly changesOnly: boolean;
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  readonly replayCapacity: number;
  readonly stallMs: number;
  readonly clock: Clock;
  /** Hears what ended a subscription, if it failed. */
  readonly onFailure: (error: unknown) => void;
}

/** One subscription, and the log of what it brought. */
interface Subscription {
  readonly log: EventLog;
  readonly reader: ReadableStreamDefaultReader<LiveEvent>;
}

/**
 * Tells many clients what one subscription brings. It is made when the first client comes, and stays, so that clients who
 * come back can be told what they missed. When it ends so do all clients, and the next one starts another.
 */
export class EventBroadcast {
  readonly #options: EventBroadcastOptions;
  readonly #clients = new Set<EventClient>();
  #subscription: Subscription | undefined;
  #following: Promise<void> = Promise.resolve();
  #heartbeats: AbortController | undefined;

  constructor(options: EventBroadcastOptions) {
    this.#options = options;
  }

  /**
   * The events from now on, or from where the request's `Last-Event-ID` stands.
   *
   * @throws {Refusal} if too many clients listen already.
   */
  listen({ headers }: Request): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { maxStreams, heartbeatMs, clock } = this.#options;
    if (this.#clients.size >= maxStreams) {
      throw refuseForNow("too_many_streams", "Too many clients listen already", Math.ceil(heartbeatMs / 1000));
    }
    const { log } = this.#subscription ??= this.#subscribe();
    const lastEventId = headers.get("last-event-id");
    const resumeFrom = lastEventId === null ? undefined : log.positionOf(lastEventId);
    const position = resumeFrom ?? log.newest;
    const hello = log.hello(position, { heartbeatMs, resumed: resumeFrom !== undefined });
    const missed = lastEventId !== null && resumeFrom === undefined;
    const client = new EventClient({
      log,
      greeting: missed ? hello + log.changed().text : hello,
      position,
      clock,
      onEnd: () => {
        this.#clients.delete(client);
        if (this.#clients.size === 0) this.#heartbeats?.abort();
      },
    });
    this.#clients.add(client);
    if (this.#clients.size === 1) this.#startHeartbeats();
    return client.body;
  }

  /** Ends all streams, and the subscription. */
  async close(): Promise<void> {
    await this.#subscription?.reader.cancel().catch(this.#options.onFailure);
    await this.#following;
  }

  #subscribe(): Subscription {
    const { stream, replayCapacity, clock } = this.#options;
    const reader = stream.subscribe().getReader();
    const subscription = { log: new EventLog(newEpoch(clock), replayCapacity), reader };
    this.#following = this.#follow(subscription);
    return subscription;
  }

  async #follow({ log, reader }: Subscription): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        log.append(this.#told(next.value));
        for (const client of this.#clients) client.feed();
      }
    } catch (error) {
      this.#options.onFailure(error);
    }
    this.#subscription = undefined;
    for (const client of this.#clients) client.end();
  }

  /** An event that nobody can read still says that something happened. */
  #told(event: LiveEvent): LiveEvent {
    if (this.#options.changesOnly) return { kind: "changed" };
    try {
      return toLiveEvent(event);
    } catch (error) {
      this.#options.onFailure(error);
      return { kind: "changed" };
    }
  }

  /** One clock beats for all. */
  async #startHeartbeats(): Promise<void> {
    const { clock, heartbeatMs, stallMs } = this.#options;
    const { signal } = this.#heartbeats = new AbortController();
    while (!signal.aborted) {
      await clock.wait(heartbeatMs, { signal, background: true }).catch(() => {});
      if (signal.aborted) return;
      for (const client of this.#clients) client.beat(stallMs);
    }
  }
}

/** 16 hexadecimal digits. */
function newEpoch(clock: Clock): string {
  const half = (): string => Math.floor(clock.random() * 2 ** 32).toString(16).padStart(8, "0");
  return half() + half();
}
