/**
 * The symbol of the method that `await using` calls. WebKit has no `Symbol.asyncDispose`: what a class writes as
 * `[Symbol.asyncDispose]()` would be a method named `"undefined"` there. This is what compilers of `using` take instead, so
 * what they compile finds the method there, too.
 */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

interface Closable {
  close(): Promise<void>;
}

/**
 * Gives a class's prototype the method that `await using` calls, which calls `close()`. The class declares it, and calls
 * this when it constructs: a method with a computed name has no declaration of types unless the name is written as
 * `Symbol.asyncDispose`, and a call beside the class would keep bundlers from leaving the class out.
 */
export function disposeByClosing(prototype: Closable): void {
  if (Object.hasOwn(prototype, asyncDispose)) return;
  Object.defineProperty(prototype, asyncDispose, { value: close, writable: true, configurable: true });
}

function close(this: Closable): Promise<void> {
  return this.close();
}
