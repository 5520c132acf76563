import type { CachedRows, Fence } from "../cache/cache.ts";
import { type LastKnown, lastKnown } from "../change/last_known.ts";
import { fillHoles, replay, type Replayed } from "../change/replay.ts";
import type { RowVersions } from "../change/row_versions.ts";
import { type View, viewOf } from "../change/view.ts";
import type { Row } from "../table/row.ts";
import type { Rows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { EntryHistory, ReplayedChange } from "./entry_history.ts";
import { holesReader } from "./holes.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Trace } from "../trace/tracer.ts";
import { changeFields } from "./change_fields.ts";
import type { Counters } from "./live_stats.ts";
import type { Master } from "./master.ts";
import type { ReadRequest } from "./read_request.ts";

/** An entry that is behind the log, with the changes replayed onto it. */
export interface CaughtUp {
  readonly held: CachedRows;
  readonly replayed: Replayed;
  /** The position that the changes lead to. */
  readonly fence: Fence;
}

/** What {@linkcode CatchUp} works with. */
export interface CatchUpOptions {
  readonly master: Master;
  readonly versions: RowVersions | undefined;
  readonly invalidation: Invalidation;
  readonly history: EntryHistory;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Brings entries up to date by the changes that were logged since they were read. */
export class CatchUp {
  readonly #options: CatchUpOptions;
  #readsHoles = true;
  readonly #views = new WeakMap<ReadRequest, View>();

  constructor(options: CatchUpOptions) {
    this.#options = options;
  }

  /** Replays what was logged since an entry was read; `undefined` if nothing was, or the cache does not say what. */
  replay(request: ReadRequest, held: CachedRows): CaughtUp | undefined {
    const { since, rows, until, intentsDueAt } = held;
    if (since === undefined || until === undefined) return undefined;
    const behind = { rows, until, changes: since.changes, isWriting: intentsDueAt !== undefined };
    return { held, replayed: replay(this.#viewOf(request), behind, this.#options.versions), fence: since.fence };
  }

  /** The rows of an entry as they were last known; `undefined` if what a write has made of them is unknown. */
  lastKnown(request: ReadRequest, held: CachedRows): LastKnown | undefined {
    const { since, rows, until, intentsDueAt } = held;
    if (since === undefined || until === undefined) return { rows, hasAllWrites: true, isOutdated: () => false };
    const view = this.#viewOf(request);
    const { versions } = this.#options;
    const behind = { rows, until, changes: since.changes, isWriting: intentsDueAt !== undefined };
    const replayed = replay(view, behind, versions);
    if (!replayed.isDead) return lastKnown(view, behind, replayed, versions);
    const changes = since.changes.slice(0, replayed.effects.length - 1);
    return lastKnown(view, behind, replay(view, { ...behind, changes }, versions), versions);
  }

  /** Whether a row is in the set of a request; `undefined` if only the master knows. */
  isIn(request: ReadRequest, row: Row): boolean | undefined {
    return this.#viewOf(request).matches(row);
  }

  /** Counts and remembers what the changes did to an entry that has taken them, and whose holes are filled. */
  succeeded(request: ReadRequest, behind: CaughtUp): void {
    const { counters, history, invalidation } = this.#options;
    for (const taken of history.add(request, behind, invalidation.generation)) {
      if (taken.effect === "in place") counters.rowsInPlace++;
      if (taken.effect !== "nothing") this.#report(request, taken);
    }
  }

  /** Counts an entry that was read again as a whole, since changes made it dead, or its holes could not be read alone. */
  failed(request: ReadRequest, { held, replayed: { effects } }: CaughtUp): void {
    const last = Math.max(effects.lastIndexOf("dead"), effects.lastIndexOf("hole"));
    const change = held.since?.changes[last]?.change;
    this.#options.counters.deadEntries[change?.cause ?? "manual"]++;
    if (change !== undefined) this.#report(request, { change, effect: "dead" });
  }

  /** How the master is asked for the holes, if that is possible and costs less than to read all. */
  reader(request: ReadRequest, { replayed }: CaughtUp): ((options: CallOptions) => Promise<Rows>) | undefined {
    if (replayed.isDead || request.id !== undefined || request.isCount || !this.#readsHoles) return undefined;
    return holesReader(this.#options.master.within(request.within), replayed);
  }

  /** From now on holes are not read by themselves, since the master answers wrongly when asked for some rows. */
  giveUpHoles(): void {
    this.#readsHoles = false;
  }

  /** The rows with the holes filled; `undefined` if the order or the selection is unknown then. */
  fill(request: ReadRequest, { replayed }: CaughtUp, fetched: Rows): Rows | undefined {
    return fillHoles(this.#viewOf(request), replayed, fetched);
  }

  /** What a change did to an entry, once a read has found that out. */
  #report({ key }: ReadRequest, { change, effect }: ReplayedChange): void {
    const { trace } = this.#options;
    if (trace === undefined) return;
    const fields = { ...changeFields(change), effect, at: change.at };
    trace.event({ target: "vantage_live::change", level: "debug", name: "entry changed", key, fields });
  }

  #viewOf(request: ReadRequest): View {
    const known = this.#views.get(request);
    if (known !== undefined) return known;
    const { columns, capabilities: { exact, sameRows } } = this.#options.master.within(request.within);
    const view = viewOf(request.within, request, { columns, exact, sameRows });
    this.#views.set(request, view);
    return view;
  }
}

/** Whether nothing but the master can complete an entry. */
export function isIncomplete({ replayed: { isDead, holes, entering } }: CaughtUp): boolean {
  return isDead || holes.size > 0 || entering.size > 0;
}
