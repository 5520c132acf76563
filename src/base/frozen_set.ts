/** A set that cannot be changed. */
export function frozenSet<T>(items: Iterable<T>): ReadonlySet<T> {
  const set = new Set(items);
  // Freezing a set does not keep its methods from changing it.
  for (const name of ["add", "delete", "clear"]) Object.defineProperty(set, name, { value: undefined });
  return Object.freeze(set);
}

/** The set without items. */
export const EMPTY_SET: ReadonlySet<never> = frozenSet([]);
