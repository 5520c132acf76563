import { UnsupportedError } from "../../table/errors.ts";
import { isBytes } from "../../base/realm.ts";
import { describe } from "../../base/describe.ts";
import type { Row, Value } from "../../table/row.ts";

/** How bodies are parsed and written. */
export interface BodyFormat<Body> {
  readonly parse: (text: string) => Body;
  readonly stringify: (body: Body) => string;
}

/**
 * Matches digits or exponents that a number may not hold exactly. Most texts have neither, which makes the check cheap.
 */
const SUSPECT = /\d{16}|\d[eE]\+?\d{3}/;
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Like `JSON.parse`, but refuses to round an integer.
 *
 * @throws {RangeError} if the text has an integer that a number cannot hold, or a number that overflows.
 * @throws {SyntaxError} if the text is not JSON.
 */
export function parseExactly(text: string): Value {
  const value: Value = JSON.parse(text);
  if (!SUSPECT.test(text)) return value;
  for (const [token] of text.matchAll(STRING_OR_NUMBER)) {
    if (!token.startsWith('"') && isRounded(token)) {
      throw new RangeError(`Cannot parse ${token} without rounding it`);
    }
  }
  return value;
}

/**
 * Like `JSON.stringify`, with dates in ISO 8601.
 *
 * @throws {UnsupportedError} if the body holds something that JSON cannot: bigints, bytes, NaN, infinities, invalid
 * dates.
 */
export function stringifyExactly(body: Value): string {
  return JSON.stringify(body, refuseUnsupported);
}

function isRounded(token: string): boolean {
  const number = Number(token);
  if (!Number.isFinite(number)) return true;
  const integer = /^(-?\d+)(?:\.0+)?$/.exec(token)?.[1];
  return integer !== undefined && !Number.isSafeInteger(number) && BigInt(integer) !== BigInt(number);
}

function refuseUnsupported(this: Row, column: string, value: unknown): unknown {
  // A date arrives as its text, or as `null` if it is invalid.
  const isInvalidDate = value === null && this[column] !== null;
  const isNoNumber = typeof value === "number" && !Number.isFinite(value);
  if (!isInvalidDate && !isNoNumber && typeof value !== "bigint" && !isBytes(value)) return value;
  throw new UnsupportedError(`JSON cannot hold the value of ${describe(column)}, ${describe(this[column])}`);
}
