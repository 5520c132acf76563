import { rememberSelf } from "../../base/self.ts";
import type { LiveStream, SubscribeOptions } from "../../stream/live_stream.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Cache } from "../../cache/cache.ts";
import type { RedisListener } from "./redis_followed.ts";

/** Options of a {@linkcode RedisLiveStream}. */
export interface RedisLiveStreamOptions {
  /** The most events buffered for one subscriber; default 256. A subscriber that lags further receives `changed`. */
  readonly bufferCapacity?: number | undefined;
}

/**
 * The changes under one cacheKey as every host on a `RedisCache` logs them: writes, events, and `changed` where everything
 * was invalidated. Made by `RedisCache.stream`. A change and its event are one record, so there is never one without the
 * other. All streams of a cache share one connection, which waits for records; it is opened with the first subscription,
 * and closed with the last.
 *
 * After a lost connection the stream goes on where it was. If records were missed, since the log was cut, evicted or
 * replaced, subscribers receive `changed`; so they do when they subscribe, for what was logged until Redis has answered.
 * Subscriptions end when the client or the cache is closed.
 *
 * A `LiveTable` on the same cache, or on a `LayeredCache` in front of it, does not log these events again and keeps its
 * entries after a gap. So this stream is for watchers on several hosts, and costs no reads of the master.
 *
 * The rows of events are not used in place unless `versionOf` says that they are newer (`ordered` is false): a read of the
 * master may have ended on one host before an older write was logged by another.
 */
export interface RedisLiveStream extends LiveStream {
  /** The cache. */
  readonly logOf: Cache;
  /** How many subscriptions are open. */
  readonly subscriberCount: number;
}

/** Follows the log of the scope until the returned function is called. */
export type FollowLog = (listener: RedisListener) => () => void;

/** The stream that `RedisCache.stream` makes. */
export class RedisLogStream implements RedisLiveStream {
  readonly logOf: Cache;
  readonly #follow: FollowLog;
  readonly #events: ManualLiveStream;
  #stop: (() => void) | undefined;

  constructor(cache: Cache, follow: FollowLog, { bufferCapacity }: RedisLiveStreamOptions) {
    rememberSelf(this, RedisLogStream);
    this.logOf = cache;
    this.#follow = follow;
    this.#events = new ManualLiveStream({ bufferCapacity, onUnused: () => this.#leave() });
  }

  get subscriberCount(): number {
    return this.#events.subscriberCount;
  }

  subscribe(options?: SubscribeOptions): ReadableStream<LiveEvent> {
    const subscription = this.#events.subscribe(options);
    if (this.#events.subscriberCount > 0) this.#stop ??= this.#follow(this.#listener());
    return subscription;
  }

  #listener(): RedisListener {
    const events = this.#events;
    return {
      onChange: (change) => void events.push(change),
      onGap: () => void events.push({ kind: "changed" }),
      onEnd: (error) => events.disconnect(error),
    };
  }

  #leave(): void {
    this.#stop?.();
    this.#stop = undefined;
  }
}
