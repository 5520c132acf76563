import { EMPTY_SET, frozenSet } from "../base/frozen_set.ts";
import { overlayCount, type OverlayKnowledge, overlayRows } from "../change/overlay_rows.ts";
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

  /** The rows with writes on top, or the count; `known` is what is known of rows that these lack. */
  over(
    shown: Shown,
    rows: Rows,
    writes: readonly ShownWrite[],
    known: (id: string) => Row | undefined,
  ): ShownRows {
    if (writes.length === 0) return { rows, pending: EMPTY_SET };
    const view = this.viewOf(shown);
    const covers: OverlayKnowledge["covers"] = ({ within }) => isPartOf(shown.within, within);
    const knowledge = { known, sameRows: view.sameRows, versions: this.#versions, covers };
    if (view.isCount) {
      const [before, after] = [countIn(rows), overlayCount(view, countIn(rows), writes, knowledge)];
      return { rows: before === after ? rows : countRows(after), pending: EMPTY_SET };
    }
    const { rows: overlaid, unconfirmed } = overlayRows(view, rows, writes, knowledge);
    return { rows: overlaid, pending: unconfirmed.size === 0 ? EMPTY_SET : frozenSet(unconfirmed) };
  }
}

/** Whether all rows of a set are for certain in another one. */
function isPartOf(set: Query, other: Query): boolean {
  const conditions = new Set((set.where ?? []).map(canonicalCondition));
  return (other.where ?? []).every((condition) => conditions.has(canonicalCondition(condition))) &&
    (!other.search || other.search === set.search);
}
