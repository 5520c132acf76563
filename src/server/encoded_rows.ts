import type { Rows } from "../table/rows.ts";
import { rowToWire } from "../wire/wire_value.ts";

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

/** Rows as they are sent, with a tag. The same rows are encoded once. */
export function encodeRows(rows: Rows): Promise<EncodedRows> {
  const known = encoded.get(rows);
  if (known !== undefined) return known;
  const fresh = encode(rows);
  encoded.set(rows, fresh);
  return fresh;
}

async function encode(rows: Rows): Promise<EncodedRows> {
  const wire = Array.from(rows, ([id, row]) => [id, rowToWire(row)]);
  const bytes = new TextEncoder().encode(JSON.stringify({ rows: wire }));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).subarray(0, TAG_BYTES);
  const tag = btoa(String.fromCharCode(...hash)).replaceAll("+", "-").replaceAll("/", "_");
  return { bytes, etag: `"${tag}"` };
}

/** Whether an `If-None-Match` names this tag. */
export function namesTag(ifNoneMatch: string | null, etag: string): boolean {
  if (ifNoneMatch === null) return false;
  return ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, "")).some((tag) => tag === etag || tag === "*");
}
