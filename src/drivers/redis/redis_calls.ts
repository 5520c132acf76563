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

  constructor({ session, timeoutMs, clock }: RedisCallsOptions) {
    this.#session = session;
    this.#timeoutMs = timeoutMs;
    this.#clock = clock;
    this.#deadline = new Deadline(clock, timeoutMs, () => this.#late());
  }

  /** Sends a command; its answer is one of the connection that the caller knows. */
  async send(command: RedisCommand, key: string): Promise<unknown> {
    const { connections } = this.#session;
    const count = connections?.();
    const answer = await this.limited(() => this.#session.send(command, key)).catch((error) => {
      throw understood(error);
    });
    if (connections?.() !== count) throw new UnavailableError("The connection to Redis was replaced meanwhile");
    return answer;
  }

  /** Runs a script. The first key says where, in a cluster. */
  async run(script: RedisScript, keys: readonly string[], args: RedisCommand): Promise<unknown> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.send(["EVALSHA", await script.sha, ...rest], key);
    } catch (error) {
      if (codeOf(error) !== "NOSCRIPT") throw error;
      return await this.send(["EVAL", script.text, ...rest], key);
    }
  }

  /** From now on all calls reject; those that wait for an answer are not limited any more. */
  close(): void {
    this.#closed = true;
    this.#deadline.close();
  }

  /** Settles like a call, or rejects when its time is over. */
  async limited(call: () => PromiseLike<unknown>): Promise<unknown> {
    this.#checkOpen();
    this.#pending++;
    const work = settling(call);
    const settled = (): void => {
      this.#pending--;
      this.#silentSince = undefined;
    };
    work.then(settled, settled);
    return await this.#deadline.limit(work, (answer) => answer, (error) => {
      throw error;
    });
  }

  #checkOpen(): void {
    if (this.#closed) throw new ClosedError("The cache is closed");
    if (this.#pending >= MOST_PENDING) {
      throw new UnavailableError(`Redis has not answered ${this.#pending} calls`);
    }
    if (this.#silentSince === undefined) return;
    const now = this.#clock.monotonic();
    if (now - this.#silentSince < this.#timeoutMs) throw this.#unanswered();
    this.#silentSince = now;
  }

  #late(): Error {
    this.#silentSince ??= this.#clock.monotonic();
    return this.#unanswered();
  }

  #unanswered(): Error {
    return new UnavailableError(`Redis has not answered within ${this.#timeoutMs} ms`);
  }
}

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

async function settling(call: () => PromiseLike<unknown>): Promise<unknown> {
  return await call();
}
