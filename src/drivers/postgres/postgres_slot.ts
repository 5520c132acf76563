import { checkOptions } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { guardedCall } from "../../base/guarded_call.ts";
import { rememberSelf } from "../../base/self.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import type { LiveStream, SubscribeOptions } from "../../stream/live_stream.ts";
import type { Trace, TraceFields, TraceLevel } from "../../trace/tracer.ts";
import type { PostgresClient } from "./postgres_client.ts";
import { PostgresConnections, type PostgresStreamState } from "./postgres_connections.ts";
import { databaseOf, type Session } from "./postgres_database.ts";
import { answered } from "./postgres_errors.ts";
import {
  checkName,
  checkSlotOptions,
  type PostgresSlotOptions,
  type SlotLimits,
  type SlotTableOptions,
} from "./postgres_slot_options.ts";
import { SlotFeed } from "./postgres_slot_feed.ts";
import { SlotReader } from "./postgres_slot_reader.ts";
import { SlotSession } from "./postgres_slot_session.ts";
import { DROP_SQL } from "./postgres_slot_sql.ts";
import { SlotSubscriber } from "./postgres_slot_subscriber.ts";
import { readSlots } from "./postgres_slots.ts";

/**
 * The changes of a database of PostgreSQL, from its log: by a logical replication slot that is read by plain SQL, through any
 * client. Nothing that is committed is missed while the slot lasts, not even while the server or this process is away.
 *
 * What is read is taken off the slot once every subscriber has applied it. A `LiveTable` stores how far it has got in its
 * cache: with a cache that outlives the process, the next one goes on there. A slot that is lost, since the server did not
 * keep so much of its log, or that was dropped, is made anew, and subscribers receive `changed`. So they do where another
 * server has taken over, or another process reads the same slot.
 *
 * It needs `wal_level = logical`, a publication with the tables, and a user with `REPLICATION`. **The server keeps its log
 * for a slot that nobody reads until the disk is full**: drop it (`drop()`) where no process is to go on there, and set
 * `max_slot_wal_keep_size`. What any slot of the database holds back is traced, and `replicationSlots(client)` returns it.
 *
 * @example Two tables, one slot
 * ```ts ignore
 * import { LiveTable } from "@vantage/live";
 * import { PostgresSlot, PostgresTable } from "@vantage/live/postgres";
 * import { SqliteCache } from "@vantage/live/sqlite";
 * import postgres from "postgres";
 *
 * const sql = postgres("postgres://localhost/shop"); // CREATE PUBLICATION shop FOR TABLE products, clients
 * const changes = new PostgresSlot(sql, { slot: "shop_host_1", publication: "shop" });
 *
 * const cache = await SqliteCache.open("cache.sqlite"); // the next process goes on where this one stops
 * const products = new LiveTable(await PostgresTable.open(sql, "products"), "products", cache, {
 *   liveStream: changes.of("products"),
 * });
 * const clients = new LiveTable(await PostgresTable.open(sql, "clients"), "clients", cache, {
 *   liveStream: changes.of("clients"),
 * });
 * ```
 */
export class PostgresSlot {
  readonly #options: PostgresSlotOptions;
  readonly #db: Session;
  readonly #clock: Clock;
  readonly #trace: Trace | undefined;
  readonly #reader: SlotReader;
  readonly #limits: SlotLimits;
  /** The feeds that have subscribers. */
  readonly #feeds = new Set<SlotFeed>();
  #connections: PostgresConnections | undefined;
  #session: SlotSession | undefined;
  #asleep: AbortController | undefined;
  #holds = 0;

  /**
   * A slot, which is made when the first subscription begins, unless it is there. Does no I/O.
   *
   * @throws {TypeError} if the client is none of the known ones, a name is none, or an option is unknown.
   * @throws {RangeError} if a number is not a whole number of at least 1.
   */
  constructor(client: PostgresClient, options: PostgresSlotOptions) {
    rememberSelf(this, PostgresSlot);
    this.#limits = checkSlotOptions(options);
    const { slot, publication, clock = systemClock } = options;
    const { maxChanges, timeoutMs } = this.#limits;
    this.#options = options;
    this.#db = databaseOf(client);
    this.#clock = clock;
    this.#trace = options.tracer?.trace({ slot });
    this.#reader = new SlotReader({ db: this.#db, names: { slot, publication }, maxChanges, timeoutMs, clock });
  }

  /** The number of open subscriptions, over all tables. */
  get subscriberCount(): number {
    return [...this.#feeds].reduce((sum, { subscribers }) => sum + subscribers.size, 0);
  }

  /**
   * The events of one table, whose name is looked up as by `PostgresTable.open`. A subscription fails with a `TableError` if
   * there is no such table, the publication does not have all its changes, or the user may not read the slot.
   *
   * @throws {TypeError} if the name is no text, or empty, or an option is unknown.
   */
  of(table: string, options: SlotTableOptions = {}): LiveStream {
    checkName("A table", table);
    checkOptions("the stream of a table", options, ["idField", "numeric"]);
    const { slot, publication, withRows = false } = this.#options;
    const feed = new SlotFeed({
      ...options,
      db: this.#db,
      names: { slot, publication },
      table,
      withRows,
      onUnreadable: (error) => this.#traceEvent("warn", "rows not understood", { error }),
    });
    return {
      resumes: `slot ${slot}`,
      subscribe: (subscribeOptions = {}) => this.#subscribe(feed, subscribeOptions),
      hold: () => this.#hold(),
    };
  }

  /**
   * Drops the slot, so that the server keeps nothing for it. To be called when all subscriptions have ended: another one makes
   * it again. If it is not there, nothing is done.
   *
   * @throws {UnavailableError} if it is being read.
   * @throws {UnauthorizedError} if the user may not drop it.
   */
  async drop(): Promise<void> {
    const { slot } = this.#options;
    await answered(`drop the slot ${describe(slot)}`, async () => {
      const { signal } = new AbortController();
      try {
        await this.#db.query(DROP_SQL, [slot]);
      } catch (error) {
        throw await this.#reader.explain(error, signal);
      }
    });
  }

  #subscribe(feed: SlotFeed, options: SubscribeOptions): ReadableStream<LiveEvent> {
    const subscriber = new SlotSubscriber({
      ...options,
      bufferCapacity: this.#limits.bufferCapacity,
      onApplied: () => this.#wake(),
      onLeave: (left) => this.#remove(feed, left),
    });
    // The subscription ended at once if the signal was already aborted.
    if (subscriber.isOver) return subscriber.stream;
    feed.subscribers.add(subscriber);
    this.#feeds.add(feed);
    if (this.#connections === undefined) this.#start();
    else this.#wake();
    return subscriber.stream;
  }

  #remove(feed: SlotFeed, subscriber: SlotSubscriber): void {
    feed.subscribers.delete(subscriber);
    if (feed.subscribers.size === 0) this.#feeds.delete(feed);
    if (this.#feeds.size === 0) this.#stop();
    else this.#connections?.review();
  }

  #hold(): () => void {
    let held = true;
    this.#holds++;
    this.#connections?.review();
    return () => {
      if (held) this.#holds--;
      held = false;
      this.#connections?.review();
    };
  }

  get #isAwaited(): boolean {
    return this.#holds > 0 ||
      [...this.#feeds].some(({ subscribers }) => [...subscribers].some(({ isBackground }) => !isBackground));
  }

  #start(): void {
    const session = new SlotSession({
      reader: this.#reader,
      feeds: this.#feeds,
      maxChanges: this.#limits.maxChanges,
      pollMs: this.#limits.pollMs,
      clock: this.#clock,
      checkHealth: () => this.#checkHealth(),
      onGap: (reason) => this.#traceEvent("warn", "gap", { fields: { reason } }),
    });
    const connections = new PostgresConnections({
      clock: this.#clock,
      what: `read the slot ${describe(this.#options.slot)}`,
      isAwaited: () => this.#isAwaited,
      follow: (connection) => session.follow(connection),
      onState: (state, error) => this.#reportState(state, error),
      onOver: (error) => this.#end(error),
    });
    this.#session = session;
    this.#connections = connections;
    this.#asleep = new AbortController();
    void this.#wakeOn(this.#asleep.signal);
    void connections.run();
  }

  #stop(): void {
    this.#asleep?.abort();
    this.#connections?.stop();
    this.#connections = undefined;
    this.#session = undefined;
  }

  /** Stops first: a subscriber that subscribes again right away starts a new session. */
  #end(error: Error): void {
    const feeds = [...this.#feeds];
    this.#feeds.clear();
    this.#stop();
    for (const feed of feeds) feed.end(error);
  }

  #wake(): void {
    this.#session?.wake();
    this.#connections?.review();
  }

  /** Without what wakes it up, the slot is looked at as often as it is anyway. */
  async #wakeOn(signal: AbortSignal): Promise<void> {
    const { wakeUp } = this.#options;
    if (wakeUp === undefined) return;
    try {
      const reader = wakeUp.subscribe({ signal, background: true }).getReader();
      while (!(await reader.read()).done) this.#wake();
    } catch (error) {
      this.#traceEvent("warn", "wake-up lost", { error });
    }
  }

  async #checkHealth(): Promise<void> {
    for (const { slot, retainedBytes = 0, active } of await readSlots(this.#db)) {
      if (retainedBytes <= this.#limits.maxRetainedBytes) continue;
      const fields = { retaining_slot: slot, retained_bytes: retainedBytes, active };
      this.#traceEvent("error", "slot retains too much", { fields });
    }
  }

  #reportState(state: PostgresStreamState, error?: Error): void {
    this.#traceEvent(state === "lost" ? "warn" : "info", `event source ${state}`, error && { error });
    guardedCall(
      () => this.#options.onState?.(state, error),
      (thrown) => this.#traceEvent("warn", "onState failed", { error: thrown }),
    );
  }

  #traceEvent(
    level: TraceLevel,
    name: string,
    facts?: { readonly error?: unknown; readonly fields?: TraceFields },
  ): void {
    this.#trace?.event({ target: "vantage_live::stream", level, name, ...facts });
  }
}
