const SELF = Symbol("self");

const reachable = new WeakSet<object>();

/**
 * Gives an object a way back to itself from behind a `Proxy`, through which private fields cannot be read. It is a
 * function, since those who wrap objects deeply (Vue) leave functions as they are.
 *
 * With `kind`, the class that it is made by, the public members of that class take this way by themselves; without, each
 * method asks for {@linkcode selfOf}: where it has to see the `Proxy` as well, or is called too often for one more call.
 */
export function rememberSelf(object: object, kind?: { readonly prototype: object }): void {
  if (!Object.hasOwn(object, SELF)) Object.defineProperty(object, SELF, { value: () => object });
  if (kind === undefined || reachable.has(kind.prototype)) return;
  // Not when the class is defined: it could then not be left out of a bundle that has no use for it.
  reachable.add(kind.prototype);
  for (const name of Reflect.ownKeys(kind.prototype)) {
    const member = Object.getOwnPropertyDescriptor(kind.prototype, name);
    if (name === "constructor" || member === undefined || !member.configurable) continue;
    const { value, get } = member;
    if (typeof value === "function") member.value = onSelf(value);
    if (get !== undefined) member.get = getterOnSelf(get);
    Object.defineProperty(kind.prototype, name, member);
  }
}

/** The object itself, behind whatever `Proxy`, if it remembers itself; else what was given. */
export function selfOf<T extends object>(object: T): T {
  const { [SELF]: self } = object as { readonly [SELF]?: () => T }; // Set by rememberSelf alone.
  return self === undefined ? object : self();
}

function getterOnSelf(get: () => unknown): () => unknown {
  return function (this: object) {
    return get.call(selfOf(this));
  };
}

/** A method of no more than three parameters, as all of ours: a rest parameter would make an array for each call. */
function onSelf<A, B, C, R>(method: (this: object, a: A, b: B, c: C) => R): typeof method {
  return function (a, b, c) {
    return method.call(selfOf(this), a, b, c);
  };
}
