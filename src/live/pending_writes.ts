import type { ShownWrite } from "../change/row_states.ts";
import { keepsPlace, type View } from "../change/view.ts";
import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { PendingOp } from "./shown_writes.ts";

/** A write that is accepted and not settled, as it is shown. */
export interface PendingWrite {
  readonly write: PendingOp;
  readonly shown: ShownWrite;
  /** From which place on reads say whether it was applied, if an attempt may have been. */
  readonly doubtedAt?: number | undefined;
  /** The place where it was recorded, if it is held above an earlier one. */
  readonly recordedAt?: number | undefined;
}

interface Kept extends PendingWrite {
  readonly number: number;
}

/** The patches that name the same columns. */
interface Patches {
  readonly columns: readonly string[];
  readonly writes: Map<string, Kept>;
}

/**
 * The writes that are pending, such that those that concern a view are found: in the order in which they are sent, which is
 * that of their positions. One without a position comes after all that are there when it is accepted.
 */
export class PendingWrites {
  /** By the id of the write. */
  readonly #all = new Map<string, Kept>();
  /** By the id of the row, in order. */
  readonly #ofRow = new Map<string, Map<string, Kept>>();
  /** Those of all rows of a set, in order. */
  readonly #clears = new Map<string, Kept>();
  /** Those that may concern any list: of a row that it need not have yet. */
  readonly #general = new Map<string, Kept>();
  /** By the names of the columns. */
  readonly #patches = new Map<string, Patches>();
  /** Those that are recorded, and held above earlier ones. */
  readonly #held = new Map<string, Kept>();
  #last = 0;
  /** The last position of any. */
  #lastPosition = -Infinity;

  /** How many there are. */
  get size(): number {
    return this.#all.size;
  }

  /** The write with this id. */
  get(id: string): PendingWrite | undefined {
    return this.#all.get(id);
  }

  /** Those that are recorded, and held above earlier ones, in order. */
  get held(): readonly PendingWrite[] {
    return this.#held.size < 2 ? [...this.#held.values()] : inOrder(this.#held.values());
  }

  /** Whether an earlier write of the same row, or of all rows, is there. */
  isBehind(id: string): boolean {
    const kept = this.#all.get(id);
    if (kept === undefined) return false;
    const { shown: { op }, number } = kept;
    const ofRow = op.kind === "deleteAll" ? this.#all : this.#ofRow.get(op.id);
    return [ofRow, this.#clears].some((writes) => (firstOf(writes)?.number ?? number) < number);
  }

  /** The writes to one row, in order. */
  ofRow(id: string): readonly PendingWrite[] {
    return [...this.#ofRow.get(id)?.values() ?? []];
  }

  /**
   * Adds a write, and returns whether it comes after all others; one that another process has accepted is found when later
   * ones may have been shown.
   */
  add(pending: PendingWrite): boolean {
    const later = this.#after(pending.write.position ?? Infinity);
    for (const { write } of later) this.delete(write.id);
    for (const each of [pending, ...later]) this.set(each);
    return later.length === 0;
  }

  /** The first write with a later position, and all that come after it. */
  #after(position: number): readonly Kept[] {
    if (position > this.#lastPosition) {
      if (position < Infinity) this.#lastPosition = position;
      return [];
    }
    const all = [...this.#all.values()];
    const first = all.findIndex(({ write }) => write.position !== undefined && write.position > position);
    return first < 0 ? [] : all.slice(first);
  }

  /** Puts a newer state in the place of a write, or adds one. */
  set(pending: PendingWrite): void {
    const { write: { id }, shown } = pending;
    const before = this.#all.get(id);
    const kept: Kept = { ...pending, number: before?.number ?? ++this.#last };
    if (before !== undefined) this.#unlink(before, kept);
    // One that is there keeps its place.
    this.#all.set(id, kept);
    if (kept.recordedAt !== undefined) this.#held.set(id, kept);
    if (shown.op.kind === "deleteAll") return void this.#clears.set(id, kept);
    if (isGeneral(shown)) this.#general.set(id, kept);
    const ofRow = this.#ofRow.get(shown.op.id) ?? new Map<string, Kept>();
    this.#ofRow.set(shown.op.id, ofRow.set(id, kept));
    // The row may have writes under the id that it has now.
    if (before !== undefined && rowOf(before) !== shown.op.id) sort(ofRow);
    if (shown.op.kind === "patch") this.#patchesOf(shown.op.partial).writes.set(id, kept);
  }

  /** Removes a write. */
  delete(id: string): void {
    const kept = this.#all.get(id);
    if (kept === undefined) return;
    this.#all.delete(id);
    this.#unlink(kept, undefined);
  }

  /** A write that a newer state of it follows keeps its place in the order. */
  #unlink(kept: Kept, next: Kept | undefined): void {
    const { write: { id }, shown: { op } } = kept;
    if (next === undefined) this.#clears.delete(id);
    this.#general.delete(id);
    this.#held.delete(id);
    if (op.kind === "deleteAll") return;
    const ofRow = next !== undefined && rowOf(next) === op.id ? undefined : this.#ofRow.get(op.id);
    ofRow?.delete(id);
    if (ofRow?.size === 0) this.#ofRow.delete(op.id);
    if (op.kind !== "patch") return;
    const { writes } = this.#patchesOf(op.partial);
    writes.delete(id);
    if (writes.size === 0) this.#patches.delete(keyOf(op.partial));
  }

  #patchesOf(partial: Row): Patches {
    const key = keyOf(partial);
    const patches = this.#patches.get(key) ?? { columns: Object.keys(partial), writes: new Map() };
    this.#patches.set(key, patches);
    return patches;
  }

  /** Whether a write that comes after all others can be shown without looking at them, where these rows were listed. */
  comesOnTop(rows: Rows, { shown: { op } }: PendingWrite): boolean {
    return op.kind !== "deleteAll" && (rows.has(op.id) || this.#ofRow.get(op.id)?.size === 1);
  }

  /** Whether such a write may change what a list shows. */
  concerns(view: View, rows: Rows, { shown }: PendingWrite): boolean {
    const { op } = shown;
    if (isGeneral(shown) || op.kind === "deleteAll" || rows.has(op.id)) return true;
    return op.kind === "patch" && !keepsPlace(view, Object.keys(op.partial));
  }

  /** The writes that may change what a view shows of these rows, in order. */
  concerning(view: View, rows: Rows): ShownWrite[] {
    const isOfAll = view.isCount || (view.id === undefined && this.#ofRow.size <= rows.size);
    const found = isOfAll ? [...this.#all.values()] : this.#some(view, rows);
    return found.map(({ shown }) => shown);
  }

  #some(view: View, rows: Rows): Kept[] {
    const found = new Set(this.#clears.values());
    const add = (id: string): void => this.#ofRow.get(id)?.forEach((kept) => found.add(kept));
    const addRowOf = ({ shown: { op } }: Kept): void => void ("id" in op && add(op.id));
    for (const id of view.id === undefined ? rows.keys() : [view.id]) add(id);
    if (view.id === undefined) {
      this.#general.forEach(addRowOf);
      for (const { columns, writes } of this.#patches.values()) {
        if (!keepsPlace(view, columns)) writes.forEach(addRowOf);
      }
    }
    return inOrder(found);
  }
}

function inOrder(writes: Iterable<Kept>): Kept[] {
  return [...writes].sort((one, other) => one.number - other.number);
}

function sort(writes: Map<string, Kept>): void {
  for (const kept of inOrder(writes.values())) {
    writes.delete(kept.write.id);
    writes.set(kept.write.id, kept);
  }
}

function firstOf(writes: ReadonlyMap<string, Kept> | undefined): Kept | undefined {
  return writes?.values().next().value;
}

function rowOf({ shown: { op } }: Kept): string | undefined {
  return "id" in op ? op.id : undefined;
}

function keyOf(partial: Row): string {
  return JSON.stringify(Object.keys(partial).sort());
}

/** A patch of a row that a view lacks concerns it only if it may bring the row in, and a deletion never. */
function isGeneral({ op, ...shown }: ShownWrite): boolean {
  return op.kind !== "delete" && (op.kind !== "patch" || ("answer" in shown && shown.answer !== undefined));
}
