import type { Clock } from "./clock.ts";

interface Call {
  readonly dueAt: number;
  readonly expire: () => void;
}

/** So many turns of the microtask queue a timer is put off: what is answered within them never needs one. */
const TURNS_WITHOUT_TIMER = 16;

/**
 * Ends waits that take too long. All are given the same time, so those that began first are due first, and one timer
 * serves all of them; with nothing to wait for there is none, nor for work that does not leave the process.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  /** In the order in which they are due. */
  readonly #calls = new Set<Call>();
  #timer: AbortController | undefined;
  #starting = false;
  #closed = false;

  /** Waits of `ms` milliseconds at the most; `Infinity` is for ever. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /** Settles as `work` does, or rejects with a `TimeoutError` when the time is over. The work itself goes on. */
  limit<T>(work: Promise<T>): Promise<T> {
    if (this.#ms === Infinity || this.#closed) return work;
    return new Promise<T>((resolve, reject) => {
      const call: Call = {
        dueAt: this.#clock.monotonic() + this.#ms,
        expire: () => reject(new DOMException(`No answer within ${this.#ms} ms`, "TimeoutError")),
      };
      this.#calls.add(call);
      if (this.#timer === undefined && !this.#starting) void this.#startSoon();
      work.then((value) => {
        this.#leave(call);
        resolve(value);
      }, (error: unknown) => {
        this.#leave(call);
        reject(error);
      });
    });
  }

  /** Limits nothing any more, and keeps no timer. */
  close(): void {
    this.#closed = true;
    this.#calls.clear();
    this.#timer?.abort();
  }

  #leave(call: Call): void {
    if (!this.#calls.delete(call) || this.#calls.size > 0) return;
    this.#timer?.abort();
    this.#timer = undefined;
  }

  async #startSoon(): Promise<void> {
    this.#starting = true;
    for (let turn = 0; turn < TURNS_WITHOUT_TIMER && this.#calls.size > 0; turn++) await undefined;
    this.#starting = false;
    if (this.#calls.size === 0) return;
    this.#timer = new AbortController();
    await this.#expireInTime(this.#timer.signal);
  }

  /** Holds the process up while it waits: somebody waits for the work. */
  async #expireInTime(signal: AbortSignal): Promise<void> {
    for (let leftMs = this.#leftMs(); !signal.aborted; leftMs = this.#leftMs()) {
      if (leftMs > 0) await this.#clock.wait(leftMs, { signal }).catch(() => {});
      const now = this.#clock.monotonic();
      for (const call of this.#calls) {
        if (signal.aborted || call.dueAt > now) break;
        call.expire();
        this.#leave(call);
      }
    }
  }

  #leftMs(): number {
    for (const { dueAt } of this.#calls) return dueAt - this.#clock.monotonic();
    return 0;
  }
}
