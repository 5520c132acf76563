import process from "node:process";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Additional kinds of interruption. */
export interface InterruptionOptions {
  /** Whether the end of standard input counts. */
  readonly withStdin?: boolean | undefined;
}

/** Detects a request to end the process, so that it can shut down in order. A second signal ends it at once. */
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

  /** Aborted by the first Ctrl-C or another request to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Removes the handlers: from now on, signals end the process as usual. */
  [Symbol.dispose](): void {
    for (const name of SIGNALS) process.removeListener(name, this.#interrupt);
    // A reading stream would keep the process alive.
    if (this.#withStdin) process.stdin.pause();
  }
}
