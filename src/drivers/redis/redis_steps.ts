import type { RedisCalls } from "./redis_calls.ts";
import type { RedisCommand } from "./redis_client.ts";
import type { RedisKeys } from "./redis_keys.ts";
import type { RedisScript } from "./redis_script.ts";
import type { RedisServer } from "./redis_server.ts";

/** What {@linkcode RedisSteps} work with. */
export interface RedisStepsOptions {
  readonly calls: RedisCalls;
  readonly server: RedisServer;
  readonly keys: RedisKeys;
  readonly ttlMs: number;
}

/** Takes the atomic steps of a cache. */
export class RedisSteps {
  readonly calls: RedisCalls;
  readonly server: RedisServer;
  readonly keys: RedisKeys;
  readonly #ttlMs: string;
  #nonce = "";
  #nonces = Infinity;

  constructor({ calls, server, keys, ttlMs }: RedisStepsOptions) {
    this.calls = calls;
    this.server = server;
    this.keys = keys;
    this.#ttlMs = String(ttlMs);
  }

  /** Runs a script on a scope, and perhaps on the key of an entry. */
  async run(script: RedisScript, scope: string, args: RedisCommand, entry?: string): Promise<unknown> {
    const { all } = this.keys.ofScope(scope);
    const keys = entry === undefined ? all : [...all, entry];
    const { id, connection } = await this.server.now();
    return await this.calls.run(script, keys, [id, this.#newNonce(), this.#ttlMs, ...args], connection);
  }

  /** Runs a script whose text is sent with it: nothing that is called later is done before. */
  async runFirst(script: RedisScript, scope: string): Promise<unknown> {
    const { all, state } = this.keys.ofScope(scope);
    const { id, connection } = await this.server.now();
    const command = ["EVAL", script.text, String(all.length), ...all, id, this.#newNonce(), this.#ttlMs];
    return await this.calls.send(command, state, connection);
  }

  /** A text of 16 characters that is used once, by whichever process. */
  #newNonce(): string {
    if (this.#nonces >= NONCES) {
      this.#nonce = crypto.randomUUID().replaceAll("-", "").slice(0, 12);
      this.#nonces = 0;
    }
    return this.#nonce + (this.#nonces++).toString(36).padStart(4, "0");
  }
}

/** How many four digits of base 36 can tell apart. */
const NONCES = 36 ** 4;
