import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { Pause } from "../../base/pause.ts";
import { TableError, UnavailableError } from "../../table/errors.ts";
import { followPage } from "../../base/page_life.ts";
import { SseConnection, type SseLimits, type SseMemory } from "./sse_connection.ts";
import type { SseMessage } from "./sse_message.ts";
import type { SseEndpoint } from "./sse_request.ts";

/** The state of the connection of an {@linkcode SseLiveStream}. */
export type SseState = "connecting" | "live" | "lost";

/** Receives what happens in an {@linkcode SseSession}. Not called once the session is stopped. */
export interface SseObserver {
  /** Whether a subscriber is waiting for events: only then may waiting keep the process alive. */
  readonly isAwaited: boolean;
  onState(state: SseState, error?: Error): void;
  /** The server named the tables whose events it sends. */
  onTables(tables: readonly string[]): void;
  /** Events may have been missed until now. */
  onGap(): void;
  onMessage(message: SseMessage): void;
  /** The session ended: with an error if it was refused, without one if the server has no more events. */
  onOver(error: Error | undefined): void;
}

/** What an {@linkcode SseSession} works with. */
export interface SseSessionOptions {
  readonly endpoint: SseEndpoint;
  readonly limits: SseLimits;
  readonly clock: Clock;
  readonly observer: SseObserver;
}

/** The longest pause that a server may ask for. */
const LONGEST_ASKED_PAUSE_MS = 300_000;

/** Keeps one connection open at a time while there are subscribers. In a browser, none while the page is hidden. */
export class SseSession {
  readonly #options: SseSessionOptions;
  readonly #backoff: Backoff;
  readonly #memory: SseMemory = { lastEventId: undefined, retryMs: 0, greets: false };
  #connection = new AbortController();
  readonly #waiting: Pause;
  #stopped = false;
  #hidden = false;

  constructor(options: SseSessionOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
    this.#waiting = new Pause(options.clock, () => options.observer.isAwaited);
  }

  /** Ends the session. The observer is not called any more. */
  stop(): void {
    this.#stopped = true;
    this.#connection.abort();
    this.review();
  }

  /** Checks again whether waiting may keep the process alive. */
  review(): void {
    this.#waiting.review();
  }

  /** Resolves when the session ends: stopped, or refused by the server. Never rejects. */
  async run(): Promise<void> {
    const leavePage = followPage({ onHide: () => this.#setHidden(true), onShow: () => this.#setHidden(false) });
    try {
      await this.#connectAgainAndAgain();
    } finally {
      leavePage();
    }
  }

  async #connectAgainAndAgain(): Promise<void> {
    const { observer } = this.#options;
    while (!this.#stopped) {
      observer.onState("connecting");
      const error = await this.#followOneConnection();
      if (this.#stopped) return;
      observer.onState("lost", error);
      if (this.#stopped) return;
      if (error?.retriable !== true) return observer.onOver(error);
      if (!this.#hidden) await this.#pause(error.retryAfterMs ?? 0);
      if (this.#hidden) await this.#waitWhile(true, Infinity);
    }
  }

  /** Resolves with the reason why the connection ended; `undefined` if the server has no more events. */
  async #followOneConnection(): Promise<TableError | undefined> {
    const { endpoint, limits, clock, observer } = this.#options;
    const connection = new SseConnection({
      endpoint,
      limits,
      clock,
      memory: this.#memory,
      onLive: (resumed) => this.#onLive(resumed),
      onHello: ({ tables }) => tables !== undefined && observer.onTables(tables),
      onMessage: (message) => this.#stopped || observer.onMessage(message),
    });
    // onState() may have stopped the session: then the aborted controller stays.
    if (!this.#stopped) this.#connection = new AbortController();
    try {
      await connection.follow(this.#connection.signal);
      return undefined;
    } catch (error) {
      return error instanceof TableError ? error : new UnavailableError(`${endpoint.what} failed`, { cause: error });
    }
  }

  #onLive(resumed: boolean): void {
    const { observer } = this.#options;
    this.#backoff.begin();
    // Its hello may have ended the last subscription.
    if (this.#stopped) return;
    if (!resumed) observer.onGap();
    observer.onState("live");
  }

  /**
   * Waits at least as long as the server asks, plus a random backoff, since other clients were disconnected at the same
   * moment.
   */
  async #pause(retryAfterMs: number): Promise<void> {
    const askedMs = Math.min(Math.max(retryAfterMs, this.#memory.retryMs), LONGEST_ASKED_PAUSE_MS);
    await this.#waitWhile(false, askedMs + this.#backoff.nextMs());
  }

  /** Waits while the page is hidden, or while it is shown. */
  #waitWhile(hidden: boolean, ms: number): Promise<void> {
    return this.#waiting.wait(ms, () => this.#stopped || this.#hidden !== hidden);
  }

  #setHidden(hidden: boolean): void {
    if (this.#hidden === hidden) return;
    this.#hidden = hidden;
    if (hidden) this.#connection.abort(new UnavailableError(`${this.#options.endpoint.what} ended with its page`));
    this.review();
  }
}
