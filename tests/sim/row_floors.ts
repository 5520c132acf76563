import type { Scheduler } from "./scheduler.ts";

/** The oldest that each row may be in an answer to a read that begins now. */
export interface RowFloor {
  /** The row must be as it was in this state of the master, or in a later one. */
  readonly of: (id: string) => number;
  /** The same for an answer that counts as settled, even if the master lags. */
  readonly settledOf: (id: string) => number;
  /** The same for whether the row exists: no later insertion or deletion is known. */
  readonly existenceOf: (id: string) => number;
  /** The same for its place. A write of one's own does not tell whether the row was there. */
  readonly placeOf: (id: string) => number;
  /**
   * The newest state that is known of a row for a change that `isMove`, or because any row may have changed. A change is
   * known by what it changed: it does not tell what others, which are not known, have changed in the row before it.
   */
  readonly movedOf: (id: string, isMove: (seq: number) => boolean, settled: boolean) => number;
}

/** A write that a process was about to send. Once its intent is overdue, what the master had done of it is known. */
export interface Intended {
  readonly dueMs: number;
  /** The rows that it has changed, and the state of the master after it. None if it had not been applied when it was due. */
  readonly effect: () => { readonly seq: number; readonly ids: readonly string[] };
}

/** What {@linkcode RowFloors} work with. */
export interface RowFloorsOptions {
  readonly scheduler: Scheduler;
  readonly lagMs: number;
  /** Whether a process reads from the shared storage, or only from another one in front of it. */
  readonly shares: (process: number) => boolean;
  /** Whether a row was inserted or deleted in a state. */
  readonly isMove: (id: string, seq: number) => boolean;
}

/** How it is known: from an event, or a gap; or from a write that was answered, or may have been applied. */
export type Source = "stream" | "write" | "unsure write";

interface Known {
  /** `undefined`: all rows. */
  readonly id: string | undefined;
  readonly seq: number;
  readonly atMs: number;
  readonly dueMs: number;
  readonly from: Source;
}

/** What each process knows of each row: from its own writes, from events, and from what the shared storage holds. */
export class RowFloors {
  readonly #scheduler: Scheduler;
  readonly #lagMs: number;
  readonly #shares: (process: number) => boolean;
  readonly #isMove: (id: string, seq: number) => boolean;
  readonly #known = new Map<number, Known[]>();
  readonly #knownToAll: Known[] = [];
  readonly #intended: Intended[] = [];

  constructor({ scheduler, lagMs, shares, isMove }: RowFloorsOptions) {
    this.#scheduler = scheduler;
    this.#lagMs = lagMs;
    this.#shares = shares;
    this.#isMove = isMove;
  }

  /** A process knows that a row, or every row, is as in this state of the master or a later one. */
  known(process: number, from: Source, seq: number, id?: string): void {
    this.#known.set(process, [...this.#known.get(process) ?? [], this.#knownNow(from, seq, id)]);
  }

  /** The storage knows of a change to a row, or to any, and with it every process that shares the storage. */
  storageKnows(from: Source, seq: number, id?: string): void {
    this.#knownToAll.push(this.#knownNow(from, seq, id));
  }

  /** The storage knows of the intent of a write. */
  storageIntends(intended: Intended): void {
    this.#intended.push(intended);
  }

  /** A process starts without any knowledge. */
  forget(process: number): void {
    this.#known.delete(process);
  }

  /**
   * The floor of a read that begins now. Until a lagging master can be trusted, it is read, but may be old. Nothing is
   * learned from intents by joining a read of the master that began before they were due: `joinedMs` is when the oldest
   * one did. What the storage has known only since after `sharedMs` need not be known.
   */
  of(process: number, joinedMs: number = Infinity, sharedMs: number = Infinity): RowFloor {
    const { nowMs } = this.#scheduler;
    const shared = this.#shares(process)
      ? [
        ...this.#knownToAll.filter(({ atMs }) => atMs <= sharedMs),
        ...this.#overdue(Math.min(nowMs, joinedMs, sharedMs)),
      ]
      : [];
    return this.#floorOf([...this.#known.get(process) ?? [], ...shared]);
  }

  /** The same of writes alone that the master has confirmed: they are in stale rows as well. */
  confirmed(process: number): RowFloor {
    const known = [...this.#known.get(process) ?? [], ...(this.#shares(process) ? this.#knownToAll : [])];
    return this.#floorOf(known.filter(({ from }) => from === "write"));
  }

  #floorOf(known: readonly Known[]): RowFloor {
    const { nowMs } = this.#scheduler;
    const due = known.filter(({ dueMs }) => this.#lagMs === 0 || dueMs < nowMs);
    const moves = due.filter(({ id, seq }) => id === undefined || this.#isMove(id, seq));
    const places = moves.filter(({ from }) => from === "stream");
    const movedOf: RowFloor["movedOf"] = (id, isMove, settled) =>
      newest((settled ? known : due).filter((it) => it.id === undefined || (it.id === id && isMove(it.seq))))(id);
    return { of: newest(due), settledOf: newest(known), existenceOf: newest(moves), placeOf: newest(places), movedOf };
  }

  #overdue(ms: number): readonly Known[] {
    const overdue = this.#intended.filter(({ dueMs }) => dueMs < ms);
    return overdue.flatMap(({ dueMs, effect }) => {
      const { seq, ids } = effect();
      return ids.map((id): Known => ({ id, seq, atMs: dueMs, dueMs: dueMs + this.#lagMs, from: "unsure write" }));
    });
  }

  #knownNow(from: Source, seq: number, id: string | undefined): Known {
    const { nowMs } = this.#scheduler;
    return { id, seq, from, atMs: nowMs, dueMs: nowMs + this.#lagMs };
  }
}

function newest(known: readonly Known[]): (id: string) => number {
  let all = 0;
  const rows = new Map<string, number>();
  for (const { id, seq } of known) {
    if (id === undefined) all = Math.max(all, seq);
    else rows.set(id, Math.max(rows.get(id) ?? 0, seq));
  }
  return (id) => Math.max(all, rows.get(id) ?? 0);
}
