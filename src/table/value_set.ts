import { compareValues } from "./compare_values.ts";
import type { Value } from "./row.ts";

/** A set of values, equal as conditions see it. Asking does not cost more for each value in it. */
export class ValueSet {
  readonly #plain: ReadonlySet<Value>;
  /** Dates, bytes, lists and objects, in their order. */
  readonly #compound: readonly Value[];

  /** The set of the given values. */
  constructor(values: readonly Value[]) {
    this.#plain = new Set(values.filter((value) => !isCompound(value)).map(asNumber));
    this.#compound = values.filter(isCompound).sort(compareValues);
  }

  /** Whether a value equals one in the set. */
  has(value: Value): boolean {
    return isCompound(value) ? this.#search(value) : this.#plain.has(asNumber(value));
  }

  #search(value: Value): boolean {
    let [low, high] = [0, this.#compound.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const difference = compareValues(this.#compound[middle] ?? null, value);
      if (difference === 0) return true;
      if (difference < 0) low = middle + 1;
      else high = middle;
    }
    return false;
  }
}

function isCompound(value: Value): boolean {
  return typeof value === "object" && value !== null;
}

/** A bigint as the number that equals it, if one does: a `Set` takes `1` and `1n` for two values. */
function asNumber(value: Value): Value {
  if (typeof value !== "bigint") return value;
  const number = Number(value);
  return Number.isFinite(number) && BigInt(number) === value ? number : value;
}
