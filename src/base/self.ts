const SELF = Symbol("self");

const reachable = new WeakSet<object>();

/**
 * Lets an object be reached through a `Proxy` around it, which cannot read private fields. The reference is a function,
 * since deep proxies (Vue) do not wrap functions.
 *
 * With `kind`, the object's class, all public members of that class resolve the object themselves. Without it, each
 * method calls {@linkcode selfOf}: for methods that need the `Proxy` too, or are called too often to afford another
 * call.
 */
export function rememberSelf(object: object, kind?: { readonly prototype: object }): void {
  if (!Object.hasOwn(object, SELF)) Object.defineProperty(object, SELF, { value: () => object });
  if (kind === undefined || reachable.has(kind.prototype)) return;
  // Not when the class is defined: bundlers could then not remove an unused class.
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

/** The object behind a `Proxy`, if {@linkcode rememberSelf} was called for it; otherwise the given object. */
export function selfOf<T extends object>(object: T): T {
  const { [SELF]: self } = object as { readonly [SELF]?: () => T }; // Set by rememberSelf alone.
  return self === undefined ? object : self();
}

function getterOnSelf(get: () => unknown): () => unknown {
  return function (this: object) {
    return get.call(selfOf(this));
  };
}

/**
 * Wraps a method of at most four parameters, as all of ours: a rest parameter would allocate an array for each call.
 */
function onSelf<A, B, C, D, R>(method: (this: object, a: A, b: B, c: C, d: D) => R): typeof method {
  return function (a, b, c, d) {
    return method.call(selfOf(this), a, b, c, d);
  };
}
