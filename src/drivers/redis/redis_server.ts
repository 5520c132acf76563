import type { Clock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import { UnsupportedError } from "../../table/errors.ts";
import type { RedisCalls } from "./redis_calls.ts";
import { decodedTextOf } from "./redis_reply.ts";
import type { RedisSession } from "./redis_session.ts";

/** After this time the server is asked again which one it is, beside the calls. */
const CHECK_MS = 1_000;
/** The oldest version that has all commands. */
const OLDEST_VERSION = 7;
/** Lets the scripts look which server they run in. */
const UNKNOWN = "";

interface Known {
  /** The connection that it is known of. */
  readonly count: number;
  readonly server: string;
  /** In monotonic milliseconds. */
  readonly askedAt: number;
}

/**
 * Which server a connection leads to. One that was restarted or promoted may have lost what was acknowledged, and have
 * again what was invalidated. Then its process (`run_id`) or its history (`master_replid`) is another one.
 */
export class RedisServer {
  readonly #session: RedisSession;
  readonly #calls: RedisCalls;
  readonly #clock: Clock;
  #known: Known | undefined;
  #asking: Promise<string> | undefined;

  constructor(session: RedisSession, calls: RedisCalls, clock: Clock) {
    this.#session = session;
    this.#calls = calls;
    this.#clock = clock;
  }

  /** Whether only the scripts know: there are several connections. */
  get isUnknown(): boolean {
    return this.#session.connections === undefined;
  }

  /**
   * The server of the present connection; `""` if only the scripts know.
   *
   * @throws {UnsupportedError} if it is too old, or a replica.
   */
  id(): MaybePromise<string> {
    const count = this.#session.connections?.();
    if (count === undefined) return UNKNOWN;
    const known = this.#known;
    if (known?.count !== count) return this.#ask();
    if (this.#clock.monotonic() - known.askedAt >= CHECK_MS) this.#ask().catch(() => {});
    return known.server;
  }

  /**
   * Refuses a server that cannot be used.
   *
   * @throws {UnsupportedError} if it is too old, or a replica.
   */
  async check(): Promise<void> {
    if (this.isUnknown) await this.#look();
    else await this.id();
  }

  #ask(): Promise<string> {
    return this.#asking ??= this.#askUntilKnown().finally(() => this.#asking = undefined);
  }

  async #askUntilKnown(): Promise<string> {
    const count = this.#session.connections?.() ?? 0;
    const askedAt = this.#clock.monotonic();
    try {
      const server = await this.#look();
      this.#known = { count, server, askedAt };
      return server;
    } catch (error) {
      // While it does not answer, what is known of this connection stands.
      if (error instanceof UnsupportedError) this.#known = undefined;
      throw error;
    }
  }

  async #look(): Promise<string> {
    const [server, replication] = await Promise.all(
      ["server", "replication"].map((section) => this.#calls.send(["INFO", section], "")),
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
    return run.slice(0, 16) + history.slice(0, 16);
  }
}

function factsIn(text: string): ReadonlyMap<string, string> {
  return new Map(Array.from(text.matchAll(/^(\w+):(.*?)\r?$/gm), ([, name = "", value = ""]) => [name, value]));
}
