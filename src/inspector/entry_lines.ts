import type { ChangeCause } from "../change/change.ts";
import { addTo, cut, putLast, textOf } from "./bounded.ts";
import type { TraceFields } from "../trace/tracer.ts";
import type { EntryLine, EntryMark, EntryMarkKind } from "./inspection.ts";

/** How many entries are remembered. */
const MAX_ENTRIES = 64;
/** How many marks are remembered of each. */
const MAX_MARKS = 48;

/** What a change was. */
export type ChangeFacts = Pick<EntryMark, "by" | "write" | "row">;

type Mark = { -readonly [name in keyof EntryMark]: EntryMark[name] };

/** The marks after which there is no entry. */
const ENDS: readonly EntryMarkKind[] = ["refused", "dead", "dropped", "lost", "expired"];

/** The lives of entries. */
export class EntryLines {
  /** The entry that was used longest ago first. */
  readonly #lines = new Map<string, Mark[]>();

  /** Something happened to the entry under a key. */
  add(key: string, kind: EntryMarkKind, at: number, facts: ChangeFacts = {}): void {
    addTo(this.#lineOf(cut(key)), { kind, at, times: 1, ...facts }, MAX_MARKS);
  }

  /** The entry answered a read. Reads in a row are counted. */
  served(key: string, at: number): void {
    const last = this.#lineOf(cut(key)).at(-1);
    if (last?.kind !== "served") return this.add(key, "served", at);
    last.until = at;
    last.times++;
  }

  /** A read that began at a time found no entry, or one too old: it went before what the read has stored meanwhile. */
  missed(key: string, kind: "expired" | "lost", at: number): void {
    const line = this.#lineOf(cut(key));
    const filled = line.findLastIndex((mark) => mark.kind === "filled" && mark.at >= at);
    const before = filled === -1 ? line.length : filled;
    if (isThere(line[before - 1])) line.splice(before, 0, { kind, at, times: 1 });
    if (line.length > MAX_MARKS) line.shift();
  }

  /** All entries under a prefix were dropped. */
  dropped(prefix: string, at: number, facts: ChangeFacts): void {
    for (const [key, line] of [...this.#lines]) {
      if (key.startsWith(prefix) && isThere(line.at(-1))) this.add(key, "dropped", at, facts);
    }
  }

  /** The entry that was used last first. */
  list(): readonly EntryLine[] {
    return [...this.#lines].reverse().map(([key, marks]) => ({ key, marks: marks.map((mark) => ({ ...mark })) }));
  }

  #lineOf(key: string): Mark[] {
    const line = this.#lines.get(key) ?? [];
    putLast(this.#lines, key, line, MAX_ENTRIES);
    return line;
  }
}

/** What the facts of a trace say of a change. */
export function changeFacts({ cause, write, id }: TraceFields): ChangeFacts {
  // What the core traces as the cause is one.
  return { by: cause as ChangeCause | undefined, write: textOf(write), row: textOf(id) };
}

/** Whether there is an entry after a mark. */
function isThere(last: Mark | undefined): boolean {
  return last !== undefined && !ENDS.includes(last.kind);
}
