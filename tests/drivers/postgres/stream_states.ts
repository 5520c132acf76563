import { TableError } from "@vantage/live";
import type { PostgresStreamState } from "@vantage/live/postgres";

/** The states of a stream, to wait for. */
export class StreamStates {
  /** Each state so far, with the code of its error. */
  readonly seen: string[] = [];
  #state: PostgresStreamState | "over" | undefined;
  readonly #waiting = new Set<() => void>();

  /** To be passed to the stream. */
  readonly onState = (state: PostgresStreamState, error?: Error): void => {
    this.seen.push(error instanceof TableError ? `${state} ${error.code}` : state);
    this.#state = error instanceof TableError && !error.retriable ? "over" : state;
    for (const wake of this.#waiting) wake();
  };

  /** Resolves when it is live. */
  live(): Promise<void> {
    return this.#until(() => this.#state === "live");
  }

  /** Resolves when it has lost its connection. */
  lost(): Promise<void> {
    return this.#until(() => this.#state === "lost" || this.#state === "over");
  }

  /** Resolves when it has failed for good. */
  over(): Promise<void> {
    return this.#until(() => this.#state === "over");
  }

  /** Resolves when the state was seen this often. */
  times(state: string, count: number): Promise<void> {
    return this.#until(() => this.seen.filter((seen) => seen === state).length >= count);
  }

  #until(isSo: () => boolean): Promise<void> {
    if (isSo()) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        if (!isSo()) return;
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
    });
  }
}
