/**
 * Imports the core and prints the effects of the import. Runs without permissions; it exits by itself only if the
 * import left nothing running.
 */

/** The effects of importing the core. */
export interface ImportWork {
  /** The functions called, among timers, listeners, network, clock and random numbers. */
  readonly called: readonly string[];
  /** The global names added. */
  readonly globals: readonly string[];
  readonly milliseconds: number;
}

if (import.meta.main) {
  const called: string[] = [];
  watch(globalThis, ["setTimeout", "setInterval", "queueMicrotask", "addEventListener", "fetch"], called);
  watch(crypto, ["getRandomValues", "randomUUID"], called);
  watch(Math, ["random"], called);
  watch(Date, ["now"], called);
  const before = new Set(Reflect.ownKeys(globalThis));
  const start = performance.now();
  await import("@vantage/live");
  const work: ImportWork = {
    milliseconds: performance.now() - start,
    called,
    globals: Reflect.ownKeys(globalThis).filter((name) => !before.has(name)).map(String),
  };
  console.log(JSON.stringify(work));
}

/** Replaces functions with ones that record each call. */
function watch(owner: object, names: readonly string[], called: string[]): void {
  for (const name of names) {
    const original: unknown = Reflect.get(owner, name);
    if (typeof original !== "function") throw new TypeError(`There is no function ${name} to watch`);
    Reflect.set(owner, name, (...inputs: unknown[]): unknown => {
      called.push(name);
      return Reflect.apply(original, owner, inputs);
    });
  }
}
