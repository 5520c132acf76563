import type { Scheduler } from "./scheduler.ts";

/** The oldest that a read which begins now may be. */
export interface Floor {
  /** The master must have been read after this tick. */
  readonly tick: number;
  /** The state must be this one or a later one. */
  readonly seq: number;
  /** The same for an answer that counts as settled, even if the master lags. */
  readonly settledSeq: number;
}

interface Known {
  readonly seq: number;
  readonly dueMs: number;
}

/** The changes that each process knows of, and from when on it must not show older rows. */
export class Floors {
  readonly #scheduler: Scheduler;
  readonly #lagMs: number;
  readonly #shares: (process: number) => boolean;
  readonly #ticks = new Map<number, number>();
  readonly #known = new Map<number, Known[]>();
  readonly #knownToAll: Known[] = [];
  #storageTick = 0;

  /** `shares` says whether a process reads from the shared storage, or only from another one in front of it. */
  constructor(scheduler: Scheduler, lagMs: number, shares: (process: number) => boolean) {
    this.#scheduler = scheduler;
    this.#lagMs = lagMs;
    this.#shares = shares;
  }

  /** The storage has dropped everything: no process that shares it may serve rows that were read before. */
  storageDropped(tick: number): void {
    this.#storageTick = Math.max(this.#storageTick, tick);
  }

  /** The storage has dropped everything because of a change by any process, including one that has died. */
  storageKnows(seq: number): void {
    this.#knownToAll.push(this.#knownNow(seq));
  }

  /** A process knows of a change at this tick, or distrusts everything read before it. */
  known(process: number, tick: number, seq: number = 0): void {
    this.#ticks.set(process, Math.max(this.#ticks.get(process) ?? 0, tick));
    this.#known.set(process, [...this.#known.get(process) ?? [], this.#knownNow(seq)]);
  }

  /** A process starts without any knowledge. */
  forget(process: number): void {
    this.#ticks.delete(process);
    this.#known.delete(process);
  }

  /** The last change or distrust of a process. */
  knownTick(process: number): number {
    return this.#ticks.get(process) ?? 0;
  }

  /** The floor of a read that begins now. Until a lagging master can be trusted, it is read, but may be old. */
  of(process: number): Floor {
    const { nowMs } = this.#scheduler;
    const shares = this.#shares(process);
    const known = [...this.#known.get(process) ?? [], ...(shares ? this.#knownToAll : [])];
    const due = known.filter(({ dueMs }) => this.#lagMs === 0 || dueMs < nowMs);
    const last = (of: readonly Known[]): number => of.reduce((most, { seq }) => Math.max(most, seq), 0);
    return {
      tick: Math.max(shares ? this.#storageTick : 0, this.knownTick(process)),
      seq: last(due),
      settledSeq: last(known),
    };
  }

  #knownNow(seq: number): Known {
    return { seq, dueMs: this.#scheduler.nowMs + this.#lagMs };
  }
}
