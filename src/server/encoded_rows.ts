import type { Rows } from "../table/rows.ts";
import { rowToWire } from "../wire/wire_value.ts";
import type { Refusal } from "./answers.ts";
import { refuse } from "./refusals.ts";

/** Encoded rows. */
export interface EncodedRows {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Equal for equal bytes only. */
  readonly etag: string;
}

/** How many bytes of the hash go into an ETag. */
const TAG_BYTES = 18;

/**
 * Encodings by rows: a cached table returns the same object again and again. Rows with values that a reader could
 * modify are a new object for each reader, so this never returns an outdated encoding.
 */
const encoded = new WeakMap<Rows, Promise<EncodedRows>>();

/**
 * Encodes rows, with an ETag. The same object is encoded once.
 *
 * @throws {Refusal} if they have more than `maxBytes` bytes.
 */
export async function encodeRows(rows: Rows, maxBytes: number): Promise<EncodedRows> {
  const known = await encoded.get(rows) ?? await encodeOnce(rows, textOf(rows, maxBytes));
  if (known.bytes.length > maxBytes) throw tooLong(maxBytes);
  return known;
}

/**
 * Encodes rows that must not be cached, and says so in the answer. They have no ETag, since they must not be
 * revalidated.
 *
 * @throws {Refusal} if they have more than `maxBytes` bytes.
 */
export function encodeUnsettled(rows: Rows, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(textOf(rows, maxBytes, ',"unsettled":true'));
  if (bytes.length > maxBytes) throw tooLong(maxBytes);
  return bytes;
}

/** Stops early if the rows are too long: each character takes at least a byte. */
function textOf(rows: Rows, maxBytes: number, more = ""): string {
  const parts: string[] = [];
  let length = 0;
  for (const [id, row] of rows) {
    const part = JSON.stringify([id, rowToWire(row)]);
    length += part.length;
    if (length > maxBytes) throw tooLong(maxBytes);
    parts.push(part);
  }
  return `{"rows":[${parts.join(",")}]${more}}`;
}

function encodeOnce(rows: Rows, text: string): Promise<EncodedRows> {
  const fresh = encode(text);
  encoded.set(rows, fresh);
  return fresh;
}

async function encode(text: string): Promise<EncodedRows> {
  const bytes = new TextEncoder().encode(text);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).subarray(0, TAG_BYTES);
  const tag = btoa(String.fromCharCode(...hash)).replaceAll("+", "-").replaceAll("/", "_");
  return { bytes, etag: `"${tag}"` };
}

function tooLong(maxBytes: number): Refusal {
  return refuse(`These rows have more than ${maxBytes} bytes; ask for a smaller page`, 422);
}

/** Whether an `If-None-Match` names this tag. */
export function namesTag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")).some((tag) => tag === etag || tag === "*");
}
