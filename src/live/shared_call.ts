import { onAbort } from "../base/on_abort.ts";

/** Asks the master within a shared call: with the call's signal, and only while a reader waits for the answer. */
export type Ask = <A>(load: (signal: AbortSignal) => Promise<A>) => Promise<A>;

/**
 * One read of the master, for all who wait for it. When the last of them has gone, or it is ended, its signal is aborted,
 * its answer rejects at once, and nothing follows any more from what the master still says.
 */
export class SharedCall<T> {
  /** What the readers are given, once all that follows from it is done. */
  readonly answer: Promise<T>;
  readonly #control = new AbortController();
  #fail: (reason: unknown) => void = () => {};
  #readers = 0;
  #answered = false;

  /** Begins at once: `fill` asks the master through the function that it is given, and does what follows from the answer. */
  constructor(fill: (ask: Ask) => Promise<T>) {
    this.answer = new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      fill((load) => this.#ask(load)).then(resolve, reject);
    });
    // Readers that have gone do not wait for the failure.
    this.answer.catch(() => {});
  }

  /** Whether it was given up before the master answered. */
  get ended(): boolean {
    return this.#control.signal.aborted;
  }

  /** One more reader; an aborted `signal` ends its wait, and the call if it was the last. */
  join(signal: AbortSignal | undefined): Promise<T> {
    this.#readers++;
    if (signal === undefined) return this.answer;
    const answer = new Promise<T>((resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason);
        if (--this.#readers === 0) this.end(signal.reason);
      };
      if (signal.aborted) return leave();
      const stay = onAbort(signal, leave);
      this.answer.then((answer) => {
        stay();
        resolve(answer);
      }, (error: unknown) => {
        stay();
        reject(error);
      });
    });
    answer.catch(() => {});
    return answer;
  }

  /** Ends it for all who wait, unless the master has answered already. */
  end(reason: unknown): void {
    if (this.#answered) return;
    this.#control.abort(reason);
    this.#fail(reason);
  }

  async #ask<A>(load: (signal: AbortSignal) => Promise<A>): Promise<A> {
    const { signal } = this.#control;
    signal.throwIfAborted();
    const answer = await load(signal);
    signal.throwIfAborted();
    this.#answered = true;
    return answer;
  }
}
