import type { SseState } from "@vantage/live/rest";

/** What happened since somebody looked last. */
export interface Happened {
  readonly changed: boolean;
  readonly state: SseState | undefined;
}

/** Notes what happens until somebody looks. It keeps no more than the newest state, and that something changed. */
export class Notes {
  #changed = false;
  #state: SseState | undefined;
  #wake: () => void = () => {};

  /** Something changed. */
  change(): void {
    this.#changed = true;
    this.#wake();
  }

  /** The connection is in another state. That it is tried is not worth a note, and must not cover that it is lost. */
  state(state: SseState): void {
    if (state === "connecting") return;
    this.#state = state;
    this.#wake();
  }

  /** What happened, as soon as there is something; ends once the signal is aborted. */
  async *follow(signal: AbortSignal): AsyncGenerator<Happened> {
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!signal.aborted) {
      const happened = { changed: this.#changed, state: this.#state };
      this.#changed = false;
      this.#state = undefined;
      if (happened.changed || happened.state !== undefined) yield happened;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}
