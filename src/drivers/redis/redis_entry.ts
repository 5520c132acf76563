import { bytesOf } from "./redis_reply.ts";

/** An entry as it is stored: its rows are the rest of the bytes. */
export interface RedisEntry {
  readonly generation: string;
  readonly at: number;
  readonly until: number;
  readonly fetchedAt: number;
  readonly body: Uint8Array;
}

/** The bytes of a generation. */
export const GENERATION_BYTES = 16;
/** The bytes before the rows: the generation and three numbers. */
const HEADER_BYTES = GENERATION_BYTES + 3 * 8;

/**
 * The entry in an answer.
 *
 * @throws {TypeError} if it is too short to be one.
 */
export function entryIn(answer: unknown): RedisEntry {
  const bytes = bytesOf(answer);
  if (bytes.length < HEADER_BYTES) throw new TypeError("These are not the bytes of an entry: there are too few");
  let generation = "";
  for (let at = 0; at < GENERATION_BYTES; at++) generation += String.fromCharCode(bytes[at] ?? 0);
  const numbers = new DataView(bytes.buffer, bytes.byteOffset + GENERATION_BYTES);
  return {
    generation,
    at: numbers.getFloat64(0),
    until: numbers.getFloat64(8),
    fetchedAt: numbers.getFloat64(16),
    body: bytes.subarray(HEADER_BYTES),
  };
}
