/**
 * Names a class across copies of this module, of which a program may hold two: from then on `instanceof` recognises the
 * instances that any copy made. Their private fields remain out of reach, so use only what is public.
 */
export function brand(kind: { readonly prototype: object }, name: string): void {
  const mark = Symbol.for(`@vantage/live/${name}`);
  Object.defineProperty(kind.prototype, mark, { value: true });
  // Not as a static method, which TypeScript would take for a reason not to narrow.
  Object.defineProperty(kind, Symbol.hasInstance, {
    value(this: unknown, value: unknown): boolean {
      // A subclass that a user writes inherits this, and is no more than itself.
      if (this !== kind) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === "object" && value !== null && mark in value;
    },
  });
}
