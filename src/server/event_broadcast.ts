import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { type LiveEvent, toLiveEvent } from "../stream/live_event.ts";
import { EventClient } from "./event_client.ts";
import { EventLog } from "./event_log.ts";
import type { NamedStream } from "./named_tables.ts";
import { refuseForNow } from "./refusals.ts";

/** What an {@linkcode EventBroadcast} works with. */
export interface EventBroadcastOptions {
  readonly streams: readonly NamedStream[];
  readonly maxStreams: number;
  readonly heartbeatMs: number;
  readonly replayCapacity: number;
  readonly stallMs: number;
  readonly clock: Clock;
  /** Called with the error of a failed subscription. */
  readonly onFailure: (error: unknown) => void;
}

type Reader = ReadableStreamDefaultReader<LiveEvent>;

/** The period with at least one subscription, and the log of its events. */
interface Epoch {
  readonly log: EventLog;
  readonly readers: Set<Reader>;
  readonly over: AbortController;
}

/**
 * Sends the events of several streams to many clients, as one stream. Subscribes to each stream once, for the first
 * client, and stays subscribed so that returning clients can receive what they missed. A stream that ends is subscribed
 * to again while the others continue. If all have ended, all clients are disconnected, and the next one starts a new
 * epoch.
 */
export class EventBroadcast {
  readonly #options: EventBroadcastOptions;
  readonly #names: readonly string[] | undefined;
  readonly #clients = new Set<EventClient>();
  #epoch: Epoch | undefined;
  #following: Promise<unknown> = Promise.resolve();
  #heartbeats: AbortController | undefined;

  constructor(options: EventBroadcastOptions) {
    this.#options = options;
    const names = options.streams.flatMap(({ name }) => name ?? []);
    this.#names = names.length > 0 ? names : undefined;
  }

  /**
   * Adds a client: sends the events from now on, or those after the request's `Last-Event-ID`.
   *
   * @throws {Refusal} if there are too many clients.
   */
  addClient({ headers }: Request): ReadableStream<Uint8Array<ArrayBuffer>> {
    const { maxStreams, heartbeatMs, clock } = this.#options;
    if (this.#clients.size >= maxStreams) {
      throw refuseForNow("too_many_streams", "Too many clients are connected", Math.ceil(heartbeatMs / 1000));
    }
    const { log } = this.#epoch ??= this.#begin();
    const lastEventId = headers.get("last-event-id");
    const resumeFrom = lastEventId === null ? undefined : log.positionOf(lastEventId);
    const position = resumeFrom ?? log.newest;
    const hello = log.hello(position, { heartbeatMs, resumed: resumeFrom !== undefined, tables: this.#names });
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

  /** Disconnects all clients, and ends the subscriptions. */
  async close(): Promise<void> {
    const { readers = [] } = this.#epoch ?? {};
    this.#end(this.#epoch);
    for (const reader of readers) await reader.cancel().catch(this.#options.onFailure);
    await this.#following;
  }

  #begin(): Epoch {
    const { streams, replayCapacity, clock } = this.#options;
    const log = new EventLog(newEpoch(clock), replayCapacity);
    const epoch: Epoch = { log, readers: new Set(), over: new AbortController() };
    try {
      const followed = streams.map((stream) => [stream, subscribed(epoch, stream)] as const);
      this.#following = Promise.all(followed.map(([stream, reader]) => this.#follow(epoch, stream, reader)));
    } catch (error) {
      for (const reader of epoch.readers) reader.cancel().catch(this.#options.onFailure);
      throw error;
    }
    return epoch;
  }

  /** Follows one stream during the epoch. After it was resubscribed, clients receive `changed` for what it missed. */
  async #follow(epoch: Epoch, stream: NamedStream, first: Reader): Promise<void> {
    const backoff = new Backoff(this.#options.clock);
    for (let reader: Reader | undefined = first; reader !== undefined;) {
      backoff.begin();
      await this.#readAll(epoch, stream, reader);
      epoch.readers.delete(reader);
      if (epoch.readers.size === 0) this.#end(epoch);
      reader = await this.#resubscribe(epoch, stream, backoff);
    }
  }

  async #readAll(epoch: Epoch, stream: NamedStream, reader: Reader): Promise<void> {
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        this.#append(epoch, stream, next.value);
      }
    } catch (error) {
      this.#options.onFailure(error);
    }
  }

  /** Subscribes again to a stream that has ended; `undefined` if the epoch ends first. */
  async #resubscribe(epoch: Epoch, stream: NamedStream, backoff: Backoff): Promise<Reader | undefined> {
    const { signal } = epoch.over;
    while (!signal.aborted) {
      await backoff.pause({ signal, background: true }).catch(() => {});
      if (signal.aborted) break;
      try {
        const reader = subscribed(epoch, stream);
        this.#append(epoch, stream, { kind: "changed" });
        return reader;
      } catch (error) {
        this.#options.onFailure(error);
      }
    }
    return undefined;
  }

  #append({ log }: Epoch, stream: NamedStream, event: LiveEvent): void {
    log.append(this.#toSend(event, stream), stream.name);
    for (const client of this.#clients) client.feed();
  }

  /** The event to send. An invalid one still means that something changed. */
  #toSend(event: LiveEvent, { changesOnly }: NamedStream): LiveEvent {
    if (changesOnly) return { kind: "changed" };
    try {
      return toLiveEvent(event);
    } catch (error) {
      this.#options.onFailure(error);
      return { kind: "changed" };
    }
  }

  #end(epoch: Epoch | undefined): void {
    if (epoch === undefined || this.#epoch !== epoch) return;
    this.#epoch = undefined;
    epoch.over.abort();
    for (const client of this.#clients) client.end();
  }

  /** Sends heartbeats to all clients with a single timer. */
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

function subscribed({ readers }: Epoch, { stream }: NamedStream): Reader {
  const reader = stream.subscribe({ background: true }).getReader();
  readers.add(reader);
  return reader;
}

/** A random id of 16 hexadecimal digits. */
function newEpoch(clock: Clock): string {
  const half = (): string => Math.floor(clock.random() * 2 ** 32).toString(16).padStart(8, "0");
  return half() + half();
}
