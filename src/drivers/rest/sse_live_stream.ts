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
  /** Sends the requests; default the runtime's `fetch`. */
  readonly fetch?: typeof fetch | undefined;
  /**
   * Headers of every request. A function is called for each connection, since tokens change. If it throws, all
   * subscriptions fail, except for a retriable `TableError`.
   */
  readonly headers?: GivenHeaders | undefined;
  /**
   * After how many milliseconds without a byte a connection counts as lost; default three times the heartbeat in the
   * server's hello, and 45 000 without one.
   */
  readonly silenceMs?: number | undefined;
  /**
   * How long the head of an answer may take, and then the hello if the server sent one before, in milliseconds; default
   * 30 000.
   */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How many events are buffered for each subscriber; default 256. On overflow, a subscriber receives `changed`
   * instead.
   */
  readonly bufferCapacity?: number | undefined;
  /** How many characters one event may have; default 1 048 576. A longer one ends the connection as broken. */
  readonly maxEventLength?: number | undefined;
  /**
   * Turns a message into an event; `undefined` if it is not one. If it throws, subscribers receive `changed`. Default:
   * reads the messages of a `tableHandler`, `{"kind":"updated","id":"a"}`, and turns any other message into `changed`.
   * It is called once for each subscribed `table` of {@linkcode SseLiveStream.of}.
   */
  readonly toEvent?: ((message: SseMessage, table: string | undefined) => LiveEvent | undefined) | undefined;
  /**
   * Called when the state changes, so that an application can show that it is offline. `error` says why the connection
   * was lost.
   */
  readonly onState?: ((state: SseState, error?: Error) => void) | undefined;
  /** The clock and source of randomness; default the system's. */
  readonly clock?: Clock | undefined;
  /** Receives trace events. */
  readonly tracer?: Tracer | undefined;
}

/** The events of one table among those of a stream. */
interface Feed {
  readonly table: string | undefined;
  readonly events: ManualLiveStream;
}

/**
 * Events from a server, over one connection for all subscribers. It is opened for the first subscriber, and closed when
 * the last one leaves; in a browser also while the page is hidden in the back/forward cache. Where a server sends the
 * events of several tables at one address, {@linkcode SseLiveStream.of} gives those of one table over the same
 * connection. A browser allows only six connections to a server over HTTP/1.1, so create one `SseLiveStream` for each
 * address, not for each table.
 *
 * A lost connection (an end, an error, silence, 408, 425, 429, 5xx) is opened again without the subscribers noticing.
 * The pauses grow from 0.1 s to 30 s, are randomised, and are at least what `Retry-After` and `retry:` ask for, up to
 * five minutes. They start over once a connection has lasted ten seconds. Subscribers receive `changed` each time a
 * connection is established (with the head of the answer, since the server sends all events from then on). So they miss
 * nothing that happens after `subscribe` returned, though the connection is opened later. A server can avoid that
 * `changed`: the hello of a `tableHandler` says that it resumes after the last event id, and the missed events follow
 * instead.
 *
 * Failures that a retry would not fix end the subscriptions: a redirect, any other status, another content type or
 * headers that cannot be made fail them with a `TableError`; 204 closes them. A `LiveTable` subscribes again after a
 * pause.
 *
 * @example A table that receives changes from its server
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { SseLiveStream } from "@vantage/live/rest";
 * import assert from "node:assert/strict";
 *
 * const body = 'event: hello\ndata: {"heartbeatMs":15000,"resumed":false}\n\ndata: {"kind":"updated","id":"a"}\n\n';
 * const stream = new SseLiveStream("https://example.com/products/events", {
 *   headers: () => ({ authorization: "Bearer abc" }),
 *   // only for this example; by default, requests go over the network
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
 * @example Messages of another server
 * ```ts
 * import { SseLiveStream } from "@vantage/live/rest";
 * import assert from "node:assert/strict";
 *
 * const body = 'event: price\nid: 7\ndata: {"sku":"a","price":9}\n\n';
 * const stream = new SseLiveStream("https://example.com/prices", {
 *   toEvent: ({ event, data }) => event === "price" ? { kind: "updated", id: JSON.parse(data).sku } : undefined,
 *   // only for this example; by default, requests go over the network
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
  readonly #session: Omit<SseSessionOptions, "observer">;
  readonly #toEvent: NonNullable<SseLiveStreamOptions["toEvent"]>;
  readonly #trace: Trace | undefined;
  readonly #own: Feed;
  /** The feeds with subscribers. */
  readonly #feeds = new Set<Feed>();
  #running: SseSession | undefined;
  #state: SseState | undefined;
  #tables: readonly string[] | undefined;

  /**
   * A stream of the events at `url`. Sends no request yet.
   *
   * @throws {TypeError} if the URL is invalid, not HTTP, or has credentials; or a header is invalid.
   * @throws {RangeError} if a number is not a whole number of at least 1.
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

  /** Whether the connection is established. */
  get isLive(): boolean {
    return this.#state === "live";
  }

  /** The number of open subscriptions, over all tables. */
  get subscriberCount(): number {
    return [...this.#feeds].reduce((sum, { events }) => sum + events.subscriberCount, 0);
  }

  /**
   * Subscribes to the events. The first one is `changed` once the connection is established, unless it already is or
   * resumes.
   */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    return this.#subscribe(this.#own, options);
  }

  hold(): () => void {
    return this.#own.events.hold();
  }

  /**
   * The events of one table, where the server sends those of several. All share this stream's connection. A
   * subscription fails with a `NotFoundError` if the server has no table of that name.
   *
   * @throws {TypeError} if the name is not a text, or empty.
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
   * // only for this example; by default, requests go over the network
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
    const isLive = (): boolean => this.isLive;
    return {
      get isLive(): boolean {
        return isLive();
      },
      subscribe: (options = {}) => this.#subscribe(feed, options),
      hold: () => feed.events.hold(),
    };
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
    // The subscription ended at once if the signal was already aborted.
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
    this.#state = undefined;
  }

  #start(): void {
    const feeds = this.#feeds;
    this.#tables = undefined;
    this.#running = new SseSession({
      ...this.#session,
      observer: {
        get isAwaited(): boolean {
          return [...feeds].some(({ events }) => events.isAwaited);
        },
        onState: (state, error) => this.#reportState(state, error),
        onTables: (tables) => {
          this.#tables = tables;
          for (const feed of feeds) this.#checkTable(feed);
        },
        onGap: () => {
          for (const { events } of feeds) events.push({ kind: "changed" });
        },
        onMessage: (message) => {
          for (const feed of feeds) this.#push(feed, message);
        },
        onOver: (error) => this.#end(error),
      },
    });
    void this.#running.run();
  }

  /** Clears the feeds first: a subscriber that subscribes again right away starts a new session. */
  #end(error: Error | undefined): void {
    const feeds = [...this.#feeds];
    this.#feeds.clear();
    this.#running = undefined;
    for (const { events } of feeds) events.disconnect(error);
  }

  #push({ table, events }: Feed, message: SseMessage): void {
    try {
      const event = this.#toEvent(message, table);
      if (event !== undefined) events.push(event);
    } catch (error) {
      // An unreadable message still means that something changed.
      this.#traceEvent("warn", "message not understood", { error });
      events.push({ kind: "changed" });
    }
  }

  /**
   * Ends a feed that would never receive an event. With a custom `toEvent`, messages may name tables in another way.
   */
  #checkTable({ table, events }: Feed): void {
    if (this.#tables === undefined || this.#options.toEvent !== undefined) return;
    if (table !== undefined && this.#tables.includes(table)) return;
    const missing = table === undefined
      ? `name one, as in of(${describe(this.#tables[0])})`
      : `not of ${describe(table)}`;
    const { what } = this.#session.endpoint;
    events.disconnect(new NotFoundError(`${what} has events of the tables ${this.#tables.join(", ")}: ${missing}`));
  }

  #reportState(state: SseState, error?: Error): void {
    this.#state = state;
    this.#traceEvent(state === "lost" ? "warn" : "info", `event source ${state}`, error && { error });
    try {
      this.#options.onState?.(state, error);
    } catch (thrown) {
      this.#traceEvent("warn", "onState failed", { error: thrown });
    }
  }

  #traceEvent(level: TraceLevel, name: string, failure?: { readonly error: unknown }): void {
    this.#trace?.event({ target: "vantage_live::stream", level, name, ...failure });
  }
}
