import { EMPTY_SET, frozenSet } from "../base/frozen_set.ts";
import { overlayCount, type OverlayKnowledge, RowsOverlay } from "../change/overlay_rows.ts";
import type { ShownWrite } from "../change/row_states.ts";
import type { RowVersions } from "../change/row_versions.ts";
import type { View } from "../change/view.ts";
import { canonicalCondition } from "../table/canonical_query.ts";
import type { Query } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { Master } from "./master.ts";
import { countIn, countRows, type ReadRequest } from "./read_request.ts";
import { likelyView } from "./shown_writes.ts";

/** What rows are for: what a request reads, or a range of the rows of a set. */
export interface Shown extends Pick<ReadRequest, "within" | "id" | "isCount"> {
  readonly range?: { readonly skip: number; readonly limit: number } | undefined;
}

/** Rows with writes on top. */
export interface ShownRows {
  readonly rows: Rows;
  /** The ids of the rows that are shown with a write that the master has not confirmed. */
  readonly pending: ReadonlySet<string>;
}

/** Rows onto which more writes can be replayed, which come after all others. */
export interface Replaying {
  add(writes: readonly ShownWrite[]): ShownRows;
}

/** Replays writes over the rows of requests. */
export class WriteReplay {
  readonly #master: Master;
  readonly #versions: RowVersions | undefined;
  readonly #views = new WeakMap<Shown, View>();

  constructor(master: Master, versions: RowVersions | undefined) {
    this.#master = master;
    this.#versions = versions;
  }

  /** The view of a request, as this module evaluates it. */
  viewOf(shown: Shown): View {
    const known = this.#views.get(shown);
    if (known !== undefined) return known;
    const likely = likelyView(this.#master, shown.within, shown);
    const view = shown.range === undefined ? likely : { ...likely, page: shown.range };
    this.#views.set(shown, view);
    return view;
  }

  /**
   * Puts writes on top of rows, or, at once, of a count; `known` is what is known of rows that these lack.
   */
  over(shown: Shown, rows: Rows, known: (id: string) => Row | undefined): Replaying {
    const view = this.viewOf(shown);
    const covers: OverlayKnowledge["covers"] = ({ within }) => isPartOf(shown.within, within);
    const knowledge = { known, sameRows: view.sameRows, versions: this.#versions, covers };
    if (view.isCount) return { add: (writes) => counted(rows, overlayCount(view, countIn(rows), writes, knowledge)) };
    const overlay = new RowsOverlay(view, rows, knowledge);
    return {
      add: (writes) => {
        const { rows: overlaid, unconfirmed } = overlay.add(writes);
        return { rows: overlaid, pending: unconfirmed.size === 0 ? EMPTY_SET : frozenSet(unconfirmed) };
      },
    };
  }
}

function counted(rows: Rows, count: number): ShownRows {
  return { rows: countIn(rows) === count ? rows : countRows(count), pending: EMPTY_SET };
}

/** Whether all rows of a set are for certain in another one. */
function isPartOf(set: Query, other: Query): boolean {
  const conditions = new Set((set.where ?? []).map(canonicalCondition));
  return (other.where ?? []).every((condition) => conditions.has(canonicalCondition(condition))) &&
    (!other.search || other.search === set.search);
}
