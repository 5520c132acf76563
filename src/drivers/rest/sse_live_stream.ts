import { type Clock, systemClock } from "../../base/clock.ts";
import { NotFoundError } from "../../table/errors.ts";
import { describe } from "../../base/describe.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { Trace, TraceLevel, Tracer } from "../../trace/tracer.ts";
import { shownUrl, toHttpUrl } from "../../wire/http_url.ts";
import { checkHeaders, type GivenHeaders } from "../../wire/request_headers.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream, SubscribeOptions } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import { eventFromWire, type SseMessage } from "./sse_message.ts";
import { SseSession, type SseSessionOptions, type SseState } from "./sse_session.ts";
import { rememberSelf } from "../../base/self.ts";

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
   * the messages of a `tableHandler`, which hold `{"kind":"updated","id":"a"}`; any others are heard as `changed`. It is
   * asked once for each `table` that was given to {@linkcode SseLiveStream.of} and is subscribed to.
   */
  readonly toEvent?: ((message: SseMessage, table: string | undefined) => LiveEvent | undefined) | undefined;
  /** Called when the state changes, so that an application can show that it is offline. `error` tells why it is lost. */
  readonly onState?: ((state: SseState, error?: Error) => void) | undefined;
  /** Where time and chance come from; default the system's. */
  readonly clock?: Clock | undefined;
  /** Where it tells what it does. */
  readonly tracer?: Tracer | undefined;
}

/** The events of one table among those of a stream. */
interface Feed {
  readonly table: string | undefined;
  readonly events: ManualLiveStream;
}

/**
 * Events from a server, over one connection for all who subscribe. It is opened for the first subscriber, and ended when
 * the last one is gone; in a browser also while the page is put aside. Where a server tells the events of several tables
 * at one address, {@linkcode SseLiveStream.of} has those of one of them, over the same connection: a browser keeps no more
 * than six to a server over HTTP/1.1, so make one `SseLiveStream` for each address, not for each table.
 *
 * A lost connection (an end, an error, silence, 408, 425, 429, 5xx) is made anew without its subscribers, after pauses that
 * grow from a tenth of a second to half a minute, are drawn by lot, and are no shorter than what `Retry-After` and `retry:`
 * ask for, up to five minutes. They are short again once a connection has lasted ten seconds. Whoever subscribes hears `changed` each time a connection stands (with the head of the
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
 * import { SseLiveStream } from "@vantage/live/rest";
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
 * import { SseLiveStream } from "@vantage/live/rest";
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
  readonly #options: SseLiveStreamOptions;
  readonly #session: Omit<SseSessionOptions, "hearer">;
  readonly #toEvent: NonNullable<SseLiveStreamOptions["toEvent"]>;
  readonly #trace: Trace | undefined;
  readonly #own: Feed;
  /** Those that are subscribed to. */
  readonly #feeds = new Set<Feed>();
  #running: SseSession | undefined;
  #tables: readonly string[] | undefined;

  /**
   * A stream of what `url` tells; nothing is asked yet.
   *
   * @throws {TypeError} if the URL is none, is not one of HTTP, or holds credentials; or a header is none.
   * @throws {RangeError} if one of the numbers is not a whole number of at least 1.
   */
  constructor(url: string | URL, options: SseLiveStreamOptions = {}) {
    rememberSelf(this, SseLiveStream);
    const { silenceMs, connectTimeoutMs = 30_000, maxEventLength = 2 ** 20, tracer } = options;
    const from = toHttpUrl("stream", url);
    this.#options = options;
    this.#session = {
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
      clock: options.clock ?? systemClock,
    };
    this.#toEvent = options.toEvent ?? eventFromWire;
    this.#trace = tracer?.trace({ url: shownUrl(from) });
    this.#own = this.#newFeed(undefined);
  }

  /** How many subscriptions are open, those of all tables together. */
  get subscriberCount(): number {
    return [...this.#feeds].reduce((sum, { events }) => sum + events.subscriberCount, 0);
  }

  /** A subscription. It hears `changed` once the connection stands, if it does not stand yet and does not resume. */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    return this.#subscribe(this.#own, options);
  }

  /** Makes the pauses between connections keep the process alive, until the function that it answers with is called. */
  hold(): () => void {
    return this.#own.events.hold();
  }

  /**
   * The events of one table, where the server tells those of several: `table` is its name there. All share this stream's
   * connection. A subscription fails with a `NotFoundError` if the server says that it has no such table.
   *
   * @throws {TypeError} if the name is no text, or empty.
   *
   * @example Two tables, one connection
   * ```ts
   * import { LiveTable, MemCache, MemTable } from "@vantage/live";
   * import { tableHandler } from "@vantage/live/server";
   * import { SseLiveStream } from "@vantage/live/rest";
   * import { RestTable } from "@vantage/live/rest";
   * import assert from "node:assert/strict";
   *
   * const cache = new MemCache();
   * const products = new LiveTable(new MemTable("products"), "products", cache);
   * const clients = new LiveTable(new MemTable("clients"), "clients", cache);
   * const handler = tableHandler({ products, clients }, { path: "/shop", writable: true });
   * // only for this example: leave it out, and the network is asked
   * const fetch = (input: Request | URL | string, init?: RequestInit) => handler(new Request(input, init));
   *
   * const events = new SseLiveStream("http://localhost/shop/events", { fetch });
   * const ofProducts = events.of("products").subscribe().getReader();
   * const ofClients = events.of("clients").subscribe().getReader();
   * for (const reader of [ofProducts, ofClients]) {
   *   assert.deepEqual((await reader.read()).value, { kind: "changed" }); // from now on, nothing is missed
   * }
   *
   * const table = await RestTable.open("http://localhost/shop/clients", { fetch });
   * await table.insertValue("marty", { name: "Marty" });
   *
   * assert.deepEqual((await ofClients.read()).value, { kind: "inserted", id: "marty" });
   * for (const closed of [ofProducts.cancel(), ofClients.cancel(), handler.close()]) await closed;
   * ```
   */
  of(table: string): LiveStream {
    if (typeof table !== "string" || table === "") {
      throw new TypeError(`A table has a name, got ${describe(table)}`);
    }
    const feed = this.#newFeed(table);
    return { subscribe: (options = {}) => this.#subscribe(feed, options), hold: () => feed.events.hold() };
  }

  #newFeed(table: string | undefined): Feed {
    const feed: Feed = {
      table,
      events: new ManualLiveStream({
        bufferCapacity: this.#options.bufferCapacity,
        onUnused: () => this.#remove(feed),
        onAwaited: () => this.#running?.review(),
      }),
    };
    return feed;
  }

  #subscribe(feed: Feed, options: SubscribeOptions): ReadableStream<LiveEvent> {
    const subscription = feed.events.subscribe(options);
    // It is over at once if the signal was aborted before.
    if (feed.events.subscriberCount === 0) return subscription;
    this.#feeds.add(feed);
    if (this.#running === undefined) this.#start();
    else this.#checkTable(feed);
    return subscription;
  }

  #remove(feed: Feed): void {
    this.#feeds.delete(feed);
    if (this.#feeds.size > 0) return;
    this.#running?.stop();
    this.#running = undefined;
  }

  #start(): void {
    const feeds = this.#feeds;
    this.#tables = undefined;
    this.#running = new SseSession({
      ...this.#session,
      hearer: {
        get isAwaited(): boolean {
          return [...feeds].some(({ events }) => events.isAwaited);
        },
        onState: (state, error) => this.#tellState(state, error),
        onTables: (tables) => {
          this.#tables = tables;
          for (const feed of feeds) this.#checkTable(feed);
        },
        onGap: () => {
          for (const { events } of feeds) events.push({ kind: "changed" });
        },
        onMessage: (message) => {
          for (const feed of feeds) this.#hear(feed, message);
        },
        onOver: (error) => this.#end(error),
      },
    });
    void this.#running.run();
  }

  /** Whoever subscribes again when it is told starts another session. */
  #end(error: Error | undefined): void {
    const feeds = [...this.#feeds];
    this.#feeds.clear();
    this.#running = undefined;
    for (const { events } of feeds) events.disconnect(error);
  }

  #hear({ table, events }: Feed, message: SseMessage): void {
    try {
      const event = this.#toEvent(message, table);
      if (event !== undefined) events.push(event);
    } catch (error) {
      // A message that nobody can read still says that something happened.
      this.#traceEvent("warn", "message not understood", { error });
      events.push({ kind: "changed" });
    }
  }

  /** Ends a feed that no event would ever be for. Who reads messages in another way knows better what they are about. */
  #checkTable({ table, events }: Feed): void {
    if (this.#tables === undefined || this.#options.toEvent !== undefined) return;
    if (table !== undefined && this.#tables.includes(table)) return;
    const missing = table === undefined
      ? `name one, as in of(${describe(this.#tables[0])})`
      : `not of ${describe(table)}`;
    const { what } = this.#session.endpoint;
    events.disconnect(new NotFoundError(`${what} tells of the tables ${this.#tables.join(", ")}: ${missing}`));
  }

  #tellState(state: SseState, error?: Error): void {
    this.#traceEvent(state === "lost" ? "warn" : "info", `event source ${state}`, error && { error });
    try {
      this.#options.onState?.(state, error);
    } catch (thrown) {
      this.#traceEvent("warn", "state not heard", { error: thrown });
    }
  }

  #traceEvent(level: TraceLevel, name: string, failure?: { readonly error: unknown }): void {
    this.#trace?.event({ target: "vantage_live::stream", level, name, ...failure });
  }
}
