import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import {
  isClear,
  type Knowledge,
  rowAfter,
  RowStates,
  type ShownClear,
  type ShownRowWrite,
  type ShownWrite,
} from "./row_states.ts";
import { ShownList } from "./shown_list.ts";
import { keepsPlace, sameOrder, type View } from "./view.ts";

/** What is known of a view and its rows. */
export interface OverlayKnowledge extends Knowledge {
  /** Whether all rows of the view are in the set that a write deletes. */
  readonly covers: (write: ShownClear) => boolean;
}

/** Rows with writes on top. */
export interface Overlaid {
  readonly rows: Rows;
  /** The ids of the rows that are shown with a write that the master has not confirmed. */
  readonly unconfirmed: ReadonlySet<string>;
}

/**
 * Replays writes onto the rows of a view, in order, without the master. Rows that no write concerns are the same objects;
 * if none does, so are the `rows`.
 *
 * The conditions and the order are those of this module: where the master evaluates them in the same way
 * (`capabilities.exact`), the result is what the master would answer after these writes, but for rows with equal places in
 * the order, and rows that cross the borders of a page:
 *
 * - An inserted row stands where the order puts it; without an order, and among equals, at the end. If its id exists, the
 *   row that is there stays.
 * - A replaced row of which nothing is known counts as inserted.
 * - A patched row leaves the view if it matched and does not any more, moves where the order puts it, and enters the view
 *   if its state is known and it matches now. Without a known state it is not shown.
 * - On a page, a row is inserted before one of its rows, or at the end of the set. Before the first row of a later page, or
 *   after the last row of a full page, it belongs to another page. What exceeds the page is shown once there is room again;
 *   rows of other pages do not move up.
 */
export function overlayRows(
  view: View,
  rows: Rows,
  writes: Iterable<ShownWrite>,
  knowledge: OverlayKnowledge,
): Overlaid {
  return new RowsOverlay(view, rows, knowledge).add(writes);
}

/** The same, such that writes can be added that come after all others. */
export class RowsOverlay {
  readonly #view: View;
  readonly #knowledge: OverlayKnowledge;
  readonly #list: ShownList;
  readonly #states: RowStates;
  readonly #unconfirmed = new Set<string>();

  constructor(view: View, rows: Rows, knowledge: OverlayKnowledge) {
    this.#view = view;
    this.#knowledge = knowledge;
    this.#list = new ShownList(view, rows);
    this.#states = new RowStates(knowledge);
  }

  /** Replays more writes on top. */
  add(writes: Iterable<ShownWrite>): Overlaid {
    const [view, list, states, knowledge] = [this.#view, this.#list, this.#states, this.#knowledge];
    for (const write of writes) {
      const id = isClear(write) ? clear(list, states, write, knowledge) : apply(view, list, states, write, knowledge);
      if (id !== undefined && !write.isConfirmed) this.#unconfirmed.add(id);
    }
    for (const id of this.#unconfirmed) if (!list.has(id)) this.#unconfirmed.delete(id);
    return { rows: list.rows(), unconfirmed: list.shown(this.#unconfirmed) };
  }
}

/**
 * Replays writes onto the number of rows of a set, as far as their effect on it is known: a row whose state is not known
 * counts as new when it is inserted or replaced, and does not count when it is patched or deleted.
 */
export function overlayCount(
  view: View,
  count: number,
  writes: Iterable<ShownWrite>,
  knowledge: OverlayKnowledge,
): number {
  const states = new RowStates(knowledge);
  const counts = (row: Row | undefined): number => Number(row !== undefined && view.matches(row) === true);
  let counted = count;
  for (const write of writes) {
    if (isClear(write)) {
      if (knowledge.covers(write)) counted = 0;
      states.clear(write.isIn);
      continue;
    }
    const { id, kind } = write.op;
    const before = states.get(id);
    if (before === undefined && (kind === "patch" || kind === "delete")) continue;
    const after = rowAfter(write, before, knowledge);
    states.set(id, after);
    counted += counts(after) - counts(before);
  }
  return Math.max(0, counted);
}

function clear(list: ShownList, states: RowStates, write: ShownClear, { covers }: OverlayKnowledge): undefined {
  list.deleteAll(covers(write) ? () => true : write.isIn);
  states.clear(write.isIn);
}

/** Replays a write to one row; returns its id if the write has an effect on it. */
function apply(
  view: View,
  list: ShownList,
  states: RowStates,
  write: ShownRowWrite,
  knowledge: OverlayKnowledge,
): string | undefined {
  const { id } = write.op;
  if (view.id !== undefined && view.id !== id) return undefined;
  const held = list.get(id);
  if (held === undefined && !mayEnter(view, write)) return void states.pass(write);
  const before = held ?? states.get(id);
  const after = rowAfter(write, before, knowledge);
  const isInsert = write.op.kind === "insert";
  if (after === before && (held !== undefined || !isInsert)) return undefined;
  states.set(id, after);
  if (held === undefined && after !== undefined && enters(view, write, before, after)) {
    list.insert(id, after, isInsert);
  }
  if (held !== undefined && after !== undefined) list.update(id, held, after);
  if (held !== undefined && after === undefined) list.delete(id);
  return id;
}

/** Whether a write may bring a row into a view that lacks it. */
function mayEnter(view: View, { op, answer }: ShownRowWrite): boolean {
  if (op.kind === "delete") return false;
  return op.kind !== "patch" || answer !== undefined || !keepsPlace(view, Object.keys(op.partial));
}

/**
 * Whether a row that the view lacks belongs to it now. It may have belonged to it before: what is known of it may be newer
 * than the rows, which lack it then, or it is on another page; or it was in the view when it was patched, and has been
 * deleted since.
 */
function enters(view: View, { op, answer }: ShownRowWrite, before: Row | undefined, after: Row): boolean {
  if (view.matches(after) !== true) return false;
  const wasPatchedIn = op.kind === "patch" && answer?.over !== undefined && view.matches(answer.over) === true;
  if (op.kind === "insert" || (view.page === undefined && !wasPatchedIn)) return true;
  if (view.page === undefined) return false;
  // Nothing is known of it but what the patch names: where that decides no place, it is most likely on another page as before.
  if (before === undefined) return op.kind !== "patch" || !keepsPlace(view, Object.keys(op.partial));
  return view.matches(before) === false || !sameOrder(view, before, after);
}
