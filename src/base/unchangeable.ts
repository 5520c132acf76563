/** Takes an object for its instance, so that a class that extends it adds its private field to that. */
class Given {
  constructor(object: object) {
    return object;
  }
}

/**
 * A mark on objects that can never change: deeply frozen, with nothing in them that freezing does not protect. It is a
 * private field, so nobody else can set it, and neither a copy nor a `Proxy` has it. A `WeakSet` would do the same at ten
 * times the cost, for each row that is made.
 */
class Unchangeable extends Given {
  readonly #mark = true;

  static has(object: object): boolean {
    return #mark in object;
  }
}

/** Marks an object that is about to be frozen. */
export function markUnchangeable(object: object): void {
  new Unchangeable(object);
}

/** Whether an object has been marked here. */
export function isUnchangeable(object: object): boolean {
  return Unchangeable.has(object);
}
