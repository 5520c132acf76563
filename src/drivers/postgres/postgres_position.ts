import { type Lsn, lsnOf } from "./postgres_lsn.ts";

/** The place in a position that was stored, if it is one of this history. */
export function positionIn(position: string | undefined, history: string): Lsn | undefined {
  const [, ofHistory, place] = /^(\S+) ([0-9A-F]{1,8}\/[0-9A-F]{1,8})$/.exec(position ?? "") ?? [];
  return place !== undefined && ofHistory === history ? lsnOf(place) : undefined;
}
