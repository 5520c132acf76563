/** CBOR by hand, for bytes that no encoder of ours would write. See RFC 8949. */
export type Cbor = readonly number[];

/** The head of an item: its kind (0 to 7) and its size, or for a tag its number. */
export function head(kind: number, size: number): Cbor {
  if (size < 24) return [kind << 5 | size];
  if (size < 0x100) return [kind << 5 | 24, size];
  if (size < 0x10000) return [kind << 5 | 25, size >> 8, size & 0xff];
  return [kind << 5 | 26, size >>> 24, size >>> 16 & 0xff, size >>> 8 & 0xff, size & 0xff];
}

/** An integer from 0. */
export function integer(value: number): Cbor {
  return head(0, value);
}

/** A text of ASCII characters. */
export function text(value: string): Cbor {
  return [...head(3, value.length), ...new TextEncoder().encode(value)];
}

/** A byte string. */
export function byteString(...bytes: number[]): Cbor {
  return [...head(2, bytes.length), ...bytes];
}

/** A list of items. */
export function list(...items: Cbor[]): Cbor {
  return [...head(4, items.length), ...items.flat()];
}

/** A map from keys to values, which alternate. */
export function map(...items: Cbor[]): Cbor {
  return [...head(5, items.length / 2), ...items.flat()];
}

/** A tag in front of an item. */
export function tag(number: number, item: Cbor): Cbor {
  return [...head(6, number), ...item];
}

/** The undefined value. */
export const UNDEFINED: Cbor = [0xf7];

/** The bytes of some items. */
export function bytesOf(item: Cbor): Uint8Array {
  return Uint8Array.from(item);
}
