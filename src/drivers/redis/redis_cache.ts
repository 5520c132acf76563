import { disposeByClosing } from "../../base/async_dispose.ts";
import { checkOptions, checkTools } from "../../base/check_options.ts";
import { type Clock, systemClock } from "../../base/clock.ts";
import { describe } from "../../base/describe.ts";
import { rememberSelf } from "../../base/self.ts";
import { wholeNumber } from "../../base/whole_number.ts";
import type { Cache, CachedRows, Fence, LogRecord } from "../../cache/cache.ts";
import { CacheKeys, scopeOf } from "../../cache/cache_key.ts";
import { encodeRows } from "../../cache/codec.ts";
import { UnauthorizedError, UnsupportedError } from "../../table/errors.ts";
import type { Tracer } from "../../trace/tracer.ts";
import { RedisCalls } from "./redis_calls.ts";
import type { RedisClient } from "./redis_client.ts";
import { RedisFollower } from "./redis_follower.ts";
import { RedisInvalidation } from "./redis_invalidation.ts";
import { type RedisLiveStream, type RedisLiveStreamOptions, RedisLogStream } from "./redis_live_stream.ts";
import { RedisKeys } from "./redis_keys.ts";
import { RedisLog } from "./redis_log.ts";
import { RedisReads } from "./redis_reads.ts";
import { textOf } from "./redis_reply.ts";
import { RedisScript } from "./redis_script.ts";
import { FENCE, PUT } from "./redis_scripts.ts";
import { RedisServer } from "./redis_server.ts";
import { type RedisSession, sessionOf } from "./redis_session.ts";
import { fenceOf, marksOf, stateIn } from "./redis_state.ts";
import { RedisSteps } from "./redis_steps.ts";

/** Options of a {@linkcode RedisCache}. */
export interface RedisCacheOptions {
  /** What all its keys begin with; default `"vantage_live"`. Each namespace is a separate cache. */
  readonly namespace?: string | undefined;
  /** How long an entry is kept, in milliseconds; default 24 hours. Everything in Redis expires, at most twice this later. */
  readonly ttlMs?: number | undefined;
  /** The most bytes of rows in an entry; default 16 MiB. A larger one is not kept. */
  readonly maxEntryBytes?: number | undefined;
  /** The most changes of a scope in its log, and the most intents; default 1000. An entry that is older is not served. */
  readonly maxChanges?: number | undefined;
  /** The most bytes of the changes in the log of a scope; default 1 MiB. */
  readonly maxLogBytes?: number | undefined;
  /** How long a call may take, in milliseconds; default 1000. After that it rejects, and a `LiveTable` asks the master. */
  readonly timeoutMs?: number | undefined;
  /** Receives events about unreadable entries. */
  readonly tracer?: Tracer | undefined;
  /** Where the time comes from; default the system's. */
  readonly clock?: Clock | undefined;
}

const KNOWN = {
  namespace: true,
  ttlMs: true,
  maxEntryBytes: true,
  maxChanges: true,
  maxLogBytes: true,
  timeoutMs: true,
  tracer: true,
  clock: true,
} satisfies Record<keyof RedisCacheOptions, true>;

/** Which server it is, the entry, and what was logged since; or the script, its text, and the end of what is damaged. */
const MOST_CALLS_OF_GET = 3;

const [fenceStep, putStep] = [new RedisScript(FENCE), new RedisScript(PUT)];

/**
 * A cache in Redis or Valkey, from version 7, that many hosts share, through the client that you have: `redis`, `ioredis`,
 * or an object with a `send` function. It keeps a log of the changes to each scope. A hit is one round trip, and so are a
 * change and the invalidation of a scope, however many entries it has.
 *
 * The bounds are those of the server: `maxmemory`, with any policy. Whatever it evicts costs freshness of nothing: an entry
 * without its scope's state, or without the changes since, is not served. A server that was restarted, restored or
 * promoted is noticed, and what it holds from before is not served. A server that does not answer delays the first reader
 * for `timeoutMs`, and others not at all until it answers again.
 *
 * @example Any client, here one that answers from memory
 * ```ts
 * import { RedisCache } from "@vantage/live/redis";
 * import { UnsupportedError } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * // In an application: await createClient({ url: "redis://…" }).connect(), or new Redis("redis://…").
 * const client = { send: async () => new TextEncoder().encode("redis_version:6.2.14\r\n") };
 *
 * await assert.rejects(RedisCache.open(client), UnsupportedError); // Redis 7.0 or newer is needed
 * ```
 */
export class RedisCache implements Cache, AsyncDisposable {
  /** The same as `close()`. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

  readonly #session: RedisSession;
  readonly #calls: RedisCalls;
  readonly #steps: RedisSteps;
  readonly #reads: RedisReads;
  readonly #log: RedisLog;
  readonly #invalidation: RedisInvalidation;
  readonly #follower: RedisFollower;
  readonly #maxEntryBytes: number;
  /** How long a `get` takes at most, in milliseconds: it is up to three calls, one after the other. */
  readonly getTimeoutMs: number;

  private constructor(session: RedisSession, options: RedisCacheOptions) {
    disposeByClosing(RedisCache.prototype);
    rememberSelf(this, RedisCache);
    const { clock = systemClock, tracer, namespace = "vantage_live" } = options;
    const ttlMs = wholeNumber("ttlMs", options.ttlMs ?? 86_400_000);
    const maxChanges = wholeNumber("maxChanges", options.maxChanges ?? 1_000);
    const maxLogBytes = wholeNumber("maxLogBytes", options.maxLogBytes ?? 2 ** 20);
    const timeoutMs = wholeNumber("timeoutMs", options.timeoutMs ?? 1_000);
    this.#maxEntryBytes = wholeNumber("maxEntryBytes", options.maxEntryBytes ?? 16 * 2 ** 20);
    this.getTimeoutMs = MOST_CALLS_OF_GET * timeoutMs;
    this.#session = session;
    const calls = this.#calls = new RedisCalls({ session, timeoutMs, clock });
    const server = new RedisServer(calls, clock);
    const steps = this.#steps = new RedisSteps({
      calls,
      server,
      keys: new RedisKeys(checkNamespace(namespace)),
      ttlMs,
    });
    const trace = tracer?.trace({});
    this.#reads = new RedisReads(steps, trace);
    const firstFence = async (scope: string): Promise<Fence> => textOf(await steps.runFirst(fenceStep, scope));
    const fence = (scope: string): Promise<Fence> => this.fence(scope);
    this.#follower = new RedisFollower({ session, steps, firstFence, fence, timeoutMs, clock, trace });
    this.#log = new RedisLog(steps, { maxChanges, maxLogBytes });
    this.#invalidation = new RedisInvalidation(steps, session, this.#log.bounds);
  }

  /**
   * Opens a cache over a client, which is connected and stays yours to close. If Redis does not answer, the cache is opened
   * all the same: its calls reject until Redis does.
   *
   * @throws {TypeError} if the client is none of the known ones, or adds a prefix to keys; or if an option is unknown.
   * @throws {RangeError} if a number is not a whole one of at least 1.
   * @throws {UnauthorizedError} if Redis refuses the user, or a command to it.
   * @throws {UnsupportedError} if Redis is older than 7.0 or a replica, or the client cannot be used: it has no function for
   * bytes, as `redis` before version 5 and `Bun.RedisClient`.
   */
  static async open(client: RedisClient, options: RedisCacheOptions = {}): Promise<RedisCache> {
    checkOptions("a RedisCache", options, Object.keys(KNOWN));
    checkTools(options);
    const session = sessionOf(client);
    const cache = new RedisCache(session, options);
    try {
      await cache.#steps.server.check();
    } catch (error) {
      if (!isRefusal(error)) return cache;
      await cache.close();
      throw error;
    }
    return cache;
  }

  get(key: string): Promise<CachedRows | undefined> {
    return this.#reads.get(key);
  }

  async fence(key: string): Promise<Fence> {
    const scope = scopeOf(key) ?? "";
    const { server, calls, keys } = this.#steps;
    if (!server.isUnknown) {
      const { id, connection } = await server.now();
      const { state: name } = keys.ofScope(scope);
      const answer = await calls.send(["GET", name], name, connection);
      const state = answer === null ? undefined : stateIn(answer);
      if (state?.server === id) return fenceOf(state);
    }
    return textOf(await this.#steps.run(fenceStep, scope, []));
  }

  async put(key: string, { rows, fetchedAt, until }: CachedRows, fence?: Fence): Promise<boolean> {
    const body = encodeRows(rows);
    if (body.length > this.#maxEntryBytes) return false;
    const marks = fence === undefined ? ["", ""] : marksOf(fence);
    const args = [...marks, until === undefined ? "" : String(until), String(fetchedAt), body];
    const name = this.#steps.keys.ofEntry(key);
    return await this.#steps.run(putStep, scopeOf(key) ?? "", args, name) === 1;
  }

  log(scope: string, record: LogRecord): Promise<Fence> {
    return this.#log.add(scope, record);
  }

  invalidatePrefix(prefix: string): Promise<void> {
    return this.#invalidation.invalidate(prefix);
  }

  /**
   * The changes under a cacheKey, as they are logged by all hosts.
   *
   * @throws {TypeError} if the cacheKey is not a string, or empty.
   * @throws {RangeError} if `bufferCapacity` is not a whole number of at least 1.
   * @throws {UnsupportedError} if the client cannot open another connection: a cluster, a pool, or a `send` function.
   */
  stream(cacheKey: string, options: RedisLiveStreamOptions = {}): RedisLiveStream {
    checkOptions("a RedisLiveStream", options, ["bufferCapacity"]);
    const { prefix } = new CacheKeys(cacheKey);
    if (this.#session.open === undefined) {
      throw new UnsupportedError(
        "A RedisLiveStream needs a connection of its own: pass createClient() of redis or new Redis() of ioredis",
      );
    }
    return new RedisLogStream(this, (listener) => this.#follower.follow(prefix, listener), options);
  }

  /** Calls `listener` with each scope that a stream of this cache hears a change of, before it emits that. */
  onChanged(listener: (scope: string) => void): () => void {
    return this.#follower.onChanged(listener);
  }

  /** Stops using the client, which stays open. Idempotent. */
  close(): Promise<void> {
    this.#follower.close();
    this.#calls.close();
    this.#session.release();
    return Promise.resolve();
  }
}

/** Whether an error is about what was given, and will be the same later. */
function isRefusal(error: unknown): boolean {
  return error instanceof TypeError || error instanceof UnsupportedError || error instanceof UnauthorizedError;
}

/** A namespace that is a text, and not so long that keys grow. */
function checkNamespace(namespace: unknown): string {
  if (typeof namespace === "string" && namespace !== "" && namespace.length <= 64) return namespace;
  throw new TypeError(`namespace must be a text of up to 64 characters, got ${describe(namespace)}`);
}
