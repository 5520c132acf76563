import { checkFunction, checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { guardedCall } from "../../base/guarded_call.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream, SubscribeOptions } from "../../stream/live_stream.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Trace, TraceLevel, Tracer } from "../../trace/tracer.ts";
import type { PostgresClient } from "./postgres_client.ts";
import { PostgresConnections, type PostgresStreamState } from "./postgres_connections.ts";
import { databaseOf, type Session } from "./postgres_database.ts";
import { answered } from "./postgres_errors.ts";
import { listenerOf, type PostgresListener } from "./postgres_listener.ts";
import { readPayload } from "./postgres_notify_payload.ts";
import { NotifySession } from "./postgres_notify_session.ts";
import { channelOf, readNotifyState } from "./postgres_notify_state.ts";
import { type PostgresSchema, readSchema } from "./postgres_schema.ts";

/** Options of a {@linkcode PostgresNotifyLiveStream}. */
export interface PostgresNotifyLiveStreamOptions {
  /** The column or columns of the id; default the primary key. The same as for the `PostgresTable`. */
  readonly idField?: string | readonly string[] | undefined;
  /**
   * How often it notifies itself, to see whether it still listens, in milliseconds; default 15 000. A connection that is
   * lost in silence is noticed after this time and `timeoutMs`.
   */
  readonly heartbeatMs?: number | undefined;
  /** How long PostgreSQL may take to answer, in milliseconds; default 10 000. */
  readonly timeoutMs?: number | undefined;
  /** How many events are buffered for each subscriber; default 256. On overflow, a subscriber receives `changed` instead. */
  readonly bufferCapacity?: number | undefined;
  /** Called when the state changes. `error` says why the connection was lost. */
  readonly onState?: ((state: PostgresStreamState, error?: Error) => void) | undefined;
  /** The clock and source of randomness; default the system's. */
  readonly clock?: Clock | undefined;
  /** Receives trace events. */
  readonly tracer?: Tracer | undefined;
}

const OPTIONS = ["idField", "heartbeatMs", "timeoutMs", "bufferCapacity", "onState", "clock", "tracer"];

/**
 * The changes of a table of PostgreSQL, whoever makes them, by triggers and `NOTIFY`: `installNotify` makes the triggers.
 * An event has the id of a row that changed, and not the row. Above `maxRows` rows in a statement, and for a `TRUNCATE`,
 * it is `changed`. All streams over one client listen on one connection; it needs a client that can listen, and a pool
 * needs one connection more.
 *
 * A lost connection is made again after growing pauses, from 0.1 s to 30 s. Subscribers receive `changed` each time it
 * listens again: what was notified in between is lost. Failures that a retry would not fix (no triggers, no rights) fail
 * all subscriptions with a `TableError`. A `LiveTable` subscribes again after a pause.
 *
 * The stream is not `ordered`: a notification may arrive after a later state was read.
 *
 * @example A table that hears of what others write
 * ```ts ignore
 * import { LiveTable, MemCache } from "@vantage/live";
 * import { installNotify, PostgresNotifyLiveStream, PostgresTable } from "@vantage/live/postgres";
 * import postgres from "postgres";
 *
 * const sql = postgres("postgres://localhost/shop");
 * await installNotify(sql, "products"); // once, as in a migration
 *
 * const products = new LiveTable(await PostgresTable.open(sql, "products"), "products", new MemCache(), {
 *   liveStream: await PostgresNotifyLiveStream.open(sql, "products"),
 * });
 * ```
 */
export class PostgresNotifyLiveStream implements LiveStream {
  readonly #db: Session;
  readonly #listener: PostgresListener;
  readonly #schema: PostgresSchema;
  readonly #options: PostgresNotifyLiveStreamOptions;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  readonly #events: ManualLiveStream;
  #connections: PostgresConnections | undefined;

  private constructor(client: PostgresClient, schema: PostgresSchema, options: PostgresNotifyLiveStreamOptions) {
    rememberSelf(this, PostgresNotifyLiveStream);
    this.#db = databaseOf(client);
    this.#listener = listenerOf(client);
    this.#schema = schema;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#trace = options.tracer?.trace({ table: schema.name });
    this.#events = new ManualLiveStream({
      bufferCapacity: options.bufferCapacity,
      onUnused: () => this.#stop(),
      onAwaited: () => this.#connections?.review(),
    });
  }

  /**
   * Opens the stream of a table, whose name is looked up as by `PostgresTable.open`. It needs no closing: it listens while
   * there are subscribers. The client stays yours to close.
   *
   * @throws {UnsupportedError} if nothing notifies of the table's changes, or it has no key.
   * @throws {NotFoundError} if there is no such table.
   * @throws {UnavailableError} if PostgreSQL does not answer.
   * @throws {TypeError} if the client is none of the known ones, or cannot listen.
   */
  static async open(
    client: PostgresClient,
    tableName: string,
    options: PostgresNotifyLiveStreamOptions = {},
  ): Promise<PostgresNotifyLiveStream> {
    checkOptions("a PostgresNotifyLiveStream", options, OPTIONS);
    checkFunction("onState", options.onState);
    checkTools(options);
    wholeNumber("heartbeatMs", options.heartbeatMs ?? 1);
    wholeNumber("timeoutMs", options.timeoutMs ?? 1);
    const db = databaseOf(client);
    listenerOf(client);
    return await answered(`open the stream of ${describe(tableName)}`, async () => {
      const stream = new PostgresNotifyLiveStream(client, await readSchema(db, tableName, options), options);
      await stream.#channel();
      return stream;
    });
  }

  /** The number of open subscriptions. */
  get subscriberCount(): number {
    return this.#events.subscriberCount;
  }

  /** Subscribes to the events. The first one is `changed` once it listens, unless it already does. */
  subscribe(options: SubscribeOptions = {}): ReadableStream<LiveEvent> {
    const subscription = this.#events.subscribe(options);
    // The subscription ended at once if the signal was already aborted.
    if (this.#events.subscriberCount > 0) this.#connections ??= this.#start();
    return subscription;
  }

  hold(): () => void {
    return this.#events.hold();
  }

  async #channel(): Promise<string> {
    const { name } = this.#schema;
    return channelOf(await readNotifyState(this.#db, this.#schema), name);
  }

  #start(): PostgresConnections {
    const { heartbeatMs = 15_000, timeoutMs = 10_000 } = this.#options;
    const table = describe(this.#schema.name);
    const session = new NotifySession({
      db: this.#db,
      listener: this.#listener,
      table,
      channel: () => this.#channel(),
      heartbeatMs,
      timeoutMs,
      clock: this.#clock,
      onNotify: (payload) => this.#receive(payload, session),
      onGap: () => this.#events.push({ kind: "changed" }),
    });
    const connections = new PostgresConnections({
      clock: this.#clock,
      what: `listen to ${table}`,
      isAwaited: () => this.#events.isAwaited,
      follow: (connection) => session.follow(connection, () => connections.review()),
      onState: (state, error) => this.#reportState(state, error),
      onOver: (error) => {
        this.#connections = undefined;
        this.#events.disconnect(error);
      },
    });
    void connections.run();
    return connections;
  }

  #stop(): void {
    this.#connections?.stop();
    this.#connections = undefined;
  }

  #receive(payload: string, session: NotifySession): void {
    try {
      const notified = readPayload(payload, this.#schema);
      if (notified.kind === "echo") session.onEcho(notified.nonce);
      else for (const event of notified.events) this.#events.push(event);
    } catch (error) {
      // What cannot be read means that something changed.
      this.#traceEvent("warn", "notification not understood", { error });
      this.#events.push({ kind: "changed" });
    }
  }

  #reportState(state: PostgresStreamState, error?: Error): void {
    this.#traceEvent(state === "lost" ? "warn" : "info", `event source ${state}`, error && { error });
    guardedCall(
      () => this.#options.onState?.(state, error),
      (thrown) => this.#traceEvent("warn", "onState failed", { error: thrown }),
    );
  }

  #traceEvent(level: TraceLevel, name: string, failure?: { readonly error: unknown }): void {
    this.#trace?.event({ target: "vantage_live::stream", level, name, ...failure });
  }
}
