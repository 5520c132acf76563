import { defer, type Deferred } from "./defer.ts";

type Settled<T> = { readonly value: T } | { readonly error: unknown };

/**
 * A promise that is made when it is first looked at: many of them settle before, or are not looked at. Its rejection need
 * not be handled.
 */
export class LazyPromise<T> {
  #promise: Promise<T> | undefined;
  #waiting: Deferred<T> | undefined;
  #settled: Settled<T> | undefined;

  /** The promise. */
  get promise(): Promise<T> {
    if (this.#promise !== undefined) return this.#promise;
    const promise = this.#settled === undefined ? (this.#waiting = defer()).promise : promiseOf(this.#settled);
    promise.catch(() => {});
    return this.#promise = promise;
  }

  /** Has no effect once it is settled. */
  resolve(value: T): void {
    this.#settled ??= { value };
    this.#waiting?.resolve(value);
  }

  /** Has no effect once it is settled. */
  reject(error: unknown): void {
    this.#settled ??= { error };
    this.#waiting?.reject(error);
  }
}

function promiseOf<T>(settled: Settled<T>): Promise<T> {
  return new Promise((resolve, reject) => "error" in settled ? reject(settled.error) : resolve(settled.value));
}
