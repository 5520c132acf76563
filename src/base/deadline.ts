import type { Clock } from "./clock.ts";

interface Call {
  /** Known once there is a timer: until then no time has passed that matters, and the clock need not be asked. */
  dueAt: number | undefined;
  readonly expire: (error: unknown) => unknown;
}

/** So many turns of the microtask queue a timer is put off: what is answered within them never needs one. */
const TURNS_WITHOUT_TIMER = 16;

const TURN = Promise.resolve();

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
  /** Until there is a timer; 0 while none is wanted. */
  #turnsLeft = 0;
  #closed = false;
  /** A function and not an `async` loop, which would be made for every hit in an asynchronous cache. */
  readonly #nextTurn = (): void => {
    if (this.#calls.size === 0) this.#turnsLeft = 0;
    else if (--this.#turnsLeft === 0) this.#start();
    else void TURN.then(this.#nextTurn);
  };

  /** Waits of `ms` milliseconds at the most; `Infinity` is for ever. */
  constructor(clock: Clock, ms: number) {
    this.#clock = clock;
    this.#ms = ms;
  }

  /**
   * As `work.then(done).catch(failed)`, where `failed` is given a `TimeoutError` when the time is over. The work itself goes on.
   * One promise with what follows: a wait more is what a hit in an asynchronous cache costs most.
   */
  limit<T, A>(work: Promise<T>, done: (value: T) => A, failed: (error: unknown) => A): Promise<A> {
    if (this.#ms === Infinity || this.#closed) return work.then(done).catch(failed);
    return new Promise<A>((resolve, reject) => {
      let settled = false;
      const fail = (error: unknown): void => {
        try {
          resolve(failed(error));
        } catch (thrown) {
          reject(thrown);
        }
      };
      const isFirst = (): boolean => {
        if (settled) return false;
        this.#leave(call);
        return settled = true;
      };
      const call: Call = {
        dueAt: this.#timer && this.#clock.monotonic() + this.#ms,
        expire: (error) => isFirst() && fail(error),
      };
      this.#calls.add(call);
      // Before the first turn, so that an answer that is there already leaves nothing to do in it.
      work.then((value) => {
        if (!isFirst()) return;
        try {
          resolve(done(value));
        } catch (error) {
          fail(error);
        }
      }, call.expire);
      if (this.#timer === undefined && this.#turnsLeft === 0) this.#startSoon();
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

  #startSoon(): void {
    this.#turnsLeft = TURNS_WITHOUT_TIMER;
    void TURN.then(this.#nextTurn);
  }

  #start(): void {
    this.#timer = new AbortController();
    const dueAt = this.#clock.monotonic() + this.#ms;
    for (const call of this.#calls) call.dueAt = dueAt;
    void this.#expireInTime(this.#timer.signal);
  }

  /** Holds the process up while it waits: somebody waits for the work. */
  async #expireInTime(signal: AbortSignal): Promise<void> {
    for (let leftMs = this.#leftMs(); !signal.aborted; leftMs = this.#leftMs()) {
      await this.#clock.wait(leftMs, { signal }).catch(() => {});
      const now = this.#clock.monotonic();
      for (const call of this.#calls) {
        if (signal.aborted || (call.dueAt ?? now) > now) break;
        call.expire(new DOMException(`No answer within ${this.#ms} ms`, "TimeoutError"));
      }
    }
  }

  #leftMs(): number {
    for (const { dueAt = 0 } of this.#calls) return dueAt - this.#clock.monotonic();
    return 0;
  }
}
