import type { SseState } from "@vantage/live/rest";

/** What happened since the last look. */
export interface Happened {
  readonly changed: boolean;
  readonly state: SseState | undefined;
}

/** Collects what happens until the next look: only the latest state, and whether something changed. */
export class Notes {
  #changed = false;
  #state: SseState | undefined;
  #wake: () => void = () => {};

  /** Notes a change. */
  change(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Notes a state of the connection. `connecting` is skipped, so that it does not replace `lost`. */
  state(state: SseState): void {
    if (state === "connecting") return;
    this.#state = state;
    this.#wake();
  }

  /** Yields what happened, as soon as there is something; ends once the signal is aborted. */
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
