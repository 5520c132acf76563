interface Settling {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The promise of `ready()`: the same one while it is pending, and afterwards for as long as the state is the same. Code
 * that waits for it while it renders needs that, since it would wait for each new promise again.
 */
export class Readiness {
  #state: "pending" | "ready" | "failed" = "pending";
  #asked = false;
  #settling = settling();

  /** The promise for the present state. It may be left alone: its rejection is no unhandled one. */
  get promise(): Promise<void> {
    this.#asked = true;
    return this.#settling.promise;
  }

  /** Whether the promise was handed out and is pending. */
  get isAwaited(): boolean {
    return this.#asked && this.#state === "pending";
  }

  /** There are rows. */
  succeed(): void {
    this.#enter("ready");
    this.#settling.resolve();
  }

  /** There are none, and there will be none for now. */
  fail(error: unknown): void {
    this.#enter("failed");
    this.#settling.reject(error);
  }

  /** Waits anew after a failure. */
  reset(): void {
    this.#enter("pending");
  }

  #enter(state: "pending" | "ready" | "failed"): void {
    if (this.#state !== "pending" && this.#state !== state) this.#settling = settling();
    this.#state = state;
  }
}

function settling(): Settling {
  let resolve: () => void = () => {};
  let reject: (error: unknown) => void = () => {};
  const promise = new Promise<void>((settle, fail) => {
    resolve = settle;
    reject = fail;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}
