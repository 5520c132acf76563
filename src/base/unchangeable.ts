/** Returns the given object as its instance, so that a subclass adds its private field to that object. */
class Given {
  constructor(object: object) {
    return object;
  }
}

/**
 * A mark on objects that can never change: deeply frozen, and without values that freezing does not protect. It is a
 * private field, so other code cannot set it, and copies and proxies do not have it. A `WeakSet` would do the same at
 * ten times the cost for each row.
 */
class Unchangeable extends Given {
  readonly #mark = true;

  static has(object: object): boolean {
    return #mark in object;
  }
}

/** Marks an object that is about to be frozen. Where the engine cannot, what is not marked is copied once more. */
export function markUnchangeable(object: object): void {
  if (hidesMarks()) new Unchangeable(object);
}

/** Whether an object is marked as unchangeable. */
export function isUnchangeable(object: object): boolean {
  return Unchangeable.has(object);
}

let hidden: boolean | undefined;

/** Bun takes a private field for a key in `new URLSearchParams(row)`, and refuses the row. Found out once, when it is needed. */
export function hidesMarks(): boolean {
  if (hidden !== undefined) return hidden;
  const marked = {};
  new Unchangeable(marked);
  try {
    new URLSearchParams(marked);
    return hidden = true;
  } catch {
    return hidden = false;
  }
}
