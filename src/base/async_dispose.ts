/**
 * The symbol of the method that `await using` calls. WebKit has no `Symbol.asyncDispose`: there, a class member written
 * as `[Symbol.asyncDispose]()` would be a method named `"undefined"`. The fallback is the symbol that compilers of
 * `using` use, so compiled code finds the method.
 */
export const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for("Symbol.asyncDispose");

interface Closable {
  close(): Promise<void>;
}

/**
 * Adds the method that `await using` calls to a class's prototype; it calls `close()`. The class declares the method
 * and calls this from its constructor: type declarations only accept the computed name `Symbol.asyncDispose` itself,
 * and a call at module level would stop bundlers from removing the class when it is unused.
 */
export function disposeByClosing(prototype: Closable): void {
  if (Object.hasOwn(prototype, asyncDispose)) return;
  Object.defineProperty(prototype, asyncDispose, { value: close, writable: true, configurable: true });
}

function close(this: Closable): Promise<void> {
  return this.close();
}
