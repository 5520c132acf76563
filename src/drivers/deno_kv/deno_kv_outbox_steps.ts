import { OutboxError } from "../../table/errors.ts";
import { countOf, type KvDatabase, type KvEntry } from "./deno_kv_database.ts";
import type { KvAtomic } from "./deno_kv_handle.ts";
import { type OutboxKeys, type QueueState, queueStateOf, type TextPart } from "./deno_kv_outbox_keys.ts";

/** The version of the layout. A newer one is refused. */
const VERSION = 1;
/** How often a step is tried that conflicts with others. */
const MAX_TRIES = 50;

/** A queue at a moment. */
export interface QueueAt {
  readonly queue: TextPart;
  readonly state: QueueState;
  /** The entries and bytes of all queues. */
  readonly entries: number;
  readonly bytes: number;
}

/** What a step does. */
export interface QueueStep<T> {
  readonly answer: T;
  /** The state after it; without one, nothing is written. */
  readonly state?: QueueState | undefined;
  /** What else it writes. */
  readonly write?: ((atomic: KvAtomic) => unknown) | undefined;
}

interface Look extends QueueAt {
  readonly stamps: readonly KvEntry[];
  readonly isNew: boolean;
}

/** Takes steps on queues. All reads of a step are as of one moment, or it is taken again: each one writes the record. */
export class OutboxSteps {
  readonly #db: KvDatabase;
  readonly #keys: OutboxKeys;

  constructor(db: KvDatabase, keys: OutboxKeys) {
    this.#db = db;
    this.#keys = keys;
  }

  /**
   * Decides on a step and takes it.
   *
   * @throws {OutboxError} if the outbox is of a newer version, or the step conflicts with others too often.
   */
  async take<T>(queueName: string, decide: (at: QueueAt) => Promise<QueueStep<T>>): Promise<T> {
    const queue = await this.#keys.queuePart(queueName);
    const step = crypto.randomUUID();
    let last: QueueStep<T> | undefined;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const look = await this.look(queue);
      // Only the answer of the try before was lost.
      if (last !== undefined && look.state.step === step) return last.answer;
      last = await decide(look);
      if (last.state === undefined || await this.#commit(look, last, step)) return last.answer;
    }
    throw new OutboxError(`Cannot change the outbox: ${MAX_TRIES} attempts conflicted with others`, {
      retriable: true,
    });
  }

  /** Reads the record of a queue. */
  async look(queue: TextPart): Promise<Look> {
    const keys = this.#keys;
    const [version, record, floor, entries, bytes] = await this.#db.read([
      keys.version,
      keys.queue(queue),
      keys.floor,
      keys.entryCount,
      keys.byteCount,
    ]);
    if (version.value !== null && version.value !== VERSION) {
      throw new OutboxError(
        `This outbox is of version ${version.value}, and is left alone: this is version ${VERSION}`,
      );
    }
    const state = queueStateOf(record.value, Number(floor.value ?? 0));
    if (state === undefined) throw new OutboxError("The record of a queue of the outbox is damaged, and is left alone");
    const isNew = record.versionstamp === null;
    const stamps = isNew ? [version, record, floor] : [version, record];
    return { queue, state, entries: countOf(entries), bytes: countOf(bytes), stamps, isNew };
  }

  /** Forgets a queue that holds nothing. What it used is not used again. */
  async leave(queueName: string): Promise<void> {
    const { stamps, state, isNew } = await this.look(await this.#keys.queuePart(queueName));
    if (isNew || state.entries > 0 || state.kept > 0 || state.lease !== undefined) return;
    const [floor] = await this.#db.read([this.#keys.floor]);
    const next = Math.max(Number(floor.value ?? 0), state.last, state.term);
    // Another step may come before; then the next release does it.
    await this.#db.commit((atomic) => {
      for (const stamp of [...stamps, floor]) atomic.check(stamp);
      atomic.set(this.#keys.floor, next);
      for (const { key } of stamps.slice(1)) atomic.delete(key);
    });
  }

  async #commit<T>({ queue, stamps }: Look, { state, write }: QueueStep<T>, step: string): Promise<boolean> {
    const { ok } = await this.#db.commit((atomic) => {
      for (const stamp of stamps) atomic.check(stamp);
      if (stamps[0]?.versionstamp === null) atomic.set(this.#keys.version, VERSION);
      atomic.set(this.#keys.queue(queue), { ...state, step });
      write?.(atomic);
    });
    return ok;
  }
}
