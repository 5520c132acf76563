import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { Pause } from "../../base/pause.ts";
import { TableError, UnavailableError } from "../../table/errors.ts";
import { followPage } from "./page_life.ts";
import { SseConnection, type SseLimits, type SseMemory } from "./sse_connection.ts";
import type { SseMessage } from "./sse_message.ts";
import type { SseEndpoint } from "./sse_request.ts";

/** Where an {@linkcode SseLiveStream} stands. */
export type SseState = "connecting" | "live" | "lost";

/** Who hears what an {@linkcode SseSession} brings. Nothing is called any more once it is stopped. */
export interface SseHearer {
  /** Whether anybody waits for events: only then may waiting keep the process alive. */
  readonly isAwaited: boolean;
  /** The state has changed. */
  onState(state: SseState, error?: Error): void;
  /** The server has said whose events it tells. */
  onTables(tables: readonly string[]): void;
  /** Events may have been missed until now. */
  onGap(): void;
  /** There is a message. */
  onMessage(message: SseMessage): void;
  /** It is over: refused with an error, or the server has nothing to tell any more. */
  onOver(error: Error | undefined): void;
}

/** What an {@linkcode SseSession} works with. */
export interface SseSessionOptions {
  readonly endpoint: SseEndpoint;
  readonly limits: SseLimits;
  readonly clock: Clock;
  readonly hearer: SseHearer;
}

/** The longest pause that a server may ask for. */
const LONGEST_ASKED_PAUSE_MS = 300_000;

/** One connection after the other, for as long as somebody subscribes. In a browser, none while the page is put aside. */
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
    this.#waiting = new Pause(options.clock, () => options.hearer.isAwaited);
  }

  /** Ends it. Nothing is told any more. */
  stop(): void {
    this.#stopped = true;
    this.#connection.abort();
    this.review();
  }

  /** Looks again at whether waiting may keep the process alive. */
  review(): void {
    this.#waiting.review();
  }

  /** Resolves when it is over: stopped, or refused by the server. Never rejects. */
  async run(): Promise<void> {
    const leavePage = followPage({ onHide: () => this.#setHidden(true), onShow: () => this.#setHidden(false) });
    try {
      await this.#connectAgainAndAgain();
    } finally {
      leavePage();
    }
  }

  async #connectAgainAndAgain(): Promise<void> {
    const { hearer } = this.#options;
    while (!this.#stopped) {
      hearer.onState("connecting");
      const error = await this.#followOneConnection();
      if (this.#stopped) return;
      hearer.onState("lost", error);
      if (this.#stopped) return;
      if (error?.retriable !== true) return hearer.onOver(error);
      if (!this.#hidden) await this.#pause(error.retryAfterMs ?? 0);
      if (this.#hidden) await this.#waitWhile(true, Infinity);
    }
  }

  /** Why the connection is over; `undefined` if the server has nothing to tell any more. */
  async #followOneConnection(): Promise<TableError | undefined> {
    const { endpoint, limits, clock, hearer } = this.#options;
    const connection = new SseConnection({
      endpoint,
      limits,
      clock,
      memory: this.#memory,
      onLive: (resumed) => this.#onLive(resumed),
      onHello: ({ tables }) => tables !== undefined && hearer.onTables(tables),
      onMessage: (message) => this.#stopped || hearer.onMessage(message),
    });
    // What was asked for while its state was told is asked for still.
    if (!this.#stopped) this.#connection = new AbortController();
    try {
      await connection.follow(this.#connection.signal);
      return undefined;
    } catch (error) {
      return error instanceof TableError ? error : new UnavailableError(`${endpoint.what} failed`, { cause: error });
    }
  }

  #onLive(resumed: boolean): void {
    const { hearer } = this.#options;
    this.#backoff.begin();
    // Its hello may have ended the last subscription.
    if (this.#stopped) return;
    if (!resumed) hearer.onGap();
    hearer.onState("live");
  }

  /** No earlier than the server asks, and drawn by lot after that: others were sent away at the same moment. */
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
