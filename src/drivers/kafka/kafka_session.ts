import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { MaybePromise } from "../../base/maybe_promise.ts";
import { Pause } from "../../base/pause.ts";
import { UnavailableError } from "../../table/errors.ts";
import { KafkaConnection, type KafkaEndpoint } from "./kafka_connection.ts";
import { KafkaCursor, type KafkaGap } from "./kafka_cursor.ts";
import type { KafkaMessage } from "./kafka_source.ts";

/** The state of the connection of a `KafkaLiveStream`. */
export type KafkaState = "connecting" | "live" | "lost";

/** Receives what happens in a {@linkcode KafkaSession}. Not called once the session is stopped. */
export interface KafkaObserver<M> {
  /** Whether a subscriber is waiting for events: only then may waiting keep the process alive. */
  readonly isAwaited: boolean;
  /** Whether positions are wanted. */
  readonly wantsPositions: boolean;
  onState(state: KafkaState, error?: Error): void;
  /** Events may have been missed until now. */
  onGap(gap: KafkaGap): void;
  /** `isNext` says that no message is missing between this one and those before it in its partition. */
  onMessage(message: M, isNext: boolean): MaybePromise<void>;
  /**
   * All events before a position were passed on. `hasCaughtUp` says whether those are all that happened before the
   * connection was made.
   */
  onPosition(position: string, hasCaughtUp: boolean): void;
  /** A message that does not say where it is. */
  onUnreadable(error: unknown): void;
  /** What failed without ending the connection. */
  onTrouble(error: unknown): void;
}

/** What a {@linkcode KafkaSession} works with. */
export interface KafkaSessionOptions<M extends KafkaMessage> {
  readonly endpoint: KafkaEndpoint<M>;
  readonly maxMissed: number;
  /** The position to go on at; `undefined` if there is none. */
  readonly load: (() => MaybePromise<string | undefined>) | undefined;
  readonly clock: Clock;
  readonly observer: KafkaObserver<M>;
}

/** The shortest time between two positions. */
const SOONEST_POSITION_MS = 1_000;

/** Keeps one connection open at a time while there are subscribers. Each goes on where the last one stood. */
export class KafkaSession<M extends KafkaMessage> {
  readonly #options: KafkaSessionOptions<M>;
  readonly #cursor: KafkaCursor;
  readonly #backoff: Backoff;
  readonly #waiting: Pause;
  readonly #stopping = new AbortController();
  #hasBegun = false;
  #hasCaughtUp = false;
  #positionAt = -Infinity;

  constructor(options: KafkaSessionOptions<M>) {
    this.#options = options;
    this.#cursor = new KafkaCursor(options.maxMissed);
    this.#backoff = new Backoff(options.clock);
    this.#waiting = new Pause(options.clock, () => options.observer.isAwaited);
  }

  /** Ends the session. The observer is not called any more. */
  stop(): void {
    this.#stopping.abort();
    this.review();
  }

  /** Checks again whether waiting may keep the process alive. */
  review(): void {
    this.#waiting.review();
  }

  /** Reports the position, if a connection was made. */
  reportPosition(): void {
    if (this.#hasBegun) this.#progress(true);
  }

  /** Resolves when the session is stopped. Never rejects. */
  async run(): Promise<void> {
    const { observer } = this.#options;
    const { signal } = this.#stopping;
    await this.#restore();
    while (!signal.aborted) {
      observer.onState("connecting");
      const error = await this.#followOneConnection();
      if (signal.aborted) return;
      if (error === undefined) continue;
      observer.onState("lost", error);
      await this.#waiting.wait(this.#backoff.nextMs(), () => signal.aborted);
    }
  }

  /** Resolves with the reason why the connection ended; `undefined` if the next one is to be made at once. */
  async #followOneConnection(): Promise<Error | undefined> {
    const { endpoint, clock, observer } = this.#options;
    const { signal } = this.#stopping;
    const connection = new KafkaConnection<M>({
      endpoint,
      cursor: this.#cursor,
      clock,
      onLive: (gap) => this.#onLive(gap),
      onGap: (gap) => signal.aborted || observer.onGap(gap),
      onMessage: (message, isNext) => signal.aborted ? undefined : observer.onMessage(message, isNext),
      onProgress: (isChecked) => this.#progress(isChecked),
      onUnreadable: (error) => signal.aborted || observer.onUnreadable(error),
      onTrouble: (error) => signal.aborted || observer.onTrouble(error),
    });
    try {
      await connection.follow(signal);
      return undefined;
    } catch (cause) {
      return new UnavailableError(`The topic ${JSON.stringify(endpoint.topic)} cannot be read`, { cause });
    }
  }

  async #restore(): Promise<void> {
    const { load, observer } = this.#options;
    try {
      const position = await load?.();
      if (typeof position === "string") this.#cursor.restore(position);
    } catch (error) {
      observer.onTrouble(error);
    }
  }

  #onLive(gap: KafkaGap | undefined): void {
    const { observer } = this.#options;
    this.#backoff.begin();
    if (this.#stopping.signal.aborted) return;
    this.#hasBegun = true;
    if (gap !== undefined) observer.onGap(gap);
    observer.onState("live");
    this.#progress(true);
  }

  #progress(isWanted: boolean): void {
    const { observer, clock } = this.#options;
    if (this.#stopping.signal.aborted || !observer.wantsPositions) return;
    const isCaughtUp = this.#hasCaughtUp || this.#cursor.hasCaughtUp;
    const isSoon = clock.monotonic() - this.#positionAt < SOONEST_POSITION_MS;
    if (isSoon && !isWanted && isCaughtUp === this.#hasCaughtUp) return;
    this.#hasCaughtUp = isCaughtUp;
    this.#positionAt = clock.monotonic();
    observer.onPosition(this.#cursor.position, isCaughtUp);
  }
}
