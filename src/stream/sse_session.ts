import { Backoff } from "../clock/backoff.ts";
import type { Clock } from "../clock/clock.ts";
import { TableError, UnavailableError } from "../table/errors.ts";
import { failure, type Trace } from "../trace/trace.ts";
import type { TraceFields, TraceLevel } from "../trace/tracer.ts";
import type { LiveEvent } from "./live_event.ts";
import type { ManualLiveStream } from "./manual_live_stream.ts";
import { SseConnection, type SseLimits, type SseMemory } from "./sse_connection.ts";
import type { SseMessage } from "./sse_message.ts";
import type { SseEndpoint } from "./sse_request.ts";

/** Where an {@linkcode SseLiveStream} stands. */
export type SseState = "connecting" | "live" | "lost";

/** What an {@linkcode SseSession} works with. */
export interface SseSessionOptions {
  readonly endpoint: SseEndpoint;
  readonly limits: SseLimits;
  readonly events: ManualLiveStream;
  readonly toEvent: (message: SseMessage) => LiveEvent | undefined;
  readonly onState: ((state: SseState, error?: Error) => void) | undefined;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** A connection that was live for so long was a good one, even without an event. */
const GOOD_CONNECTION_MS = 30_000;
/** The longest pause that a server may ask for. */
const LONGEST_ASKED_PAUSE_MS = 300_000;

/** One connection after the other, for as long as somebody subscribes. */
export class SseSession {
  readonly #options: SseSessionOptions;
  readonly #backoff: Backoff;
  readonly #stopping = new AbortController();
  readonly #memory: SseMemory = { lastEventId: undefined, retryMs: 0, greets: false };
  #liveSince = Infinity;

  constructor(options: SseSessionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
  }

  /** Ends it. Nothing is told any more. */
  stop(): void {
    this.#stopping.abort();
  }

  /** Resolves when it is over: stopped, or refused by the server, which ends the subscriptions. Never rejects. */
  async run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      this.#tell("connecting");
      const error = await this.#followOneConnection();
      if (signal.aborted) return;
      this.#tell("lost", error);
      if (error?.retriable !== true) return this.#options.events.disconnect(error);
      await this.#pause(error.retryAfterMs ?? 0).catch(() => {});
    }
  }

  /** Why the connection is over; `undefined` if the server has nothing to tell any more. */
  async #followOneConnection(): Promise<TableError | undefined> {
    const { endpoint, limits, clock } = this.#options;
    const connection = new SseConnection({
      endpoint,
      limits,
      clock,
      memory: this.#memory,
      onLive: (resumed) => this.#onLive(resumed),
      onMessage: (message) => this.#hear(message),
    });
    this.#liveSince = Infinity;
    try {
      await connection.follow(this.#stopping.signal);
      return undefined;
    } catch (error) {
      return error instanceof TableError ? error : new UnavailableError(`${endpoint.what} failed`, { cause: error });
    }
  }

  async #pause(retryAfterMs: number): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    if (clock.monotonic() - this.#liveSince >= GOOD_CONNECTION_MS) this.#backoff.reset();
    const asked = Math.min(Math.max(retryAfterMs, this.#memory.retryMs), LONGEST_ASKED_PAUSE_MS);
    if (asked > 0) await clock.wait(asked, { signal });
    await this.#backoff.pause({ signal });
  }

  #onLive(resumed: boolean): void {
    this.#liveSince = this.#options.clock.monotonic();
    if (!resumed) this.#options.events.push({ kind: "changed" });
    this.#tell("live");
  }

  #hear(message: SseMessage): void {
    const { events, toEvent } = this.#options;
    this.#backoff.reset();
    try {
      const event = toEvent(message);
      if (event !== undefined) events.push(event);
    } catch (error) {
      // A message that nobody can read still says that something happened.
      this.#trace("warn", "message not understood", failure(error));
      events.push({ kind: "changed" });
    }
  }

  #tell(state: SseState, error?: Error): void {
    this.#trace(state === "lost" ? "warn" : "info", `event source ${state}`, error === undefined ? {} : failure(error));
    try {
      this.#options.onState?.(state, error);
    } catch (thrown) {
      this.#trace("warn", "state not heard", failure(thrown));
    }
  }

  #trace(level: TraceLevel, name: string, fields: TraceFields): void {
    this.#options.trace?.event({ target: "vantage_live::stream", level, name, fields });
  }
}
