import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { withinTime } from "../../base/within_time.ts";
import type { Fence } from "../../cache/cache.ts";
import { ClosedError, UnsupportedError } from "../../table/errors.ts";
import type { Trace } from "../../trace/tracer.ts";
import { Followed, placeIn, type RedisListener } from "./redis_followed.ts";
import { codeOf, decodedTextOf, listOf, textOf } from "./redis_reply.ts";
import type { RedisConnection, RedisSession } from "./redis_session.ts";
import type { RedisSteps } from "./redis_steps.ts";

/** What a {@linkcode RedisFollower} works with. */
export interface RedisFollowerOptions {
  readonly session: RedisSession;
  readonly steps: RedisSteps;
  /** The fence of a scope, before anything is done that is called later. */
  readonly firstFence: (scope: string) => Promise<Fence>;
  /** The fence of a scope. */
  readonly fence: (scope: string) => Promise<Fence>;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** How long the connection waits for a record. After that the fences are looked at. */
const BLOCK_MS = 1_000;
/** The most records that are read at a time, of each scope. */
const RECORDS_PER_READ = "500";
/** How long the key is kept by which a waiting connection is woken. */
const WAKE_MS = "60000";

/**
 * Follows the logs of scopes over one connection, which waits for records of all of them. After a lost connection it goes on
 * where it was. That nothing was missed is seen by the generation and the number of each record; that no record comes of a
 * log that was evicted or replaced, by the fences, which are looked at when none has come for a while.
 */
export class RedisFollower {
  readonly #options: RedisFollowerOptions;
  /** By the key of the log. */
  readonly #followed = new Map<string, Followed>();
  readonly #listeners = new Set<(scope: string) => void>();
  readonly #closing = new AbortController();
  readonly #wakeKey: string;
  #woken = "0";
  #running: Promise<void> | undefined;

  constructor(options: RedisFollowerOptions) {
    this.#options = options;
    this.#wakeKey = options.steps.keys.newWakeKey();
    options.session.onEnd?.(() => this.#end());
  }

  /** Calls `listener` with each scope that is followed and has changed, before those who follow it. */
  onChanged(listener: (scope: string) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /**
   * Follows the log of a scope until the returned function is called. What is logged through the same client after this
   * call is heard.
   */
  follow(scope: string, listener: RedisListener): () => void {
    const log = this.#options.steps.keys.ofScope(scope).log;
    const followed = this.#followed.get(log) ?? new Followed(scope, (changed) => this.#tell(changed));
    followed.listeners.add(listener);
    if (!this.#followed.has(log)) {
      this.#followed.set(log, followed);
      void this.#begin(followed);
    }
    return () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size === 0 && this.#followed.get(log) === followed) this.#followed.delete(log);
      if (this.#followed.size === 0) this.#wake();
    };
  }

  /** Ends everything. */
  close(): void {
    this.#closing.abort(new ClosedError("The cache is closed"));
    this.#end();
  }

  #tell(scope: string): void {
    for (const listener of this.#listeners) listener(scope);
  }

  /** Ends what is followed: the client is closed, or the cache is, or there was an error that stays. */
  #end(error?: Error): void {
    const ended = [...this.#followed.values()];
    this.#followed.clear();
    for (const { listeners } of ended) for (const listener of listeners) listener.onEnd(error);
    this.#wake();
  }

  async #begin(followed: Followed): Promise<void> {
    try {
      const place = placeIn(await this.#options.firstFence(followed.scope));
      if (followed.place === undefined) followed.begin(place);
    } catch {
      // It is asked for again once there is a connection.
    }
    if (this.#running === undefined) this.#running = this.#run().finally(() => this.#running = undefined);
    else this.#wake();
  }

  /** Ends the wait for a record. */
  #wake(): void {
    if (this.#running === undefined) return;
    const { calls } = this.#options.steps;
    const key = this.#wakeKey;
    for (const command of [["XADD", key, "MAXLEN", "1", "*", "w", ""], ["PEXPIRE", key, WAKE_MS]]) {
      // The wait ends by itself soon.
      calls.send(command, key).catch(() => {});
    }
  }

  async #run(): Promise<void> {
    const { session, clock, trace } = this.#options;
    const { signal } = this.#closing;
    const backoff = new Backoff(clock);
    while (this.#followed.size > 0 && !signal.aborted) {
      let connection: RedisConnection | undefined;
      try {
        if (session.open === undefined || session.hasEnded?.() === true) {
          throw new UnsupportedError("The client of this RedisCache cannot open the connection that a stream needs");
        }
        connection = session.open();
        await this.#limited(connection.connected, 0);
        backoff.begin();
        await this.#follow(connection);
      } catch (error) {
        trace?.event({ target: "vantage_live::stream", level: "warn", name: "stream lost", error });
        if (isLasting(error)) this.#end(error as Error); // What is lasting is an error.
      } finally {
        connection?.close();
      }
      if (this.#followed.size > 0) await backoff.pause({ signal, background: true }).catch(() => {});
    }
  }

  async #follow(connection: RedisConnection): Promise<void> {
    while (this.#followed.size > 0 && !this.#closing.signal.aborted) {
      const heard = await this.#read(connection, BLOCK_MS);
      if (!heard || [...this.#followed.values()].some(({ place }) => place === undefined)) {
        await this.#check(connection);
      }
    }
  }

  /** Looks whether there is something that no record will tell of. */
  async #check(connection: RedisConnection): Promise<void> {
    const { fence } = this.#options;
    const followed = [...this.#followed.values()];
    const places = await Promise.all(followed.map(async ({ scope }) => placeIn(await fence(scope))));
    while (await this.#read(connection, undefined));
    for (const [index, each] of followed.entries()) {
      const place = places[index];
      if (place === undefined || each.hasReached(place)) continue;
      each.begin(placeIn(await fence(each.scope)));
    }
  }

  /** Reads records, and waits for some if there is time; returns whether something has come. */
  async #read(connection: RedisConnection, blockMs: number | undefined): Promise<boolean> {
    const placed = [...this.#followed].flatMap(([log, { place }]) => place === undefined ? [] : [{ log, place }]);
    const logs = [...placed.map(({ log }) => log), this.#wakeKey];
    const ids = [...placed.map(({ place }) => `${place.position}-0`), this.#woken];
    const wait = blockMs === undefined ? [] : ["BLOCK", String(blockMs)];
    const command = ["XREAD", ...wait, "COUNT", RECORDS_PER_READ, "STREAMS", ...logs, ...ids];
    const answer = await this.#limited(connection.send(command), blockMs ?? 0);
    if (answer === null) return false;
    for (const [log, records] of streamsIn(answer)) this.#take(log, records);
    return true;
  }

  #take(log: string, records: readonly unknown[]): void {
    if (log === this.#wakeKey) {
      const [id] = listOf(records.at(-1));
      this.#woken = textOf(id);
      return;
    }
    const followed = this.#followed.get(log);
    for (const record of records) followed?.take(record);
  }

  async #limited<T>(work: PromiseLike<T>, waitMs: number): Promise<T> {
    const { timeoutMs, clock } = this.#options;
    const { signal } = this.#closing;
    return await withinTime(Promise.resolve(work), { timeoutMs: timeoutMs + waitMs, signal }, clock);
  }
}

/** Whether an error stays the same however often it is tried. */
function isLasting(error: unknown): boolean {
  return error instanceof UnsupportedError || codeOf(error) === "CROSSSLOT";
}

/** The streams of an answer: pairs, or one list of what the pairs have, depending on the protocol. */
function streamsIn(answer: unknown): readonly (readonly [log: string, records: readonly unknown[]])[] {
  const list = listOf(answer);
  const pairs = Array.isArray(list[0]) && list[0].length === 2 && !Array.isArray(list[0][0])
    ? list.map(listOf)
    : list.flatMap((name, at) => at % 2 === 0 ? [[name, list[at + 1]]] : []);
  return pairs.map(([name, records]) => [decodedTextOf(name), listOf(records)]);
}
