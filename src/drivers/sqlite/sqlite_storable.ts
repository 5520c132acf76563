import { isBytes } from "../../base/realm.ts";

/** The size of an entry or a scope without its rows and its key, which is stored in a table and an index. */
export const OVERHEAD_BYTES = 128;
/** From this length on, a text in an index takes a page for itself, of this size. */
const LONG_TEXT_BYTES = 1_000;
const PAGE_BYTES = 4_096;

/** The size of a text that is stored in a table and an index, with its overhead. */
export function sizeOfText(text: string): number {
  const bytes = byteLength(text);
  return OVERHEAD_BYTES + 2 * bytes + (bytes > LONG_TEXT_BYTES ? PAGE_BYTES : 0);
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Escapes a text so that SQLite can store it. Different texts stay different, and prefixes stay prefixes. SQLite takes
 * all lone surrogates for the same character (in UTF-16 also U+FFFE and U+FFFF), and its `substr` ends at a NUL.
 */
export function storable(text: string): string {
  return text.replace(UNSTORABLE, (unit) => `\u0001${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The text that `storable` escaped. */
export function restored(text: string): string {
  // deno-lint-ignore no-control-regex -- the escape is a control character
  return text.replace(/\u0001([0-9a-f]{4})/g, (_, unit) => String.fromCharCode(Number.parseInt(unit, 16)));
}

// Also escapes both halves of surrogate pairs, since a prefix may end between them. A LiveTable's keys hold no control
// characters.
// deno-lint-ignore no-control-regex -- matching control characters is the purpose
const UNSTORABLE = /[\u0000\u0001\ud800-\udfff\ufffe\uffff]/g;

/** A blob, as returned by different drivers. */
export function bytesOf(body: unknown): Uint8Array {
  if (isBytes(body)) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  throw new TypeError("An entry must be bytes");
}
