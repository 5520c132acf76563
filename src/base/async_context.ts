/** A value visible to everything that a call runs, including after an `await` where the runtime supports that. */
export interface AsyncContext<T> {
  /** Whether the value is still visible after an `await`, or only until the first one. */
  readonly outlivesWaits: boolean;
  /** The value of the innermost `run` around the caller. */
  get(): T | undefined;
  /** Runs `work` with this value. */
  run<A>(value: T, work: () => A): A;
}

interface Storage<T> {
  getStore(): T | undefined;
  run<A>(value: T, work: () => A): A;
}

/** Gives access to `node:async_hooks` without an import, which would break browsers and bundlers. */
interface WithProcess {
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage?: new <T>() => Storage<T> } | undefined;
  };
}

/** The runtime's own context (Node, Deno, Bun, workerd), or one that lasts only until the first `await`. */
export function newAsyncContext<T>(): AsyncContext<T> {
  const { process }: WithProcess = globalThis as WithProcess;
  const AsyncLocalStorage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;
  if (AsyncLocalStorage === undefined) return untilFirstWait();
  const storage = new AsyncLocalStorage<T>();
  return {
    outlivesWaits: true,
    get: () => storage.getStore(),
    run: (value, work) => storage.run(value, work),
  };
}

/** The fallback for browsers. */
export function untilFirstWait<T>(): AsyncContext<T> {
  let current: T | undefined;
  return {
    outlivesWaits: false,
    get: () => current,
    run: (value, work) => {
      const before = current;
      current = value;
      try {
        return work();
      } finally {
        current = before;
      }
    },
  };
}
