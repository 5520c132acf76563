import type { Clock } from "../base/clock.ts";
import { EMPTY_SET } from "../base/frozen_set.ts";
import { type ShownWrite, writesNotIn } from "../change/row_states.ts";
import type { RowVersions } from "../change/row_versions.ts";
import type { RowIds } from "../queue/row_ids.ts";
import type { WriteAnswer } from "../queue/write_op.ts";
import type { Row } from "../table/row.ts";
import { Rows, shareRows } from "../table/rows.ts";
import type { Master } from "./master.ts";
import { type PendingWrite, PendingWrites } from "./pending_writes.ts";
import { type Reading, type RecordedWrite, RecordedWrites } from "./recorded_writes.ts";
import { type PendingOp, ShownWrites } from "./shown_writes.ts";
import { type Replaying, type Shown, type ShownRows, WriteReplay } from "./write_replay.ts";

/** What the queue reports of each write. */
export interface OverlayHooks {
  /** It is accepted: from now on it is shown. */
  accepted(write: PendingOp): void;
  /** What is known of a row at once, without the writes that are pending. */
  known(rowId: string): Row | undefined;
  /**
   * The master has confirmed it; its change is about to be recorded. `answer` is left out if the master may show another row;
   * `over` is what was known of the row when the write was sent.
   */
  answered(id: string, answer: WriteAnswer, over?: Row): void;
  /** Its change is recorded: reads that begin from now on have it. */
  recorded(id: string): void;
  /** An attempt may have been applied, which is recorded: if there is no other attempt, reads that begin from now on decide. */
  doubted(id: string): void;
  /** It will not be sent any more from here, and is not shown any more, unless it may have been applied. */
  failed(id: string, mayBeApplied: boolean): void;
}

/** Is called when other writes are pending. `recorded` are those that are not any more. */
export type OverlayListener = (recorded: readonly RecordedWrite[]) => void;

/** How many recorded writes are held above earlier ones. Beyond that, the first of them may be missing. */
const MAX_HELD = 1_000;

/** What an {@linkcode Overlay} works with. */
export interface OverlayOptions {
  readonly master: Master;
  /** The ids that the master has given to rows. */
  readonly rowIds: RowIds;
  /** The newest state of a row that is known at once. */
  readonly rowNow: (id: string) => Row | undefined;
  /** Another number whenever that may be another one for a row; `NaN` while it may at any time. */
  readonly knowledge: () => number;
  readonly versions: RowVersions | undefined;
  readonly masterLagMs: number;
  readonly clock: Clock;
}

/** What was shown last for a request. It holds as long as the same is known; writes that are accepted come on top. */
interface Memo {
  readonly rows: Rows;
  readonly revision: number;
  readonly known: ReadonlyMap<string, Row | undefined>;
  readonly replaying: Replaying;
  knowledge: number;
  /** How many of the writes that were accepted since the revision are in it. */
  accepted: number;
  shown: ShownRows;
}

/**
 * The writes that are accepted and not settled, replayed over all that is served. They are never applied to rows that are
 * kept, so a refused write leaves nothing behind, and takes nothing away that came meanwhile.
 *
 * A write is pending until its change is recorded, and shown on top of every answer. From then on every read that begins has
 * it; for those that began before, and while the master lags, it is among the {@linkcode RecordedWrites}.
 *
 * Where several processes send, a write may be recorded while an earlier one of its row is pending, of which it is not known
 * here yet what became. Then it is held: shown above that one until that has settled.
 */
export class Overlay implements OverlayHooks {
  /** Whether answers are shown as they are: nothing is pending, and the master has what is recorded. */
  isIdle = true;
  readonly #options: OverlayOptions;
  readonly #writes: ShownWrites;
  readonly #replay: WriteReplay;
  readonly #pending = new PendingWrites();
  readonly #recorded: RecordedWrites;
  readonly #listeners = new Set<OverlayListener>();
  readonly #memos = new WeakMap<Shown, Memo>();
  readonly #noRows = Rows.from([]);
  /** Changes with all but the writes that are accepted, which come after all others. */
  #revision = 0;
  /** Those that were accepted since. */
  #accepted: PendingWrite[] = [];

  constructor(options: OverlayOptions) {
    this.#options = options;
    this.#writes = new ShownWrites(options.master, options.rowIds);
    this.#replay = new WriteReplay(options.master, options.versions);
    this.#recorded = new RecordedWrites(options);
  }

  /** How many writes have been recorded. */
  get place(): number {
    return this.#recorded.place;
  }

  /** Whether a read that begins now may lack writes that are recorded. */
  get lags(): boolean {
    return this.#recorded.lag;
  }

  /** Calls `listener` after each change of what is pending. */
  onChange(listener: OverlayListener): void {
    this.#listeners.add(listener);
  }

  accepted(write: PendingOp): void {
    if (this.#pending.get(write.id) !== undefined) return;
    const pending = { write, shown: this.#writes.of(write) };
    if (!this.#pending.add(pending)) return this.#changed([]);
    this.#accepted.push(pending);
    this.#announce([]);
  }

  known(rowId: string): Row | undefined {
    return this.#options.rowNow(rowId);
  }

  answered(id: string, answer: WriteAnswer, over?: Row): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    const shown = this.#writes.confirmed(pending.write, answer, over);
    const before = "id" in shown.op ? { before: { row: this.known(shown.op.id) } } : {};
    this.#pending.set({ ...pending, shown: { ...shown, ...before } });
    if (typeof answer === "string") this.#follow(pending.write.rowId);
    this.#changed([]);
  }

  recorded(id: string): void {
    const place = this.#recorded.next();
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.recordedAt !== undefined) return;
    const recorded = { ...pending, shown: { ...pending.shown, isConfirmed: true } };
    if (!this.#pending.isBehind(id)) return this.#settle(recorded, place);
    this.#pending.set({ ...recorded, recordedAt: place });
    const [oldest, ...others] = this.#pending.held;
    if (oldest !== undefined && others.length >= MAX_HELD) this.#settle(oldest, oldest.recordedAt);
    else this.#changed([]);
  }

  doubted(id: string): void {
    const doubtedAt = this.#recorded.next();
    const pending = this.#pending.get(id);
    if (pending !== undefined && pending.recordedAt === undefined) this.#pending.set({ ...pending, doubtedAt });
  }

  failed(id: string, mayBeApplied: boolean): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || pending.recordedAt !== undefined) return;
    this.#settle(pending, mayBeApplied ? pending.doubtedAt : undefined);
  }

  /** A read begins, in whose answer writes may be missing. It must be ended. */
  begin(): Reading {
    return this.#recorded.begin();
  }

  /** The answer of a read was used, or will not be. */
  end(reading: Reading): void {
    this.#recorded.end(reading);
    if (!this.isIdle) this.#rest();
  }

  /** The answer of a read, with the writes that were recorded meanwhile, or that the master lags behind. */
  complete(shown: Shown, rows: Rows, reading: Reading): Rows {
    const missing = writesNotIn(rows, this.#recorded.missingIn(reading));
    if (missing.length === 0) return rows;
    reading.isInDoubt ||= missing.some((write) => !isKnown(write));
    return this.#onTop(shown, rows, missing);
  }

  /** The same rows with more writes that were recorded. */
  add(shown: Shown, rows: Rows, recorded: readonly RecordedWrite[]): Rows {
    return this.#onTop(shown, rows, recorded.map(({ write }) => write));
  }

  /**
   * Rows with the pending writes on top: the same object, if these do not change them. What is shown to several readers is to
   * be shared.
   */
  show(shown: Shown, rows: Rows): ShownRows {
    if (this.#pending.size === 0) return { rows, pending: EMPTY_SET };
    const memo = this.#memos.get(shown);
    if (memo?.rows === rows && memo.revision === this.#revision && this.#isKnown(memo) && this.#extend(memo, shown)) {
      return memo.shown;
    }
    const knowledge = this.#options.knowledge();
    const known = new Map<string, Row | undefined>();
    const remember = (id: string): Row | undefined => {
      const row = this.known(id);
      known.set(id, row);
      return row;
    };
    const writes = this.#pending.concerning(this.#replay.viewOf(shown), rows);
    const replaying = this.#replay.over(shown, rows, this.#before(writes, remember));
    const pending = writes.length === 0 ? { rows, pending: EMPTY_SET } : replaying.add(writes);
    const [revision, accepted] = [this.#revision, this.#accepted.length];
    this.#memos.set(shown, { rows, revision, known, replaying, knowledge, accepted, shown: pending });
    return pending;
  }

  /** Shows the writes too that were accepted since; returns whether that could be done without those before. */
  #extend(memo: Memo, shown: Shown): boolean {
    const added = this.#accepted.slice(memo.accepted);
    if (added.length === 0) return true;
    const view = this.#replay.viewOf(shown);
    if (view.isCount || view.id !== undefined || !added.every((write) => this.#pending.comesOnTop(memo.rows, write))) {
      return false;
    }
    memo.accepted = this.#accepted.length;
    const concerned = added.filter((write) => this.#pending.concerns(view, memo.rows, write));
    if (concerned.length > 0) memo.shown = memo.replaying.add(concerned.map((write) => write.shown));
    return true;
  }

  /** Whether a row is shown with a write that the master has not confirmed. */
  isPending(id: string): boolean {
    return this.#pending.ofRow(id).some(({ shown }) => !shown.isConfirmed);
  }

  /** The row of a request that an insertion or a replacement makes which is pending, where nothing else is known of it. */
  made(shown: Shown, id: string): Row | undefined {
    const kind = this.#pending.ofRow(id)[0]?.shown.op.kind;
    if ((kind !== "insert" && kind !== "replace") || this.known(id) !== undefined) return undefined;
    return shareRows(this.show(shown, this.#noRows).rows).get(id);
  }

  #onTop(shown: Shown, rows: Rows, recorded: readonly ShownWrite[]): Rows {
    const { rows: onTop } = this.#replay.over(shown, rows, this.#before(recorded, (id) => this.known(id))).add(
      recorded,
    );
    return onTop === rows ? rows : shareRows(onTop);
  }

  /** Whether the same is known as when it was shown. Only where that may have changed, each row is looked at. */
  #isKnown(memo: Memo): boolean {
    const knowledge = this.#options.knowledge();
    if (memo.knowledge === knowledge) return true;
    for (const [id, row] of memo.known) if (this.known(id) !== row) return false;
    memo.knowledge = knowledge;
    return true;
  }

  /** What was known of rows before writes that the master has confirmed: what is known now may have them. */
  #before(writes: readonly ShownWrite[], known: (id: string) => Row | undefined): (id: string) => Row | undefined {
    const states = new Map<string, Row | undefined>();
    for (const write of writes) {
      if (!("before" in write) || write.before === undefined || states.has(write.op.id)) continue;
      states.set(write.op.id, write.before.row);
    }
    return (id) => states.has(id) ? states.get(id) : known(id);
  }

  /**
   * A write is not pending any more; from a place on reads have it, if it has one. Those that were held above it follow: what is
   * completed with it is completed with them, so that it does not come on top of them.
   */
  #settle({ write: { id }, shown }: PendingWrite, place: number | undefined): void {
    this.#pending.delete(id);
    const recorded = place === undefined ? [] : [{ place, write: shown }];
    for (const held of this.#pending.held) {
      if (this.#pending.isBehind(held.write.id)) continue;
      this.#pending.delete(held.write.id);
      recorded.push({ place: Math.max(held.recordedAt ?? 0, place ?? 0), write: held.shown });
    }
    for (const each of recorded) this.#recorded.add(each);
    this.#changed(recorded);
  }

  /** The writes to a row whose id the master has given go to that one. */
  #follow(madeId: string | undefined): void {
    for (const pending of madeId === undefined ? [] : this.#pending.ofRow(madeId)) {
      if (!pending.shown.isConfirmed) this.#pending.set({ ...pending, shown: this.#writes.of(pending.write) });
    }
  }

  #changed(recorded: readonly RecordedWrite[]): void {
    this.#revision++;
    this.#accepted = [];
    this.#announce(recorded);
  }

  #announce(recorded: readonly RecordedWrite[]): void {
    this.#rest();
    for (const listener of this.#listeners) listener(recorded);
  }

  #rest(): void {
    this.isIdle = this.#pending.size === 0 && !this.lags;
  }
}

/** Whether what a write has made of its row is known: it may have got columns that only the master's answer shows. */
function isKnown(write: ShownWrite): boolean {
  const { op: { kind }, isConfirmed } = write;
  return isConfirmed &&
    (kind === "delete" || kind === "deleteAll" || ("answer" in write && write.answer !== undefined));
}
