import { decodeFacts, encodeFacts } from "../cache/facts_codec.ts";
import type { StoredWrite } from "./outbox.ts";
import { tooLarge } from "./stored_write.ts";
import { factsOfWrite, writeOfFacts } from "./write_facts.ts";

/**
 * Encodes a write, for every outbox that stores bytes: its facts and its row, in the codec of entries.
 *
 * @throws {RangeError} that names the write, if its row holds what cannot be encoded, such as a bigint of millions of digits.
 */
export function encodeWrite(write: StoredWrite): Uint8Array {
  try {
    return encodeFacts(factsOfWrite(write));
  } catch (cause) {
    throw tooLarge(write, "its values cannot be encoded", cause);
  }
}

/**
 * Decodes a write.
 *
 * @throws {OutboxError} if it is of a newer version.
 * @throws {TypeError} or any error of the CBOR decoder, if `encodeWrite` did not make these bytes.
 */
export function decodeWrite(bytes: Uint8Array): StoredWrite {
  return writeOfFacts(decodeFacts(bytes));
}
