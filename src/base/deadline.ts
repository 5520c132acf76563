import type { Clock } from "./clock.ts";

interface Call {
  /** Set once there is a timer: until then no significant time has passed, and reading the clock can be avoided. */
  dueAt: number | undefined;
  readonly expire: (error: unknown) => unknown;
}

/** How many turns of the microtask queue a timer is delayed: work that settles within them never needs one. */
const TURNS_WITHOUT_TIMER = 16;

const TURN = Promise.resolve();

/** Why a timer ends: one reason for all, since to make an error each time would take a tenth of a hit over a network. */
const ANSWERED = new DOMException("Nothing waits any more", "AbortError");

/** Options of a {@linkcode Deadline}. */
export interface DeadlineOptions {
  /** The error of those that take longer. */
  readonly late?: (() => Error) | undefined;
  /**
   * Whether the work itself keeps the process alive. Then the timer does not, and runs on while nothing waits until its time is
   * over: for calls over a network, each of which would need one otherwise.
   */
  readonly isBackground?: boolean | undefined;
}

/**
 * Ends waits that take too long. All waits have the same limit, so they expire in the order in which they began, and
 * one timer serves them all. There is no timer while nothing waits, or for work that does not leave the process.
 */
export class Deadline {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #late: () => Error;
  readonly #isBackground: boolean;
  /** In the order in which they expire. */
  readonly #calls = new Set<Call>();
  #timer: AbortController | undefined;
  /** Turns until the timer starts; 0 while none is needed. */
  #turnsLeft = 0;
  #closed = false;
  /** A function, not an `async` loop, which would be allocated for every hit in an asynchronous cache. */
  readonly #nextTurn = (): void => {
    if (this.#calls.size === 0) this.#turnsLeft = 0;
    else if (--this.#turnsLeft === 0) this.#start();
    else void TURN.then(this.#nextTurn);
  };

  /** How long each wait may take, in milliseconds. */
  get ms(): number {
    return this.#ms;
  }

  /** Limits each wait to `ms` milliseconds; `Infinity` means no limit. */
  constructor(clock: Clock, ms: number, { late, isBackground = false }: DeadlineOptions = {}) {
    this.#clock = clock;
    this.#ms = ms;
    this.#late = late ?? (() => new DOMException(`No answer within ${ms} ms`, "TimeoutError"));
    this.#isBackground = isBackground;
  }

  /**
   * Like `work.then(done).catch(failed)`, but calls `failed` with the error of those that are late when the time is up. The work itself
   * continues. Creates a single promise: another await would be the largest cost of a hit in an asynchronous cache.
   */
  limit<T, A>(work: Promise<T>, done: (value: T) => A, failed: (error: unknown) => A): Promise<A> {
    if (this.#ms === Infinity || this.#closed) return concluded(work, done, failed);
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
      // Before the first turn, so that work that has already settled leaves nothing to do in it.
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

  /** Ends all waits with an error, as if they were late, and limits no more of them. */
  end(error: Error): void {
    for (const call of this.#calls) call.expire(error);
    this.close();
  }

  /** Stops limiting waits, and releases the timer. */
  close(): void {
    this.#closed = true;
    this.#calls.clear();
    this.#stop();
  }

  #leave(call: Call): void {
    if (this.#calls.delete(call) && this.#calls.size === 0 && !this.#isBackground) this.#stop();
  }

  #stop(): void {
    this.#timer?.abort(ANSWERED);
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

  /** Keeps the process alive while it waits, since a caller waits for the work; in the background, the work does that. */
  async #expireInTime(signal: AbortSignal): Promise<void> {
    const background = this.#isBackground;
    for (let leftMs = this.#leftMs(); !signal.aborted; leftMs = this.#leftMs()) {
      await this.#clock.wait(leftMs, { signal, background }).catch(() => {});
      const now = this.#clock.monotonic();
      for (const call of this.#calls) {
        if (signal.aborted || (call.dueAt ?? now) > now) break;
        call.expire(this.#late());
      }
      if (background && this.#calls.size === 0) this.#stop();
    }
  }

  #leftMs(): number {
    for (const { dueAt = 0 } of this.#calls) return dueAt - this.#clock.monotonic();
    return 0;
  }
}

/** As `work.then(done).catch(failed)`, in one promise. */
export function concluded<T, A>(work: Promise<T>, done: (value: T) => A, failed: (error: unknown) => A): Promise<A> {
  return work.then((value) => {
    try {
      return done(value);
    } catch (error) {
      return failed(error);
    }
  }, failed);
}
