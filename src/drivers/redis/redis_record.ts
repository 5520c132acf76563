import { decodeChange } from "../../cache/change_codec.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
import { GENERATION_BYTES } from "./redis_entry.ts";
import { bytesOf, decodedTextOf, listOf, textOf } from "./redis_reply.ts";

/** A record of a log. */
export interface RedisRecord {
  readonly position: number;
  readonly generation: string;
  /** The change; `undefined` for an invalidation. */
  readonly change: LoggedChange | undefined;
  /** What the keys begin with that were invalidated; `undefined` if all were. */
  readonly prefix: string | undefined;
}

/** The bytes before the row. */
const HEADER_BYTES = GENERATION_BYTES + 1 + 8 + 1 + 4 + 4;

/** The position of a record in an answer. */
export function positionIn(answer: unknown): number {
  return Number.parseInt(textOf(listOf(answer)[0]));
}

/**
 * The record in an answer.
 *
 * @throws {TypeError} or any error of the decoder, if it is none.
 */
export function recordIn(answer: unknown): RedisRecord {
  const [, fields] = listOf(answer);
  const bytes = bytesOf(listOf(fields)[1]);
  if (bytes.length < HEADER_BYTES) throw new TypeError("This is no record of a log: it is too short");
  const of = { position: positionIn(answer), generation: textOf(bytes.subarray(0, GENERATION_BYTES)) };
  const numbers = new DataView(bytes.buffer, bytes.byteOffset + GENERATION_BYTES + 1);
  const [from, overlaps] = [numbers.getFloat64(0), numbers.getUint8(8)];
  const rowEnd = HEADER_BYTES + numbers.getUint32(9);
  switch (String.fromCharCode(bytes[GENERATION_BYTES] ?? 0)) {
    case "c": {
      const change = decodeChange(bytes.subarray(rowEnd + numbers.getUint32(13)));
      const isOverlapping = overlaps > 0;
      const logged = {
        position: of.position,
        ...(from >= 0 && { from }),
        ...(isOverlapping && { isOverlapping }),
        change,
      };
      return { ...of, change: logged, prefix: undefined };
    }
    case "p":
      return { ...of, change: undefined, prefix: decodedTextOf(bytes.subarray(HEADER_BYTES, rowEnd)) };
    case "k":
      return { ...of, change: undefined, prefix: undefined };
    default:
      throw new TypeError("This is no record of a log: its kind is unknown");
  }
}
