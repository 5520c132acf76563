import { Encoder, Tag } from "cbor-x/index-no-eval";
import { isBytes, isDate } from "../base/realm.ts";
import { describe } from "../base/describe.ts";
import { MAX_ROW_DEPTH, type Row, setField, type Value } from "../table/row.ts";
import { lazyRows, type RowEntry, type Rows } from "../table/rows.ts";

/**
 * Encodes rows as bytes, in CBOR (RFC 8949), for every cache that stores bytes.
 *
 * ```text
 * [1, columns, ids, values of the first column, values of the second column, …]    absent = undefined
 * [2, ids, [name, value, name, value, …] of the first row, …]                      if columns differ widely
 * ```
 *
 * By column, each name is written once, and decoding creates few objects; rows are built when they are read. Ids, and
 * columns that hold only texts, are written as two texts, one of all characters and one of all lengths: a decoder
 * without a native addon spends more time on each item than on the characters of a text.
 */
const BY_COLUMN = 1;
const BY_ROW = 2;

/** Above this ratio of cells to present fields, rows are written one by one: most cells would be empty. */
const MAX_WIDTH_FACTOR = 4;

/** A private tag: a text that UTF-8 would change, as UTF-16 code units. */
const UTF16_TAG = 0xd800;
const DATE_TAG = 1;
/** A private tag: a date in milliseconds, so far from 1970 that fractional seconds would be off by a millisecond. */
const FAR_DATE_TAG = 0xd801;
/**
 * A private tag: an integer beyond 64 bits, as hexadecimal digits. Decoding CBOR's own byte string for it takes
 * quadratic time: a minute for 400 KB.
 */
const LARGE_INTEGER_TAG = 0xd802;
/** The most hexadecimal digits of an integer: 2 MiB, which every runtime supports. */
const MAX_DIGITS = 2 ** 22;
/** A private tag: many texts, as `[all joined, the length of each as one character]`, in UTF-16 units. */
const TEXTS_TAG = 0xd803;
/** From this length on, the character would be half of a surrogate pair, or a byte order mark. */
const TOO_LONG = 0xd800;
/** Dates, and the tags above. Other tags could make the decoder call functions that the bytes name. */
const ACCEPTED_TAGS: readonly number[] = [DATE_TAG, UTF16_TAG, FAR_DATE_TAG, LARGE_INTEGER_TAG, TEXTS_TAG];

/** A row within its list or column, and a tag within a row. Deeper nesting could overflow the stack. */
const MAX_DEPTH = MAX_ROW_DEPTH + 4;

const cbor = new Encoder({ useRecords: false, mapsAsObjects: false, variableMapSize: true, tagUint8Array: false });

/**
 * Encodes rows as bytes.
 *
 * @throws {RangeError} if they hold an integer of more than 2 MiB.
 */
export function encodeRows(rows: Rows): Uint8Array {
  const columns = new Set<string>();
  let fields = 0;
  for (const row of rows.values()) {
    for (const column of Object.keys(row)) {
      columns.add(column);
      fields++;
    }
  }
  const names = [...columns];
  if (names.length * rows.size > MAX_WIDTH_FACTOR * fields + 64) {
    return encodeByRow(rows.toArray());
  }
  const values = names.map(() => new Array<Value | undefined>(rows.size).fill(undefined));
  let index = 0;
  for (const row of rows.values()) {
    for (let column = 0; column < names.length; column++) {
      const name = names[column] ?? "";
      const list = values[column];
      if (list !== undefined && Object.hasOwn(row, name)) list[index] = row[name] ?? null;
    }
    index++;
  }
  return cbor.encode([BY_COLUMN, packTexts(names), packTexts(rows.ids()), ...values.map(packColumn)]);
}

/**
 * Encodes rows one by one: cheaper for a few rows that have no columns in common.
 *
 * @throws {RangeError} if they hold an integer of more than 2 MiB.
 */
export function encodeByRow(rows: readonly RowEntry[]): Uint8Array {
  return cbor.encode([BY_ROW, packTexts(rows.map(([id]) => id)), ...rows.map(([, row]) => packRow(row))]);
}

/**
 * Decodes rows from bytes. No bytes, even malicious ones, can run code or change a prototype.
 *
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeRows` did not make these bytes.
 */
export function decodeRows(bytes: Uint8Array): Rows {
  const { holdsMutable } = inspect(bytes);
  const decoded: unknown = cbor.decode(bytes);
  if (!Array.isArray(decoded)) throw malformed("no array");
  return decoded[0] === BY_COLUMN ? byColumn(decoded, holdsMutable) : byRow(decoded, holdsMutable);
}

function byColumn([, columns, packedIds, ...packed]: readonly unknown[], mutable: boolean): Rows {
  const ids = textsOf(packedIds);
  const names = textsOf(columns);
  const values = packed.map((list) => list instanceof Tag ? textsOf(list) : list);
  if (values.length !== names.length || !values.every((list) => Array.isArray(list) && list.length === ids.length)) {
    throw malformed("columns of different lengths");
  }
  return lazyRows(ids, mutable, (index) => {
    const row: Record<string, Value> = {};
    for (let column = 0; column < names.length; column++) {
      const list = values[column] as readonly unknown[];
      const value = list[index];
      if (value === undefined) continue;
      setField(row, names[column] ?? "", typeof value === "object" ? unpack(value) : value as Value);
    }
    return Object.freeze(row);
  });
}

function byRow([version, packedIds, ...rows]: readonly unknown[], mutable: boolean): Rows {
  const ids = textsOf(packedIds);
  if (version !== BY_ROW || rows.length !== ids.length || !rows.every((fields) => Array.isArray(fields))) {
    throw malformed(`layout ${describe(version)}`);
  }
  return lazyRows(ids, mutable, (index) => {
    const row: Record<string, Value> = {};
    const fields = rows[index] as readonly unknown[];
    for (let at = 0; at + 1 < fields.length; at += 2) setField(row, unpackText(fields[at]), unpack(fields[at + 1]));
    return Object.freeze(row);
  });
}

function packRow(row: Row): unknown[] {
  return Object.entries(row).flatMap(([name, value]) => [packText(name), pack(value)]);
}

function pack(value: Value): unknown {
  if (typeof value === "string") return packText(value);
  if (typeof value === "bigint") return packInteger(value);
  if (typeof value !== "object" || value === null || isBytes(value)) return value;
  if (isDate(value)) return packDate(value);
  if (Array.isArray(value)) return value.map(pack);
  return new Map(Object.entries(value).map(([name, inner]) => [packText(name), pack(inner)]));
}

function packColumn(values: readonly (Value | undefined)[]): unknown {
  if (values.every((value) => typeof value === "string")) return packTexts(values);
  return values.map((value) => value === undefined ? undefined : pack(value));
}

function packTexts(texts: readonly string[]): unknown {
  if (!texts.every((text) => text.length < TOO_LONG && isKeptByUtf8(text))) return texts.map(packText);
  return new Tag([texts.join(""), texts.map((text) => String.fromCharCode(text.length)).join("")], TEXTS_TAG);
}

function packDate(date: Date): Date | Tag {
  const ms = date.getTime();
  return Number.isNaN(ms) || Math.round(ms / 1000 * 1000) === ms ? date : new Tag(ms, FAR_DATE_TAG);
}

function packInteger(integer: bigint): bigint | Tag {
  if (integer > -(2n ** 64n) && integer < 2n ** 64n) return integer;
  const digits = integer.toString(16);
  if (digits.length > MAX_DIGITS) throw new RangeError("Cannot keep an integer of more than 2 MiB");
  return new Tag(digits, LARGE_INTEGER_TAG);
}

/**
 * UTF-8 cannot encode half of a surrogate pair, and the decoder drops a byte order mark at the start of a long text.
 */
function isKeptByUtf8(text: string): boolean {
  return text.isWellFormed() && !text.startsWith("\ufeff");
}

function packText(text: string): string | Tag {
  if (isKeptByUtf8(text)) return text;
  const bytes = new Uint8Array(text.length * 2);
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    bytes[2 * at] = unit >> 8;
    bytes[2 * at + 1] = unit & 0xff;
  }
  return new Tag(bytes, UTF16_TAG);
}

/** Accepts everything that the decoder can return for bytes that passed `inspect`, and never throws. */
function unpack(value: unknown): Value {
  if (typeof value !== "object" || value === null) return value === undefined ? null : value as Value;
  if (isDate(value)) return value;
  if (isBytes(value)) return new Uint8Array(value);
  if (Array.isArray(value)) return Object.freeze(value.map(unpack));
  if (value instanceof Tag && value.tag === FAR_DATE_TAG) {
    return new Date(typeof value.value === "number" ? value.value : NaN);
  }
  if (value instanceof Tag && value.tag === LARGE_INTEGER_TAG) return unpackInteger(value.value);
  if (!(value instanceof Map)) return unpackText(value);
  const object: Record<string, Value> = {};
  for (const [name, inner] of value) setField(object, unpackText(name), unpack(inner));
  return Object.freeze(object);
}

function unpackInteger(digits: unknown): bigint | null {
  const [, sign, magnitude] = typeof digits === "string" ? /^(-?)([0-9a-f]+)$/.exec(digits) ?? [] : [];
  if (magnitude === undefined || magnitude.length > MAX_DIGITS) return null;
  return sign === "-" ? -BigInt(`0x${magnitude}`) : BigInt(`0x${magnitude}`);
}

function unpackText(text: unknown): string {
  if (!(text instanceof Tag) || !isBytes(text.value)) return String(text);
  const bytes: Uint8Array = text.value;
  let result = "";
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    result += String.fromCharCode((bytes[at] ?? 0) << 8 | (bytes[at + 1] ?? 0));
  }
  return result;
}

function textsOf(list: unknown): readonly string[] {
  if (list instanceof Tag && list.tag === TEXTS_TAG) return splitTexts(list.value);
  if (!Array.isArray(list)) throw malformed("no list of names");
  if (list.every((text) => typeof text === "string")) return list;
  return list.map((text) => {
    if (typeof text === "string" || (text instanceof Tag && text.tag === UTF16_TAG)) return unpackText(text);
    throw malformed(`a name that is ${describe(text)}`);
  });
}

function splitTexts(packed: unknown): readonly string[] {
  const [all, lengths, more]: readonly unknown[] = Array.isArray(packed) ? packed : [];
  if (typeof all !== "string" || typeof lengths !== "string" || more !== undefined) throw malformed("no texts");
  let end = 0;
  const texts = new Array<string>(lengths.length);
  for (let index = 0; index < texts.length; index++) {
    const start = end;
    end += lengths.charCodeAt(index);
    texts[index] = all.slice(start, end);
  }
  if (end !== all.length) throw malformed("texts of the wrong length");
  return texts;
}

/**
 * Checks the items before they are decoded, without allocating: accepts only the kinds that `encodeRows` writes, and
 * refuses items that are longer than the bytes left or nested deeper than a row can be.
 */
function inspect(bytes: Uint8Array): { readonly holdsMutable: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length;
  let holdsMutable = false;
  let position = 0;
  const around: number[] = [];
  let expected: number | undefined = 1;
  while (expected !== undefined) {
    if (expected === 0) {
      expected = around.pop();
      continue;
    }
    expected--;
    let inside = 0;
    const head = bytes[position++];
    if (head === undefined) throw malformed("an early end");
    const kind = head >> 5;
    let size = head & 0x1f;
    switch (size) {
      case 24:
        size = view.getUint8(position);
        position += 1;
        break;
      case 25:
        size = view.getUint16(position);
        position += 2;
        break;
      case 26:
        size = view.getUint32(position);
        position += 4;
        break;
      case 27:
        // Only integers and floats may use 64 bits.
        if (kind !== 0 && kind !== 1 && kind !== 7) throw malformed("a length of 64 bits");
        position += 8;
        break;
      case 28:
      case 29:
      case 30:
      case 31:
        throw malformed("an item without a length");
    }
    switch (kind) {
      case 2:
        holdsMutable = true;
        position += size;
        break;
      case 3:
        position += size;
        break;
      case 4:
        inside = size;
        break;
      case 5:
        inside = 2 * size;
        break;
      case 6:
        if (!ACCEPTED_TAGS.includes(size)) throw malformed(`the tag ${size}`);
        holdsMutable ||= size === DATE_TAG || size === FAR_DATE_TAG;
        inside = 1;
        break;
    }
    if (position > end) throw malformed("an early end");
    if (inside === 0) continue;
    if (around.push(expected) > MAX_DEPTH) throw malformed("too many levels");
    expected = inside;
  }
  if (position !== end) throw malformed("data after the end");
  return { holdsMutable };
}

function malformed(what: string): TypeError {
  return new TypeError(`These are not the bytes of cached rows: found ${what}`);
}
