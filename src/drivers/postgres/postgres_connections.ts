import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import { Pause } from "../../base/pause.ts";
import { TableError, UnavailableError } from "../../table/errors.ts";
import { postgresError } from "./postgres_errors.ts";

/** The state of the connection of a stream of PostgreSQL. */
export type PostgresStreamState = "connecting" | "live" | "lost";

/** One connection. */
export interface Connection {
  /** Aborted when it has to end. */
  readonly signal: AbortSignal;
  /** It works. */
  onLive(): void;
  /** Waits, or less if `isOver()` is found when `review` is called, or the connection has to end. Never rejects. */
  wait(ms: number, isOver: () => boolean): Promise<void>;
}

/** What {@linkcode PostgresConnections} work with. */
export interface PostgresConnectionsOptions {
  readonly clock: Clock;
  /** What connects, as "listen to "products"". */
  readonly what: string;
  /** Whether a subscriber waits for events: only then may waiting keep the process alive. */
  readonly isAwaited: () => boolean;
  /** Follows one connection until it is lost, which is why it rejects. */
  readonly follow: (connection: Connection) => Promise<never>;
  readonly onState: (state: PostgresStreamState, error?: TableError) => void;
  /** It makes no sense to connect again. */
  readonly onOver: (error: TableError) => void;
}

/** Keeps one connection at a time, and makes the next one after a pause. */
export class PostgresConnections {
  readonly #options: PostgresConnectionsOptions;
  readonly #backoff: Backoff;
  readonly #pause: Pause;
  readonly #closing = new AbortController();

  constructor(options: PostgresConnectionsOptions) {
    this.#options = options;
    this.#backoff = new Backoff(options.clock);
    this.#pause = new Pause(options.clock, options.isAwaited);
  }

  /** Ends the connection. No callback is called any more. */
  stop(): void {
    this.#closing.abort();
    this.review();
  }

  /** Checks again whether a wait is over, and whether it may keep the process alive. */
  review(): void {
    this.#pause.review();
  }

  /** Resolves when it is stopped, or when it makes no sense to connect again. Never rejects. */
  async run(): Promise<void> {
    const { onState, onOver } = this.#options;
    const { signal } = this.#closing;
    while (!signal.aborted) {
      onState("connecting");
      const error = await this.#followOne();
      if (signal.aborted) return;
      onState("lost", error);
      if (signal.aborted) return;
      if (!error.retriable) return onOver(error);
      await this.#wait(this.#backoff.nextMs(), () => false);
    }
  }

  async #followOne(): Promise<TableError> {
    const { follow, what, onState } = this.#options;
    const { signal } = this.#closing;
    try {
      return await follow({
        signal,
        onLive: () => {
          this.#backoff.begin();
          if (!signal.aborted) onState("live");
        },
        wait: (ms, isOver) => this.#wait(ms, isOver),
      });
    } catch (error) {
      const known = postgresError(error, what);
      return known instanceof TableError ? known : new UnavailableError(`Cannot ${what}`, { cause: error });
    }
  }

  #wait(ms: number, isOver: () => boolean): Promise<void> {
    return this.#pause.wait(ms, () => this.#closing.signal.aborted || isOver());
  }
}
