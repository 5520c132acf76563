import type { Rows } from "../table/rows.ts";
import { rowToWire } from "../wire/wire_value.ts";
import type { Refusal } from "./answers.ts";
import { refuse } from "./refusals.ts";

/** Rows as they are sent. */
export interface EncodedRows {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The same for the same bytes, and for no others. */
  readonly etag: string;
}

/** How much of the hash of an answer goes into its tag. */
const TAG_BYTES = 18;

/**
 * What was encoded stays as long as the rows do: a cached table hands out the same rows again and again. Rows with
 * something in them that a reader could change are another object for each reader, so nothing old is found here.
 */
const encoded = new WeakMap<Rows, Promise<EncodedRows>>();

/**
 * Rows as they are sent, with a tag. The same rows are encoded once.
 *
 * @throws {Refusal} if they have more than `maxBytes` bytes.
 */
export async function encodeRows(rows: Rows, maxBytes: number): Promise<EncodedRows> {
  const known = await encoded.get(rows) ?? await encodeOnce(rows, textOf(rows, maxBytes));
  if (known.bytes.length > maxBytes) throw tooLong(maxBytes);
  return known;
}

/**
 * The same of rows that are not to be kept, and say so: without a tag, since nobody is to ask for them again.
 *
 * @throws {Refusal} if they have more than `maxBytes` bytes.
 */
export function encodeUnsettled(rows: Rows, maxBytes: number): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(textOf(rows, maxBytes, ',"unsettled":true'));
  if (bytes.length > maxBytes) throw tooLong(maxBytes);
  return bytes;
}

/** A byte or more for each character, so what is too long is not written to its end. */
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
