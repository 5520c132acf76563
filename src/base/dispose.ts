/**
 * The symbol of the method that `using` calls. Where there is no `Symbol.dispose`, as in WebKit, it is the symbol that
 * compilers of `using` use.
 */
export const dispose: typeof Symbol.dispose = Symbol.dispose ?? Symbol.for("Symbol.dispose");
