import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** What counts as an interruption besides signals. */
export interface InterruptionOptions {
  /** Whether the end of standard input does. */
  readonly withStdin?: boolean | undefined;
}

/** Hears that the process is to end, so that what it began can be ended in order. A second signal ends it at once. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #withStdin: boolean;
  readonly #interrupt = (): void => {
    this[Symbol.dispose]();
    this.#controller.abort();
  };

  constructor({ withStdin = false }: InterruptionOptions = {}) {
    for (const name of SIGNALS) process.once(name, this.#interrupt);
    if (withStdin) process.stdin.once("end", this.#interrupt).resume();
    this.#withStdin = withStdin;
  }

  /** Is aborted by the first Ctrl-C, or whatever else asks the process to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops listening: from now on the process ends as it would by itself. */
  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.removeListener(name, this.#interrupt);
    // Whoever reads is waited for.
    if (this.#withStdin) process.stdin.pause();
  }
}
