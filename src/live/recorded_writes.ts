import { Line } from "../base/line.ts";
import type { Clock } from "../base/clock.ts";
import type { ShownWrite } from "../change/row_states.ts";

/** A read in flight. */
export interface Reading {
  /** How many writes had been recorded when it began: its answer has them. */
  readonly recorded: number;
  /** How many of them its answer has even if it is unsettled. */
  readonly settled: number;
  /** Whether the master has said that its answer may lack what was recorded within its lag. */
  isUnsettled: boolean;
  /** Whether its answer was completed with a write that may not have been applied. */
  isInDoubt: boolean;
}

/** What {@linkcode RecordedWrites} work with. */
export interface RecordedWritesOptions {
  readonly masterLagMs: number;
  readonly clock: Clock;
}

/** A write whose change, or unknown outcome, is recorded: reads that begin from then on have it, if it was applied. */
export interface RecordedWrite {
  /** How many writes were recorded then, this one included. Of several with the same place, the first one comes first. */
  readonly place: number;
  readonly write: ShownWrite;
}

interface Kept extends RecordedWrite {
  /** Until when a read that began after it may lack it, in monotonic milliseconds. */
  readonly lagsUntil: number;
}

/** How many are kept. Beyond that, the first tenth may be missing in the answers of reads that are in flight. */
const MAX_RECORDED = 10_000;

/**
 * The writes that are recorded, and may be missing all the same in the answers of reads that began before, or while the
 * master lags. Without such reads none is kept.
 */
export class RecordedWrites {
  readonly #options: RecordedWritesOptions;
  /** In the order of their places. */
  readonly #writes: Kept[] = [];
  readonly #readings = new Line<Reading>();
  #place = 0;

  constructor(options: RecordedWritesOptions) {
    this.#options = options;
  }

  /** Whether a read that begins now may lack one. */
  get lag(): boolean {
    return this.#options.masterLagMs > 0 && this.#writes.length > 0;
  }

  /** How many writes have been recorded. */
  get place(): number {
    return this.#place;
  }

  /** A write is recorded: returns its place. */
  next(): number {
    return ++this.#place;
  }

  /** A write that was recorded is not pending any more. */
  add(recorded: RecordedWrite): void {
    const { clock, masterLagMs } = this.#options;
    const after = this.#writes.findLastIndex(({ place }) => place <= recorded.place) + 1;
    this.#writes.splice(after, 0, { ...recorded, lagsUntil: clock.monotonic() + masterLagMs });
    if (this.#writes.length > MAX_RECORDED) this.#writes.splice(0, MAX_RECORDED / 10);
    this.#forget();
  }

  /** A read begins. It must be ended. */
  begin(): Reading {
    const now = this.#options.clock.monotonic();
    const lagging = this.#writes.find(({ lagsUntil }) => now < lagsUntil);
    const settled = lagging === undefined ? this.#place : lagging.place - 1;
    const reading: Reading = { recorded: this.#place, settled, isUnsettled: false, isInDoubt: false };
    this.#readings.add(reading);
    return reading;
  }

  /** The writes that the answer of a read may lack, in order. */
  missingIn({ recorded, settled, isUnsettled }: Reading): readonly ShownWrite[] {
    const has = isUnsettled ? settled : recorded;
    const first = this.#writes.findIndex(({ place }) => place > has);
    return first < 0 ? [] : this.#writes.slice(first).map(({ write }) => write);
  }

  /** The answer of a read was used, or will not be. */
  end(reading: Reading): void {
    if (this.#readings.delete(reading)) this.#forget();
  }

  #forget(): void {
    if (this.#writes.length === 0) return;
    const now = this.#options.clock.monotonic();
    const { settled = Infinity } = this.#readings.first ?? {};
    const kept = this.#writes.findIndex(({ place, lagsUntil }) => place > settled || now < lagsUntil);
    this.#writes.splice(0, kept < 0 ? this.#writes.length : kept);
  }
}
