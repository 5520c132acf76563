/**
 * Makes `instanceof` recognise instances of a class across copies of this module, since a program may load two. Private
 * fields of another copy's instances stay inaccessible, so use only public members.
 */
export function brand(kind: { readonly prototype: object }, name: string): void {
  const mark = Symbol.for(`@vantage/live/${name}`);
  Object.defineProperty(kind.prototype, mark, { value: true });
  // Not a static method: TypeScript would stop narrowing by `instanceof`.
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A user's subclass inherits this method, but must match only its own instances.
      if (this !== kind) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === "object" && value !== null && mark in value;
    },
  });
}
