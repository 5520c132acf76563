import type { Clock } from "../../base/clock.ts";
import { Deadline } from "../../base/deadline.ts";
import { ClosedError, UnauthorizedError, UnavailableError } from "../../table/errors.ts";
import type { RedisCommand } from "./redis_client.ts";
import { codeOf } from "./redis_reply.ts";
import type { RedisScript } from "./redis_script.ts";
import type { RedisSession } from "./redis_session.ts";

/** What {@linkcode RedisCalls} work with. */
export interface RedisCallsOptions {
  readonly session: RedisSession;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The most calls that are sent and not answered. */
const MOST_PENDING = 10_000;

/**
 * Calls of Redis, each with a deadline. After one has passed, calls fail at once until something is answered, except one
 * in each such time: readers do not wait for a server that is frozen, and what waits in the client is bounded. A call
 * whose time is over may be executed later all the same.
 */
export class RedisCalls {
  readonly #session: RedisSession;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #deadline: Deadline;
  #pending = 0;
  /** When a call was sent while none was answered in time, in monotonic milliseconds; `undefined` if some are. */
  #silentSince: number | undefined;
  #closed = false;
  readonly #answered = (): void => {
    this.#pending--;
    this.#silentSince = undefined;
  };

  constructor({ session, timeoutMs, clock }: RedisCallsOptions) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#deadline = new Deadline(clock, timeoutMs, { late: () => this.#late(), isBackground: true });
  }

  /** Which connection there is, counted; `undefined` if there are several. */
  get connection(): number | undefined {
    return this.#session.connections?.();
  }

  /** Sends a command. Rejects unless it is sent through one connection, which is still there when the answer arrives. */
  send(command: RedisCommand, key: string, connection: number | undefined = this.connection): Promise<unknown> {
    return this.limited(this.#session, command, key, connection);
  }

  /** Runs a script through a connection. The first key says where, in a cluster. */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: RedisCommand,
    connection: number | undefined,
  ): Promise<unknown> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(["EVALSHA", await script.sha, ...rest], key, connection);
    } catch (error) {
      if (codeOf(error) !== "NOSCRIPT") throw error;
      return await this.send(["EVAL", script.text, ...rest], key, connection);
    }
  }

  /** The same with a session that is another one, perhaps of one node. A hit passes here: it makes a single promise. */
  limited(
    session: RedisSession,
    command: RedisCommand,
    key: string | undefined,
    connection: number | undefined,
  ): Promise<unknown> {
    let work: Promise<unknown>;
    try {
      this.#checkOpen();
      this.#checkConnection(connection);
      work = Promise.resolve(session.send(command, key));
    } catch (error) {
      return Promise.reject(error);
    }
    this.#pending++;
    let isAnswered = false;
    return this.#deadline.limit(work, (answer) => {
      isAnswered = true;
      this.#answered();
      this.#checkConnection(connection);
      return answer;
    }, (error) => {
      if (error instanceof LateError) work.then(this.#answered, this.#answered);
      else if (!isAnswered) this.#answered();
      throw understood(error);
    });
  }

  /** From now on all calls reject, and so do those that wait for an answer, which may be executed all the same. */
  close(): void {
    this.#closed = true;
    this.#deadline.end(closed());
  }

  #checkOpen(): void {
    if (this.#closed) throw closed();
    if (this.#pending >= MOST_PENDING) {
      throw new UnavailableError(`Redis has not answered ${this.#pending} calls`);
    }
    if (this.#silentSince === undefined) return;
    const now = this.#clock.monotonic();
    if (now - this.#silentSince < this.#timeoutMs) throw this.#unanswered();
    this.#silentSince = now;
  }

  #checkConnection(connection: number | undefined): void {
    if (this.connection === connection) return;
    throw new UnavailableError("The connection to Redis was replaced meanwhile");
  }

  #late(): Error {
    this.#silentSince ??= this.#clock.monotonic();
    return this.#unanswered();
  }

  #unanswered(): Error {
    return new LateError(`Redis has not answered within ${this.#timeoutMs} ms`);
  }
}

function closed(): ClosedError {
  return new ClosedError("The cache is closed");
}

/** The time of a call is over; it may still be answered. */
class LateError extends UnavailableError {}

/** The errors that say that the user may not do what a cache needs. */
const REFUSED: readonly (string | undefined)[] = ["NOAUTH", "NOPERM", "WRONGPASS"];

function understood(error: unknown): unknown {
  const code = codeOf(error);
  if (!REFUSED.includes(code)) return error;
  return new UnauthorizedError(
    `Redis refuses the user (${code}): a RedisCache needs INFO, scripts, SCAN and all commands on its keys`,
    { cause: error },
  );
}
