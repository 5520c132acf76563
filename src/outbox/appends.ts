import type { Clock } from "../base/clock.ts";
import type { QueuedWrite } from "../queue/queued_write.ts";
import { type Outbox, OUTBOX_BATCH, type StoredWrite } from "./outbox.ts";

/** What {@linkcode Appends} work with. */
export interface AppendsOptions {
  readonly outbox: Outbox;
  readonly name: string;
  readonly holder: string;
  readonly clock: Clock;
  readonly onStored: (write: QueuedWrite, position: number | undefined) => void;
  readonly onFailed: (write: QueuedWrite, error: unknown) => void;
}

/** How long the event loop is held up, in milliseconds. */
const LONGEST_TURN_MS = 4;
/** How many turns of the microtask queue pass, at most, from an append to the next write of a caller that awaited it. */
const TURNS_TO_GO_ON = 8;

/** Appends writes to an outbox in their order: those that are made in one turn of the event loop together. */
export class Appends {
  readonly #options: AppendsOptions;
  #waiting: QueuedWrite[] = [];
  #batch: ReadonlySet<QueuedWrite> = new Set();
  #appending: Promise<void> | undefined;
  /** How often writes were appended. */
  #appends = 0;
  /** The same up to the last lull. */
  #appendsBefore = 0;

  constructor(options: AppendsOptions) {
    this.#options = options;
  }

  /** Appends a write as soon as those before it are there. */
  add(write: QueuedWrite): void {
    this.#waiting.push(write);
    this.#appending ??= this.#appendAll();
  }

  /** Whether writes are being appended, or were since the last lull: then whoever awaited them may go on to the next. */
  get isBusy(): boolean {
    return this.#appending !== undefined || this.#appends !== this.#appendsBefore;
  }

  /** Whether a write is being appended now. Until then it need only fail not to be. */
  isAppending(write: QueuedWrite): boolean {
    return this.#batch.has(write);
  }

  /** Resolves when nothing is being appended. */
  async done(): Promise<void> {
    while (this.#appending !== undefined) await this.#appending;
  }

  /** Resolves when nobody who awaited an append has gone on to the next one, or when that has gone on for some time. */
  async lull(): Promise<void> {
    const { clock } = this.#options;
    const endsAt = clock.monotonic() + LONGEST_TURN_MS;
    let seen = this.#appends;
    for (let turn = 0; turn < TURNS_TO_GO_ON; turn++) {
      await undefined;
      if (this.#appends === seen) continue;
      if (clock.monotonic() >= endsAt) break;
      seen = this.#appends;
      turn = 0;
    }
    this.#appendsBefore = this.#appends;
  }

  async #appendAll(): Promise<void> {
    // What is written in the same turn is appended together.
    await undefined;
    const { clock } = this.#options;
    let turn = clock.monotonic();
    while (this.#waiting.length > 0) {
      const writes = this.#waiting.splice(0, OUTBOX_BATCH).filter(({ state }) => state === "waiting");
      this.#batch = new Set(writes);
      if (writes.length > 0) await this.#append(writes);
      if (this.#waiting.length === 0 || clock.monotonic() - turn < LONGEST_TURN_MS) continue;
      await clock.wait(0);
      turn = clock.monotonic();
    }
    this.#batch = new Set();
    this.#appending = undefined;
  }

  /** If they cannot be kept together, each is tried by itself, so that one which cannot does not fail the others. */
  async #append(writes: readonly QueuedWrite[]): Promise<void> {
    const { outbox, name, onStored, onFailed } = this.#options;
    let positions: readonly number[];
    try {
      positions = await outbox.append(name, writes.map((write) => this.#stored(write)));
    } catch (error) {
      const [only] = writes;
      if (only !== undefined && writes.length === 1) return onFailed(only, error);
      for (const write of writes) await this.#append([write]);
      return;
    }
    this.#appends++;
    writes.forEach((write, index) => onStored(write, positions[index]));
  }

  #stored({ request: { id, op, within, rowId, acceptedAt } }: QueuedWrite): StoredWrite {
    return { id, op, within, rowId, acceptedAt, acceptedBy: this.#options.holder };
  }
}
