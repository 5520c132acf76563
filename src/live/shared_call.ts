import { onAbort } from "../base/on_abort.ts";

/** Asks the master within a shared call: with the call's signal, and only while a reader waits for the answer. */
export type Ask = <A>(load: (signal: AbortSignal) => Promise<A>) => Promise<A>;

/**
 * One read of the master, shared by its readers. When the last reader leaves, or the call is ended, its signal is
 * aborted, its answer rejects at once, and a later answer of the master has no effect.
 */
export class SharedCall<T> {
  /** What the readers receive, once it was stored. */
  readonly answer: Promise<T>;
  readonly #control = new AbortController();
  #fail: (reason: unknown) => void = () => {};
  #readers = 0;
  #answered = false;

  /** Begins at once: `fill` asks the master through the function that it is given, and stores the answer. */
  constructor(fill: (ask: Ask) => Promise<T>) {
    this.answer = new Promise<T>((resolve, reject) => {
      this.#fail = reject;
      fill((load) => this.#ask(load)).then(resolve, reject);
    });
    // If all readers have left, the failure is handled by none.
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

  /** Ends the call for all readers, unless the master has answered already. */
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
