import { decodeChange } from "../../cache/change_codec.ts";
import type { LoggedChange } from "../../change/logged_change.ts";
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

/**
 * The record in an answer.
 *
 * @throws {TypeError} or any error of the decoder, if it is none.
 */
export function recordIn(answer: unknown): RedisRecord {
  const [id, fields] = listOf(answer);
  const [, generation, kind, second, , , , from, , overlaps, , body] = listOf(fields);
  const position = positionIn(id);
  const of = { position, generation: textOf(generation) };
  switch (textOf(kind)) {
    case "r":
      return { ...of, change: changeIn(position, { from, overlaps, body }), prefix: undefined };
    case "p":
      return { ...of, change: undefined, prefix: decodedTextOf(second) };
    case "k":
      return { ...of, change: undefined, prefix: undefined };
    default:
      throw new TypeError("This is no record of a log");
  }
}

function positionIn(id: unknown): number {
  return Number.parseInt(textOf(id));
}

function changeIn(
  position: number,
  { from, overlaps, body }: { readonly from: unknown; readonly overlaps: unknown; readonly body: unknown },
): LoggedChange {
  const place = textOf(from);
  return {
    position,
    ...(place !== "" && { from: Number(place) }),
    ...(textOf(overlaps) !== "" && { isOverlapping: true }),
    change: decodeChange(bytesOf(body)),
  };
}
