import type { EntryMark, EntryMarkKind } from "./inspection.ts";

/** A length of time. */
export function duration(ms: number): string {
  if (ms < 1) return "0 ms";
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  return `${Math.round(ms / 3_600_000)} h`;
}

/** A number of things: `1 write`, `2 writes`. */
export function count(number: number, one: string, several: string = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}

/** A time of the day. */
export function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString("en-GB");
}

const WHAT: { readonly [kind in EntryMarkKind]: string } = {
  filled: "filled with the master's rows",
  refused: "not stored: it had changed meanwhile, or the cache takes none",
  served: "served",
  "in place": "took a change without the master",
  hole: "one row was read again alone",
  dead: "read again as a whole",
  dropped: "dropped",
  expired: "had grown too old",
  lost: "gone: the cache had no room, or somebody else dropped it",
};

/** What happened to an entry, by what and by whom. */
export function markText({ kind, times, by, write, row }: EntryMark): string {
  const often = times > 1 ? ` ${times} times` : "";
  return `${WHAT[kind]}${often}${by === undefined ? "" : `: ${causeText({ by, write, row })}`}`;
}

function causeText({ by, write, row }: Pick<EntryMark, "by" | "write" | "row">): string {
  const what = row === undefined ? "" : ` of row ${row}`;
  switch (by) {
    case "write":
      return `write ${write ?? ""}${what}`;
    case "event":
      return `an event of the stream${what}`;
    case "gap":
      return "a gap in the stream";
    default:
      return "invalidate()";
  }
}
