import { UnsupportedError } from "../../table/errors.ts";
import { isBytes } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Row, Value } from "../../table/row.ts";

/** How bodies become text, and text bodies. */
export interface BodyFormat<Body> {
  readonly parse: (text: string) => Body;
  readonly stringify: (body: Body) => string;
}

/** Digits that may be more than a number keeps, or an exponent that may be: most texts have neither, and are looked at once. */
const SUSPECT = /\d{16}|\d[eE]\+?\d{3}/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * As `JSON.parse`, without rounding an integer.
 *
 * @throws {RangeError} if it holds an integer that a number cannot hold, or a number beyond all.
 * @throws {SyntaxError} if it is no JSON.
 */
export function parseExactly(text: string): Value {
  const value: Value = JSON.parse(text);
  if (!SUSPECT.test(text)) return value;
  for (const [token] of text.matchAll(STRING_OR_NUMBER)) {
    if (!token.startsWith('"') && isRounded(token)) {
      throw new RangeError(`A number would not stay what it is: ${token}`);
    }
  }
  return value;
}

/**
 * As `JSON.stringify`, with dates as texts in ISO 8601.
 *
 * @throws {UnsupportedError} if it holds something that JSON does not: bigints, bytes, numbers and dates that are none.
 */
export function stringifyExactly(body: Value): string {
  return JSON.stringify(body, refuseUntold);
}

function isRounded(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return true;
  const integer = /^(-?\d+)(?:\.0+)?$/.exec(token)?.[1];
  return integer !== undefined && !Number.isSafeInteger(number) && BigInt(integer) !== BigInt(number);
}

function refuseUntold(this: Row, column: string, value: unknown): unknown {
  // A date comes as the text that it becomes, or as `null` if it is invalid.
  const isInvalidDate = value === null && this[column] !== null;
  const isNoNumber = typeof value === "number" && !Number.isFinite(value);
  if (!isInvalidDate && !isNoNumber && typeof value !== "bigint" && !isBytes(value)) return value;
  throw new UnsupportedError(`JSON cannot hold the value of ${describe(column)}, ${describe(this[column])}`);
}
