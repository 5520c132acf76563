/** A value that what follows from a call can see, also after it has waited, where the runtime can do that. */
export interface AsyncContext<T> {
  /** Whether it is seen after a wait too, and not only before the first. */
  readonly outlivesWaits: boolean;
  /** The value of the innermost `run` that the caller follows from. */
  get(): T | undefined;
  /** Runs `work` with a value. */
  run<A>(value: T, work: () => A): A;
}

interface Storage<T> {
  getStore(): T | undefined;
  run<A>(value: T, work: () => A): A;
}

/** Where `node:async_hooks` is found without an import, which browsers and bundlers would stumble over. */
interface WithProcess {
  readonly process?: {
    readonly getBuiltinModule?: (name: string) => { readonly AsyncLocalStorage?: new <T>() => Storage<T> } | undefined;
  };
}

/** A context of the runtime's (Node, Deno, Bun, workerd), or one that lasts only until the first wait. */
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

/** What there is in browsers. */
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
