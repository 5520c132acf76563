import { checkOptions, checkTools } from "../../base/check_options.ts";
import { checkPort } from "../../base/check_port.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream, SubscribeOptions } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Trace, Tracer } from "../../trace/tracer.ts";
import type { SurrealLiveHandle } from "./surreal_handle.ts";
import { getsMessagesOneByOne } from "./surreal_lossy_client.ts";
import { SurrealLiveSession } from "./surreal_live_session.ts";

/** Whether a live query is registered. */
export type SurrealState = "live" | "lost";

/** Options of a {@linkcode SurrealLiveStream}. */
export interface SurrealLiveStreamOptions {
  /** How many events are buffered for each subscriber; default 256. On overflow, a subscriber receives `changed` instead. */
  readonly bufferCapacity?: number | undefined;
  /**
   * After how many milliseconds subscribers receive `changed`, again and again; default never. For changes that SurrealDB
   * emits no messages for, such as those of interactive transactions. With few watchers, `staleTimeMs` of the `LiveTable`
   * costs less.
   */
  readonly revalidateMs?: number | undefined;
  /**
   * Whether messages that arrive together reach the client in separate tasks; default where WebSockets work so, which is
   * everywhere but on Node. Otherwise surrealdb 2.0.8 loses all but the first, so each message becomes `changed`. Set it on
   * Node for an embedded database, and for a client with a WebSocket as in `docs/surrealdb.md`.
   */
  readonly oneByOne?: boolean | undefined;
  /** Called when the state changes. `error` says why the live query was lost. */
  readonly onState?: ((state: SurrealState, error?: unknown) => void) | undefined;
  /** The clock; default the system's. */
  readonly clock?: Clock | undefined;
  /** Receives trace events. */
  readonly tracer?: Tracer | undefined;
}

const OPTIONS = ["bufferCapacity", "revalidateMs", "oneByOne", "onState", "clock", "tracer"];

/**
 * Events of one table from a live query of SurrealDB, over a connected `Surreal`. The query is registered for the first
 * subscriber, and killed when the last one leaves. Subscribers receive `changed` once it is registered, so they miss nothing
 * that happens after `subscribe` returned, and again each time it has to be registered anew: after a lost connection, and
 * when somebody killed it.
 *
 * A message says which row may have changed, and nothing else: messages arrive in any order, so a row in one may be older
 * than the stored one. So the stream is not `ordered`, and its events have no rows. On
 * Node, where the client loses messages that arrive together, each becomes `changed` (see `oneByOne`). SurrealDB 3.0 sends no messages for
 * changes by interactive transactions (`beginTransaction()`), and none to a user who may not see the row: cover these by
 * `staleTimeMs` of the `LiveTable`, or by `revalidateMs`.
 *
 * If the query cannot be registered, all subscriptions fail with a `TableError`. A `LiveTable` subscribes again after a
 * pause.
 *
 * @example A table that receives changes of others
 * ```ts
 * import { LiveTable, MemCache, MemTable } from "@vantage/live";
 * import { SurrealLiveStream, type SurrealSubscription } from "@vantage/live/surrealdb";
 * import assert from "node:assert/strict";
 *
 * // In an application: a Surreal after connect(), and a SurrealTable in place of the MemTable.
 * const responses = async () => [{ success: true, result: "the id of the live query" } as const];
 * const query = () => Object.assign(Promise.resolve([]), { responses });
 * const live: SurrealSubscription = { subscribe: () => () => {}, kill: async () => {}, async *[Symbol.asyncIterator]() {} };
 * const client = { query, liveOf: async () => live, subscribe: () => () => {} };
 *
 * const liveStream = new SurrealLiveStream(client, "products");
 * const reader = liveStream.subscribe().getReader();
 * await using products = new LiveTable(new MemTable("products"), "products", new MemCache(), {
 *   liveStream,
 *   staleTimeMs: 30_000, // interactive transactions emit no events
 * });
 *
 * assert.deepEqual((await reader.read()).value, { kind: "changed" }); // from now on, nothing is missed
 * await reader.cancel();
 * ```
 */
export class SurrealLiveStream implements LiveStream {
  readonly #client: SurrealLiveHandle;
  readonly #table: string;
  readonly #options: SurrealLiveStreamOptions;
  readonly #trace: Trace | undefined;
  readonly #events: ManualLiveStream;
  #running: SurrealLiveSession | undefined;

  /**
   * A stream of the events of a table. Sends no query yet.
   *
   * @throws {TypeError} if the client cannot listen to live queries, or an option is unknown.
   * @throws {RangeError} if a number is not a whole number of at least 1.
   */
  constructor(client: SurrealLiveHandle, tableName: string, options: SurrealLiveStreamOptions = {}) {
    rememberSelf(this, SurrealLiveStream);
    checkOptions("a SurrealLiveStream", options, OPTIONS);
    checkTools(options);
    const needed = ["query", "liveOf", "subscribe"];
    checkPort("The client of a SurrealLiveStream", "a connected Surreal of the npm package surrealdb", client, needed);
    if (typeof tableName !== "string" || tableName === "") {
      throw new TypeError(`A table has a name, got ${describe(tableName)}`);
    }
    if (options.revalidateMs !== undefined) wholeNumber("revalidateMs", options.revalidateMs);
    this.#client = client;
    this.#table = tableName;
    this.#options = options;
    this.#trace = options.tracer?.trace({ table: tableName });
    this.#events = new ManualLiveStream({ bufferCapacity: options.bufferCapacity, onUnused: () => this.#stop() });
  }

  /** The number of open subscriptions. */
  get subscriberCount(): number {
    return this.#events.subscriberCount;
  }

  /** Subscribes to the events. The first one is `changed` once the live query is registered, unless it already is. */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const subscription = this.#events.subscribe(options);
    if (this.#events.subscriberCount > 0 && this.#running === undefined) this.#start();
    return subscription;
  }

  hold(): () => void {
    return this.#events.hold();
  }

  #start(): void {
    const session: SurrealLiveSession = new SurrealLiveSession(this.#client, this.#table, {
      oneByOne: this.#options.oneByOne ?? getsMessagesOneByOne(),
      onEvent: (event) => this.#events.push(event),
      onState: (state, error) => this.#report(state, error),
      onOver: (error) => {
        if (this.#running !== session) return;
        this.#running = undefined;
        this.#events.disconnect(error);
      },
    });
    this.#running = session;
    void session.run();
    void this.#revalidate(session);
  }

  #stop(): void {
    const session = this.#running;
    this.#running = undefined;
    void session?.stop();
  }

  async #revalidate(session: SurrealLiveSession): Promise<void> {
    const { revalidateMs, clock = systemClock } = this.#options;
    if (revalidateMs === undefined) return;
    while (!session.over.aborted) {
      // The connection keeps the process alive, where anything does.
      await clock.wait(revalidateMs, { signal: session.over, background: true }).catch(() => {});
      if (!session.over.aborted) this.#events.push({ kind: "changed" });
    }
  }

  #report(state: SurrealState, error?: unknown): void {
    const level = state === "lost" ? "warn" : "info";
    this.#trace?.event({
      target: "vantage_live::stream",
      level,
      name: `live query ${state}`,
      ...(error !== undefined && { error }),
    });
    try {
      this.#options.onState?.(state, error);
    } catch (thrown) {
      this.#trace?.event({ target: "vantage_live::stream", level: "warn", name: "onState failed", error: thrown });
    }
  }
}
