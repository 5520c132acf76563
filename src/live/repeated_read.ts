import { Backoff } from "../base/backoff.ts";
import type { Clock } from "../base/clock.ts";
import { TableError } from "../table/errors.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Counters } from "./live_stats.ts";

/** What a {@linkcode RepeatedRead} works with. */
export interface RepeatedReadOptions<T> {
  readonly read: (options: CallOptions & { readonly signal: AbortSignal }) => Promise<T>;
  readonly onAnswer: (answer: T) => void;
  readonly onFailure: (error: unknown) => void;
  /** Whether what failed, or may be older than a known change, is to be read again later. */
  readonly isWanted: () => boolean;
  readonly masterLagMs: number;
  readonly clock: Clock;
  readonly counters: Counters;
}

/**
 * Reads on request, one read at a time: all requests during a read lead to one more read after it. A read that failed and
 * may succeed later, or whose answer may be older than a known change, is repeated after a pause.
 */
export class RepeatedRead<T> {
  readonly #options: RepeatedReadOptions<T>;
  #isDue = false;
  #reading: Promise<void> | undefined;
  #control = new AbortController();
  #pausing = new AbortController();
  #backoff: Backoff | undefined;

  constructor(options: RepeatedReadOptions<T>) {
    this.#options = options;
  }

  /** Whether another read begins when the one in flight has ended. */
  get isDue(): boolean {
    return this.#isDue;
  }

  /** The read in flight, if there is one; it never rejects. */
  get reading(): Promise<void> | undefined {
    return this.#reading;
  }

  /** Reads, once the read in flight has ended if there is one. */
  again(): void {
    this.#pausing.abort();
    this.#isDue = true;
    this.#reading ??= this.#readWhileDue();
  }

  /** No other read follows. */
  stop(): void {
    this.#pausing.abort();
    this.#isDue = false;
  }

  /** Ends the read in flight; its answer has no effect. */
  abort(): void {
    this.#control.abort();
  }

  async #readWhileDue(): Promise<void> {
    while (this.#isDue) {
      this.#isDue = false;
      await this.#readOnce();
    }
    this.#reading = undefined;
  }

  async #readOnce(): Promise<void> {
    const { read, onAnswer, onFailure, masterLagMs } = this.#options;
    const { signal } = this.#control = new AbortController();
    let unsettled = false;
    try {
      const answer = await read({ signal, onUnsettled: () => void (unsettled = true) });
      if (signal.aborted) return;
      onAnswer(answer);
      if (unsettled) this.#later(masterLagMs);
      else this.#backoff = undefined;
    } catch (error) {
      if (signal.aborted) return;
      onFailure(error);
      const { retriable, retryAfterMs = 0 } = error instanceof TableError ? error : { retriable: true };
      if (retriable) this.#later(retryAfterMs);
    }
  }

  /** A request before that takes its place. */
  #later(atLeastMs: number): void {
    const { isWanted, clock, counters } = this.#options;
    if (this.#isDue || !isWanted()) return;
    this.#backoff ??= new Backoff(clock);
    const { signal } = this.#pausing = new AbortController();
    const ms = Math.max(atLeastMs, this.#backoff.nextMs());
    clock.wait(ms, { signal }).catch(() => {}).then(() => {
      if (signal.aborted) return;
      counters.retries++;
      this.again();
    });
  }
}
