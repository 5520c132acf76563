const SELF = Symbol("self");

/**
 * Gives an object a way back to itself from behind a `Proxy`, through which private fields cannot be read. It is a
 * function, since those who wrap objects deeply (Vue) leave functions as they are.
 */
export function rememberSelf(object: object): void {
  Object.defineProperty(object, SELF, { value: () => object });
}

/** The object itself, behind whatever `Proxy`, if it remembers itself; else what was given. */
export function selfOf<T extends object>(object: T): T {
  const { [SELF]: self } = object as { readonly [SELF]?: () => T }; // Set by rememberSelf alone.
  return self === undefined ? object : self();
}
