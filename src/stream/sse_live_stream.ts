/**
 * A live stream over server-sent events: of a `tableHandler`, or of anybody else.
 *
 * @module
 */

import { type Clock, systemClock } from "../clock/clock.ts";
import { wholeNumber } from "../table/whole_number.ts";
import { Trace } from "../trace/trace.ts";
import type { Tracer } from "../trace/tracer.ts";
import { shownUrl, toHttpUrl } from "../wire/http_url.ts";
import { checkHeaders, type GivenHeaders } from "../wire/request_headers.ts";
import type { LiveEvent } from "./live_event.ts";
import type { LiveStream, SubscribeOptions } from "./live_stream.ts";
import { ManualLiveStream } from "./manual_live_stream.ts";
import { eventFromWire, type SseMessage } from "./sse_message.ts";
import { SseSession, type SseSessionOptions, type SseState } from "./sse_session.ts";

export type { GivenHeaders, SseMessage, SseState };

/** Options of an {@linkcode SseLiveStream}. */
export interface SseLiveStreamOptions {
  /** Sends the requests; default the runtime's own `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * Headers of every request. A function is asked anew for each connection, since tokens change. If it fails, so do the
   * subscriptions, unless with a `TableError` that is retriable.
   */
  readonly headers?: GivenHeaders | undefined;
  /**
   * After how many milliseconds without a single byte a connection is lost; default three times the heartbeat that the
   * server tells, and 45 000 if it tells none.
   */
  readonly silenceMs?: number | undefined;
  /** How long the head of an answer may take, and the hello of a server that said one before, in ms; default 30 000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How many events wait for one subscriber at the most; default 256. One that lags further hears `changed`. */
  readonly bufferCapacity?: number | undefined;
  /** How many characters one event may have; default 1 048 576. One that goes on is taken for a broken connection. */
  readonly maxEventLength?: number | undefined;
  /**
   * The event that a message tells of; `undefined` if it tells of none. Whatever it throws is heard as `changed`. Default:
   * the messages of a `tableHandler`, which hold `{"kind":"updated","id":"a"}`; any others are heard as `changed`.
   */
  readonly toEvent?: ((message: SseMessage) => LiveEvent | undefined) | undefined;
  /** Called when the state changes, so that an application can show that it is offline. `error` tells why it is lost. */
  readonly onState?: ((state: SseState, error?: Error) => void) | undefined;
  /** Where time and chance come from; default the system's. */
  readonly clock?: Clock | undefined;
  /** Where it tells what it does. */
  readonly tracer?: Tracer | undefined;
}

/**
 * Events from a server, over one connection for all who subscribe. It is opened for the first subscriber, and ended when
 * the last one is gone.
 *
 * A lost connection (an end, an error, silence, 408, 425, 429, 5xx) is made anew without its subscribers, after pauses that
 * grow from a tenth of a second to half a minute, are drawn by lot, and are no shorter than what `Retry-After` and `retry:`
 * ask for, up to five minutes. Whoever subscribes hears `changed` each time a connection stands (with the head of the
 * answer, which says that the server listens from then on). So nothing is missed that happens after `subscribe` returned,
 * though the connection is made only then. A server may spare it them: a `tableHandler` says in its hello that it resumes
 * after the last event id, and what was missed follows instead.
 *
 * What would not heal by trying again at once ends the subscriptions: a redirect, any other status, another content type or
 * headers that cannot be had fail them with a `TableError`, 204 just ends them. A `LiveTable` subscribes again, with
 * pauses of its own.
 *
 * @example A table that hears of changes from its server
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { SseLiveStream } from "@vantage/live/stream/sse";
 * import assert from "node:assert/strict";
 *
 * const body = 'event: hello\ndata: {"heartbeatMs":15000,"resumed":false}\n\ndata: {"kind":"updated","id":"a"}\n\n';
 * const stream = new SseLiveStream("https://example.com/products/events", {
 *   headers: () => ({ authorization: "Bearer abc" }),
 *   // only for this example: leave it out, and the network is asked
 *   fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } })),
 * });
 *
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), { liveStream: stream });
 * const reader = stream.subscribe().getReader();
 *
 * assert.deepEqual((await reader.read()).value, { kind: "changed" }); // from now on, nothing is missed
 * assert.deepEqual((await reader.read()).value, { kind: "updated", id: "a" });
 * await reader.cancel();
 * ```
 *
 * @example Somebody else's messages
 * ```ts
 * import { SseLiveStream } from "@vantage/live/stream/sse";
 * import assert from "node:assert/strict";
 *
 * const body = 'event: price\nid: 7\ndata: {"sku":"a","price":9}\n\n';
 * const stream = new SseLiveStream("https://example.com/prices", {
 *   toEvent: ({ event, data }) => event === "price" ? { kind: "updated", id: JSON.parse(data).sku } : undefined,
 *   // only for this example: leave it out, and the network is asked
 *   fetch: () => Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } })),
 * });
 *
 * const reader = stream.subscribe().getReader();
 *
 * assert.deepEqual((await reader.read()).value, { kind: "changed" });
 * assert.deepEqual((await reader.read()).value, { kind: "updated", id: "a" });
 * await reader.cancel();
 * ```
 */
export class SseLiveStream implements LiveStream {
  readonly #options: SseSessionOptions;
  readonly #events: ManualLiveStream;
  #session: SseSession | undefined;

  /**
   * A stream of what `url` tells; nothing is asked yet.
   *
   * @throws {TypeError} if the URL is none, is not one of HTTP, or holds credentials; or a header is none.
   * @throws {RangeError} if one of the numbers is not a whole number of at least 1.
   */
  constructor(url: string | URL, options: SseLiveStreamOptions = {}) {
    const { silenceMs, connectTimeoutMs = 30_000, maxEventLength = 2 ** 20, tracer } = options;
    const from = toHttpUrl("stream", url);
    this.#events = new ManualLiveStream({ bufferCapacity: options.bufferCapacity, onUnused: () => this.#rest() });
    this.#options = {
      endpoint: {
        url: from,
        what: `GET ${shownUrl(from)}`,
        fetch: options.fetch ?? ((input, init) => fetch(input, init)),
        headers: checkHeaders(options.headers),
      },
      limits: {
        silenceMs: silenceMs === undefined ? undefined : wholeNumber("silenceMs", silenceMs),
        connectTimeoutMs: wholeNumber("connectTimeoutMs", connectTimeoutMs),
        maxEventLength: wholeNumber("maxEventLength", maxEventLength),
      },
      events: this.#events,
      toEvent: options.toEvent ?? eventFromWire,
      onState: options.onState,
      clock: options.clock ?? systemClock,
      trace: tracer === undefined ? undefined : new Trace(tracer, { url: shownUrl(from) }, () => {}),
    };
  }

  /** How many subscriptions are open. */
  get subscriberCount(): number {
    return this.#events.subscriberCount;
  }

  /** A subscription. It hears `changed` once the connection stands, if it does not stand yet and does not resume. */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const subscription = this.#events.subscribe(options);
    if (this.subscriberCount > 0 && this.#session === undefined) {
      this.#session = new SseSession(this.#options);
      void this.#session.run();
    }
    return subscription;
  }

  #rest(): void {
    this.#session?.stop();
    this.#session = undefined;
  }
}
