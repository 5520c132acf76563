import { describe } from "../../base/describe.ts";
import { isBytes, isDate } from "../../base/realm.ts";
import type { Row, Value } from "../../table/row.ts";

/** The most bytes of a value in Deno KV. */
const MAX_VALUE_BYTES = 65_536;
/** The most bytes of an id: with the other parts of its key, and in the key of an index, it must stay below 2048. */
const MAX_ID_BYTES = 1_000;

/** Whether a row can have this id. Deno KV takes all lone surrogates for the same character. */
export function canBeId(id: string): boolean {
  return sizeOfText(id) <= MAX_ID_BYTES && !/\p{Surrogate}/u.test(id);
}

/**
 * Checks that a row can be stored.
 *
 * @throws {TypeError} if its id is not well-formed.
 * @throws {RangeError} if its id is too long, or the row may have too many bytes.
 */
export function checkStorable(id: string, row: Row): void {
  if (/\p{Surrogate}/u.test(id)) throw new TypeError(`The id ${describe(id)} has half of a surrogate pair`);
  const idBytes = sizeOfText(id);
  if (idBytes > MAX_ID_BYTES) {
    throw new RangeError(`An id may have ${MAX_ID_BYTES} bytes, ${describe(`${id.slice(0, 20)}…`)} has ${idBytes}`);
  }
  const bytes = sizeOf(row);
  if (bytes <= MAX_VALUE_BYTES) return;
  throw new RangeError(`A row may have ${MAX_VALUE_BYTES} bytes in Deno KV, row ${describe(id)} may have ${bytes}`);
}

/** How many bytes a text has in a key, where a NUL takes two. */
export function sizeOfText(text: string): number {
  return new TextEncoder().encode(text).length + text.split("\0").length - 1;
}

/**
 * How many bytes a value has at most as V8 serialises it: lengths take up to three bytes, a text one or two for each
 * unit, and a frozen array has the number of each item.
 */
function sizeOf(value: Value): number {
  switch (typeof value) {
    case "string":
      // All characters have one byte.
      return 6 + value.length * (/^[\0-\xff]*$/.test(value) ? 1 : 2);
    case "bigint":
      return 8 + 8 * Math.ceil(value.toString(16).length / 16);
    case "object":
      if (value === null) return 1;
      if (isDate(value)) return 9;
      if (isBytes(value)) return 20 + value.byteLength;
      if (Array.isArray(value)) return value.reduce((sum: number, item: Value) => sum + 5 + sizeOf(item), 12);
      return Object.entries(value).reduce((sum, [name, item]) => sum + sizeOf(name) + sizeOf(item), 8);
    default:
      return 10;
  }
}
