import type { Clock } from "../base/clock.ts";
import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Fence } from "../cache/cache.ts";
import type { Change } from "../change/change.ts";
import { type LiveEvent, toLiveEvent } from "../stream/live_event.ts";
import type { LiveStream } from "../stream/live_stream.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import type { Trace, TraceEvent } from "../trace/tracer.ts";
import { Backoff } from "../base/backoff.ts";
import { Pause } from "../base/pause.ts";
import type { Changes } from "./changes.ts";
import type { Counters } from "./live_stats.ts";

/** What an {@linkcode EventListener} works with. */
export interface EventListenerOptions {
  readonly stream: LiveStream;
  readonly changes: Changes;
  /** Whether the cache has the events already, in its log. */
  readonly isLogged: boolean;
  /** The fence of now. */
  readonly fence: () => MaybePromise<Fence | undefined>;
  readonly events: ManualLiveStream;
  readonly clock: Clock;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/**
 * Subscribes to the stream until the table is closed. Each event invalidates, and so do the beginning and the end of
 * each gap. The first subscription counts as the end of a gap, since what happened before it is unknown.
 */
export class EventListener {
  readonly #options: EventListenerOptions;
  readonly #spans: { readonly receive: (event: LiveEvent) => Promise<void> };
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #closing = new AbortController();
  #release: (() => void) | undefined;
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
      await this.#followOneSubscription();
      if (signal.aborted) return;
      await this.#publishGap("begins");
      await this.#pause.wait(this.#backoff.nextMs(), () => signal.aborted);
      if (!signal.aborted) this.#options.counters.retries++;
    }
  }

  async #followOneSubscription(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const reader = this.#options.stream.subscribe({ signal, background: true }).getReader();
      const stop = (): void => void reader.cancel().catch((error: unknown) => this.#lost(error));
      signal.addEventListener("abort", stop);
      try {
        await this.#follow(reader);
      } finally {
        signal.removeEventListener("abort", stop);
      }
    } catch (error) {
      this.#lost(error);
    }
  }

  async #follow(reader: ReadableStreamDefaultReader<LiveEvent>): Promise<void> {
    this.#report({ level: "info", name: "stream connected", fields: { outcome: "connected" } });
    await this.#publishGap("ends");
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
    const { clock, stream, fence, isLogged } = this.#options;
    const change: Change = { ...event, at: clock.now(), cause: "event" };
    const now = stream.ordered === true && !isLogged ? fence() : undefined;
    return this.#publish(change, isPromise(now) ? undefined : now);
  }

  async #publish(change: Change, since?: Fence): Promise<void> {
    const { changes, isLogged } = this.#options;
    if (isLogged) changes.noted(change);
    else await changes.publish(change, since);
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

  async #publishGap(gap: "begins" | "ends"): Promise<void> {
    await this.#publish({ kind: "changed", at: this.#options.clock.now(), cause: "gap", gap });
  }

  #lost(error: unknown): void {
    this.#report({ level: "warn", name: "stream lost", error });
  }

  #report(event: Omit<TraceEvent, "target">): void {
    this.#options.trace?.event({ target: "vantage_live::stream", ...event });
  }
}
