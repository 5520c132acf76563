import type { Clock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import { isBytes } from "../../base/realm.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { RedisCalls } from "./redis_calls.ts";
import { decodedTextOf } from "./redis_reply.ts";

/** After this time the server is asked again which one it is, beside the calls; after twice the time, before them. */
const CHECK_MS = 1_000;
/** Clocks that differ by less are taken for the same one: what is known of them is no more exact than a call. */
const SAME_MS = 500;
/** The oldest version that has all commands. */
const OLDEST_VERSION = 7;
/** A server, and the connection that leads to it. */
export interface ServerAt {
  /** Names the server; `""` if only the scripts know which it is. */
  readonly id: string;
  readonly connection: number | undefined;
}

/** Lets the scripts look which server they run in. */
const UNKNOWN: ServerAt = { id: "", connection: undefined };

interface Known extends ServerAt {
  /** In monotonic milliseconds. */
  readonly askedAt: number;
}

/**
 * Which server a connection leads to. One that was restarted or promoted may have lost what was acknowledged, and have
 * again what was invalidated. Then its process (`run_id`) or its history (`master_replid`) is another one. It is asked
 * about each new connection, and now and then about one that stays, since a server may be promoted or demoted under it.
 *
 * It also knows the server's clock, by which hosts agree on times though their own clocks differ.
 */
export class RedisServer {
  readonly #calls: RedisCalls;
  readonly #clock: Clock;
  #known: Known | undefined;
  /** How far the server's clock is ahead of the monotonic one, in milliseconds; `undefined` if it is not known. */
  #aheadOfMonotonicMs: number | undefined;
  /** How far it is ahead of the wall clock. */
  #aheadMs = 0;
  #asking: Promise<ServerAt> | undefined;

  constructor(calls: RedisCalls, clock: Clock) {
    this.#calls = calls;
    this.#clock = clock;
  }

  /** Whether only the scripts know: there are several connections. */
  get isUnknown(): boolean {
    return this.#calls.connection === undefined;
  }

  /** A time of this host, in milliseconds since the epoch, by the server's clock. */
  timeOf(ms: number): number {
    return ms + this.#ahead();
  }

  /** A time of the server, in milliseconds since the epoch, by the clock of this host. */
  timeHere(ms: number): number {
    return ms - this.#ahead();
  }

  /** Takes note of what the server's clock shows, in milliseconds since the epoch, or has shown up to some time ago. */
  hasTime(ms: number, agoMs: number = 0): void {
    if (ms > 0) this.#aheadOfMonotonicMs = ms - (this.#clock.monotonic() - agoMs / 2);
  }

  /** The same until it differs by more than a call may take, so that a time which is stored is the same when it is read. */
  #ahead(): number {
    if (this.#aheadOfMonotonicMs === undefined) return 0;
    const aheadMs = this.#clock.monotonic() + this.#aheadOfMonotonicMs - this.#clock.now();
    if (Math.abs(aheadMs - this.#aheadMs) >= SAME_MS) this.#aheadMs = Math.round(aheadMs);
    return this.#aheadMs;
  }

  /**
   * The server of the present connection.
   *
   * @throws {UnsupportedError} if it is too old, or a replica.
   */
  now(): MaybePromise<ServerAt> {
    const { connection } = this.#calls;
    if (connection === undefined) return UNKNOWN;
    const known = this.#known;
    if (known?.connection !== connection) return this.#ask();
    const ageMs = this.#clock.monotonic() - known.askedAt;
    if (ageMs >= 2 * CHECK_MS) return this.#ask();
    if (ageMs >= CHECK_MS) this.#ask().catch(() => {});
    return known;
  }

  /**
   * Refuses a server that cannot be used.
   *
   * @throws {UnsupportedError} if it is too old, or a replica; or if the client answers with text where there are bytes.
   * @throws {UnauthorizedError} if Redis refuses the user, or a command to it.
   */
  async check(): Promise<void> {
    if (this.isUnknown) await this.#look(undefined);
    else await this.now();
    if (isBytes(await this.#calls.send(["EVAL", "return 'bytes'", "0"], ""))) return;
    throw new UnsupportedError("The client answers with text where there are bytes: redis is supported from version 5");
  }

  #ask(): Promise<ServerAt> {
    return this.#asking ??= this.#askOnce().finally(() => this.#asking = undefined);
  }

  async #askOnce(): Promise<ServerAt> {
    const { connection } = this.#calls;
    const askedAt = this.#clock.monotonic();
    try {
      const known: Known = { id: await this.#look(connection), connection, askedAt };
      this.#known = known;
      return known;
    } catch (error) {
      // While it does not answer, what is known of this connection stands.
      if (error instanceof UnsupportedError) this.#known = undefined;
      throw error;
    }
  }

  async #look(connection: number | undefined): Promise<string> {
    const askedAt = this.#clock.monotonic();
    const [server, replication] = await Promise.all(
      ["server", "replication"].map((section) => this.#calls.send(["INFO", section], "", connection)),
    );
    const facts = factsIn(`${decodedTextOf(server)}\n${decodedTextOf(replication)}`);
    const version = facts.get("redis_version") ?? "";
    if (!(Number.parseInt(version) >= OLDEST_VERSION)) {
      throw new UnsupportedError(`A RedisCache needs Redis ${OLDEST_VERSION}.0 or newer, and this one is ${version}`);
    }
    if (facts.get("role") !== "master") throw new UnsupportedError("This Redis is a replica: connect to its master");
    const [run, history] = [facts.get("run_id"), facts.get("master_replid")];
    if (run === undefined || history === undefined) {
      throw new UnsupportedError("This Redis does not say which process it is: INFO has no run_id or master_replid");
    }
    this.hasTime(Number(facts.get("server_time_usec")) / 1_000, this.#clock.monotonic() - askedAt);
    return run.slice(0, 16) + history.slice(0, 16);
  }
}

function factsIn(text: string): ReadonlyMap<string, string> {
  return new Map(Array.from(text.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = "", value = ""]) => [name, value]));
}
