import { type Row, sameColumns } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { LoggedChange } from "./logged_change.ts";
import { RowList } from "./row_list.ts";
import type { RowVersions } from "./row_versions.ts";
import { keepsPlace, type View } from "./view.ts";

/** An entry that is behind the log. */
export interface Behind {
  readonly rows: Rows;
  /** How far the log stood when the rows were stored. */
  readonly until: number;
  /** What was logged since they were read. */
  readonly changes: readonly LoggedChange[];
  /** Whether a write is in flight, so that the log may lack a deletion that the master has applied. */
  readonly isWriting?: boolean | undefined;
}

/**
 * What a change did to an entry: it was put in place; it made its row a hole, which only the master can fill; it made the
 * entry dead, to be read again as a whole; or it did nothing.
 */
export type Effect = "in place" | "hole" | "dead" | "nothing";

/** An entry that changes were replayed onto. */
export interface Replayed {
  /** The rows; in the holes, those from before. Meaningless if the entry is dead. */
  readonly rows: Rows;
  /** The ids of rows of the entry that only the master knows. */
  readonly holes: ReadonlySet<string>;
  /** Those of them that were deleted: if one is there all the same, it was inserted again, maybe in another place. */
  readonly deleted: ReadonlySet<string>;
  /** The ids of rows outside the entry that may belong to it now. */
  readonly entering: ReadonlySet<string>;
  /** What each change did. The last one is that which made the entry dead, if one did. */
  readonly effects: readonly Effect[];
  readonly isDead: boolean;
}

/**
 * Replays changes onto an entry, without the master. What it puts in place is at least as new as each change, in a
 * selection and order that no change has ended; what is not certain is a hole, or makes the entry dead.
 */
export function replay(view: View, behind: Behind, versions: RowVersions | undefined): Replayed {
  return new Replay(view, behind, versions).run();
}

/**
 * Fills the holes with what the master returned for them in the view's set; `undefined` if that leaves the order, or the
 * selection of a page, unknown.
 */
export function fillHoles(view: View, { rows, holes, deleted, entering }: Replayed, fetched: Rows): Rows | undefined {
  const list = new RowList(view, rows);
  const moved = new Map<string, Row>();
  for (const id of holes) {
    const row = fetched.get(id);
    if (row === undefined ? list.remove(id) : !deleted.has(id) && list.replace(id, row, true, false)) continue;
    // It has left a page, or the order puts it elsewhere: then it is inserted once all other rows are known.
    if (row === undefined || view.page !== undefined) return undefined;
    list.remove(id);
    moved.set(id, row);
  }
  for (const id of entering) {
    const row = fetched.get(id);
    if (row !== undefined) moved.set(id, row);
  }
  for (const [id, row] of moved) if (!list.insert(id, row)) return undefined;
  return list.rows();
}

type RowChange = Exclude<LoggedChange["change"], { readonly kind: "changed" }>;

class Replay {
  readonly #view: View;
  readonly #behind: Behind;
  readonly #versions: RowVersions | undefined;
  readonly #list: RowList;
  readonly #holes = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #entering = new Set<string>();

  constructor(view: View, behind: Behind, versions: RowVersions | undefined) {
    this.#view = view;
    this.#behind = behind;
    this.#versions = versions;
    this.#list = new RowList(view, behind.rows);
  }

  run(): Replayed {
    const effects: Effect[] = [];
    for (const logged of this.#behind.changes) {
      const effect = this.#apply(logged);
      effects.push(effect);
      if (effect === "dead") break;
    }
    const isDead = effects.at(-1) === "dead";
    return {
      rows: this.#list.rows(),
      holes: this.#holes,
      deleted: this.#deleted,
      entering: this.#entering,
      effects,
      isDead,
    };
  }

  #apply({ change, from }: LoggedChange): Effect {
    if (change.kind === "changed") return "dead";
    const { id, isCount } = this.#view;
    if (isCount) return change.kind === "updated" && keepsPlace(this.#view, change.columns) ? "nothing" : "dead";
    if (id !== undefined && change.id !== id) return "nothing";
    // Rows that were stored after the write was sent may have been read after it, or after a later one.
    const isTrusted = from !== undefined && this.#behind.until <= from;
    if (change.kind === "deleted") return this.#delete(change.id, isTrusted);
    const held = this.#list.get(change.id);
    if (held === undefined) return this.#outside(change, isTrusted);
    const isHole = this.#holes.has(change.id);
    // It was deleted in between, as far as is known, and may be in another place now.
    const mayBeBack = isHole || !isTrusted || (change.cause === "event" && this.#behind.isWriting === true);
    if (change.kind === "inserted" && id === undefined && mayBeBack) return "dead";
    return this.#inside(change, held, isTrusted, isHole);
  }

  #delete(id: string, isTrusted: boolean): Effect {
    const { page, id: only } = this.#view;
    // From a page before this one, it moves all rows of this one. That a row is missing is not kept.
    if (page !== undefined || only !== undefined) return "dead";
    if (!isTrusted) {
      if (!this.#list.has(id)) return "nothing";
      this.#deleted.add(id);
      return this.#hole(id);
    }
    const wasEntering = this.#entering.delete(id);
    if (!this.#list.has(id)) return wasEntering ? "in place" : "nothing";
    this.#holes.delete(id);
    this.#list.remove(id);
    return "in place";
  }

  /** A change of a row that the entry has. */
  #inside({ id, row: given }: RowChange, held: Row, isTrusted: boolean, isHole: boolean): Effect {
    const row = given !== undefined && (this.#view.sameRows || sameColumns(given, held)) ? given : undefined;
    const version = row === undefined || isHole ? undefined : this.#versions?.compare(row, held);
    if (version === "older") return "nothing";
    if (row === undefined || this.#deleted.has(id) || !(isTrusted || version === "newer")) return this.#hole(id);
    this.#holes.delete(id);
    const mayMove = this.#holes.size === 0;
    return this.#list.replace(id, row, this.#view.matches(row), mayMove) ? "in place" : "dead";
  }

  /** A change of a row that the entry does not have. */
  #outside({ id, row: given, kind, columns }: RowChange, isTrusted: boolean): Effect {
    const { page, isNarrowed, matches, sameRows } = this.#view;
    const row = sameRows ? given : undefined;
    if (kind === "updated") {
      // A list of all rows that lacks one has missed its insertion.
      if (page === undefined && !isNarrowed) return "dead";
      if (keepsPlace(this.#view, columns)) return "nothing";
      // It may have been on a page before this one.
      if (page !== undefined) return "dead";
    }
    // What counts as inserted may have replaced a row of an earlier page.
    if (page !== undefined && page.skip > 0) return "dead";
    const isMember = row !== undefined && isTrusted ? matches(row) : undefined;
    if (row !== undefined && isMember !== undefined) {
      const wasEntering = this.#entering.delete(id);
      if (!isMember) return wasEntering ? "in place" : "nothing";
      return this.#holes.size === 0 && this.#list.insert(id, row) ? "in place" : "dead";
    }
    if (page !== undefined || !isNarrowed) return "dead";
    this.#entering.add(id);
    return "hole";
  }

  #hole(id: string): Effect {
    this.#holes.add(id);
    return "hole";
  }
}
