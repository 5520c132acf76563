import type { Clock } from "../base/clock.ts";
import type { Fence } from "../cache/cache.ts";
import { defer } from "../base/defer.ts";
import { isPromise } from "../base/maybe_promise.ts";
import type { Change } from "../change/change.ts";
import { type LiveEvent, toLiveEvent } from "../stream/live_event.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import type { Trace, TraceEvent } from "../trace/tracer.ts";
import { Backoff } from "../base/backoff.ts";
import { Pause } from "../base/pause.ts";
import { CacheCursor } from "./cache_cursor.ts";
import type { Changes } from "./changes.ts";
import type { SafeCache } from "./guarded_cache.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";

/** What an {@linkcode EventListener} works with. */
export interface EventListenerOptions {
  readonly stream: LiveStream;
  readonly changes: Changes;
  /** Whether the cache has the events already, in its log. */
  readonly isLogged: boolean;
  readonly cache: SafeCache;
  /** The prefix of the scope. */
  readonly prefix: string;
  readonly invalidation: Invalidation;
  readonly events: ManualLiveStream;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** How long readers wait for a stream that resumes to catch up. After that, it counts as one that does not. */
const CATCH_UP_MS = 5_000;

/**
 * Subscribes to the stream until the table is closed. Each event invalidates, and so do the beginning and the end of
 * each gap. The first subscription counts as the end of a gap, since what happened before it is unknown; unless the stream
 * resumes: then readers wait until it has caught up.
 */
export class EventListener {
  readonly #options: EventListenerOptions;
  readonly #spans: { readonly receive: (event: LiveEvent) => Promise<void> };
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #release: (() => void) | undefined;
  #isSubscribed = false;
  readonly #stopped: Promise<void>;

  /** Subscribes at once: what is pushed after this returns is not missed. */
  constructor(options: EventListenerOptions) {
    this.#options = options;
    const calls = { receive: (event: LiveEvent) => this.#receive(event) };
    this.#spans = options.trace?.spans(calls) ?? calls;
    this.#backoff = new Backoff(options.clock);
    this.#pause = new Pause(options.clock, () => options.events.isAwaited);
    this.#stopped = this.#listen();
  }

  /** Whether events arrive now. */
  get isLive(): boolean {
    return this.#isSubscribed && this.#options.stream.isLive !== false;
  }

  /** Whether a reader waits for the events: then the pauses between subscriptions keep the process alive. */
  hold(awaited: boolean): void {
    this.#release?.();
    this.#release = awaited ? this.#options.stream.hold?.() : undefined;
    this.#pause.review();
  }

  /** Ends the subscription, and resolves when the last event has been published. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.hold(false);
    await this.#stopped;
  }

  async #listen(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      this.#backoff.begin();
      const over = defer<void>();
      await this.#followOneSubscription(over.promise);
      if (!signal.aborted) {
        this.#options.counters.gaps++;
        await this.#publishGap("begins");
      }
      over.resolve();
      if (signal.aborted) return;
      await this.#pause.wait(this.#backoff.nextMs(), () => signal.aborted);
      if (!signal.aborted) this.#options.counters.retries++;
    }
  }

  /** @param over resolves when what is held is known to be old */
  async #followOneSubscription(over: Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    try {
      const cursor = this.#cursor(over);
      const reader = this.#options.stream.subscribe({ signal, background: true, cursor }).getReader();
      const stop = (): void => void reader.cancel().catch((error: unknown) => this.#lost(error));
      signal.addEventListener("abort", stop);
      this.#isSubscribed = true;
      try {
        await this.#follow(reader, cursor !== undefined);
      } finally {
        this.#isSubscribed = false;
        signal.removeEventListener("abort", stop);
      }
    } catch (error) {
      this.#lost(error);
    }
  }

  /** Where a stream goes on that can. Until it has caught up, or the subscription is over, what is held is not served. */
  #cursor(over: Promise<void>): CacheCursor | undefined {
    const { stream: { resumes }, cache, prefix, invalidation, clock } = this.#options;
    if (resumes === undefined) return undefined;
    const caughtUp = defer<void>();
    const ended = new AbortController();
    const late = clock.wait(CATCH_UP_MS, { signal: ended.signal, background: true }).then(
      () => this.#publishGap("ends"),
      () => {},
    );
    invalidation.hold(Promise.race([caughtUp.promise, over, late]).finally(() => ended.abort()));
    return new CacheCursor({
      ...{ cache, prefix, resumes, clock },
      isSuspect: () => invalidation.suspect,
      onCaughtUp: caughtUp.resolve,
    });
  }

  async #follow(reader: ReadableStreamDefaultReader<LiveEvent>, resumes: boolean): Promise<void> {
    this.#report({ level: "info", name: "stream connected", fields: { outcome: "connected" } });
    if (!resumes) await this.#publishGap("ends");
    for (;;) {
      const { done, value } = await reader.read();
      if (this.#closing.signal.aborted) return;
      if (done) break;
      await this.#spans.receive(this.#understood(value));
    }
    this.#report({ level: "info", name: "stream disconnected", fields: { outcome: "disconnected" } });
  }

  /**
   * What is stored when an event of an ordered stream arrives is no newer than the event. A fence that comes later may
   * cover newer rows.
   */
  #receive(event: LiveEvent): Promise<void> {
    const { clock, stream, cache, prefix, counters, isLogged } = this.#options;
    counters.events[event.kind]++;
    const change: Change = { ...event, at: clock.now(), cause: "event" };
    const now = stream.ordered === true && !isLogged ? cache.fence(`${prefix}all`) : undefined;
    return this.#publish(change, isPromise(now) ? undefined : now);
  }

  #publish(change: Change, since?: Fence): Promise<void> {
    const { changes, isLogged } = this.#options;
    if (!isLogged) return changes.publish(change, since);
    changes.noted(change);
    return Promise.resolve();
  }

  /** An event that makes no sense still means that something changed. */
  #understood(event: LiveEvent): LiveEvent {
    try {
      return toLiveEvent(event);
    } catch (error) {
      this.#report({ level: "warn", name: "event not understood", error });
      return { kind: "changed" };
    }
  }

  #publishGap(gap: "begins" | "ends"): Promise<void> {
    return this.#publish({ kind: "changed", at: this.#options.clock.now(), cause: "gap", gap });
  }

  #lost(error: unknown): void {
    this.#report({ level: "warn", name: "stream lost", error });
  }

  #report(event: Omit<TraceEvent, "target">): void {
    this.#options.trace?.event({ target: "vantage_live::stream", ...event });
  }
}
