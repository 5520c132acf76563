import type { Scheduler } from "./scheduler.ts";

/** What a read that begins now may not be older than. */
export interface Floor {
  /** The master must have been asked after this. */
  readonly tick: number;
  /** The state must be this one, or a later one. */
  readonly seq: number;
}

interface Known {
  readonly seq: number;
  readonly dueMs: number;
}

/** What each process knows to have changed, and from when on it may not be shown as it was before. */
export class Floors {
  readonly #scheduler: Scheduler;
  readonly #lagMs: number;
  readonly #ticks = new Map<number, number>();
  readonly #known = new Map<number, Known[]>();
  #storageTick = 0;

  constructor(scheduler: Scheduler, lagMs: number) {
    this.#scheduler = scheduler;
    this.#lagMs = lagMs;
  }

  /** The storage has dropped everything: no process may serve what was read before. */
  storageDropped(tick: number): void {
    this.#storageTick = Math.max(this.#storageTick, tick);
  }

  /** A process knows of a change made at this tick, or distrusts everything read before it. */
  known(process: number, tick: number, seq: number = 0): void {
    this.#ticks.set(process, Math.max(this.#ticks.get(process) ?? 0, tick));
    const known = this.#known.get(process) ?? [];
    this.#known.set(process, [...known, { seq, dueMs: this.#scheduler.nowMs + this.#lagMs }]);
  }

  /** The last change or distrust that a process knows of. */
  knownTick(process: number): number {
    return this.#ticks.get(process) ?? 0;
  }

  /** The floor of a read that begins now. Until a lagging master can be trusted, it is asked, but may be old. */
  of(process: number): Floor {
    const { nowMs } = this.#scheduler;
    const due = (this.#known.get(process) ?? []).filter(({ dueMs }) => this.#lagMs === 0 || dueMs < nowMs);
    return {
      tick: Math.max(this.#storageTick, this.knownTick(process)),
      seq: due.reduce((most, { seq }) => Math.max(most, seq), 0),
    };
  }
}
