import { areComparable, compareValues, kindOf } from "../table/compare_values.ts";
import { describe } from "../base/describe.ts";
import type { Row, Value } from "../table/row.ts";

/**
 * The version of a row: of two states of one row, the later one has the greater version. Numbers, bigints, texts and dates
 * have an order; `undefined` and `null` say that the version is unknown.
 */
export type VersionOf = (row: Row) => Value | undefined;

/** Compares states of a row by their versions. */
export class RowVersions {
  readonly #versionOf: VersionOf;
  readonly #onFailure: (error: unknown) => void;

  /** `onFailure` receives what `versionOf` throws, and an error for versions that have no order. */
  constructor(versionOf: VersionOf, onFailure: (error: unknown) => void) {
    this.#versionOf = versionOf;
    this.#onFailure = onFailure;
  }

  /** Whether `row` is at least as new as `other`; `undefined` if that is unknown. */
  compare(row: Row, other: Row): "newer" | "older" | undefined {
    const [version, otherVersion] = [this.#of(row), this.#of(other)];
    if (version === undefined || otherVersion === undefined) return undefined;
    if (!areComparable(version, otherVersion)) {
      const kinds = `${describe(version)} and ${describe(otherVersion)}`;
      this.#onFailure(new TypeError(`versionOf must return values of one kind for the states of a row; got ${kinds}`));
      return undefined;
    }
    return compareValues(version, otherVersion) < 0 ? "older" : "newer";
  }

  #of(row: Row): Value | undefined {
    try {
      const version = this.#versionOf(row) ?? undefined;
      if (version === undefined || hasOrder(version)) return version;
      throw new TypeError(
        `versionOf must return a number, bigint, string or date, or undefined if it is unknown; got ${
          describe(version)
        }`,
      );
    } catch (error) {
      this.#onFailure(error);
      return undefined;
    }
  }
}

function hasOrder(version: Value): boolean {
  const kind = kindOf(version);
  if (kind === "number") return !Number.isNaN(version);
  return kind === "text" || (kind === "date" && !Number.isNaN(Number(version)));
}
