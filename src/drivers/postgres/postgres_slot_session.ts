import type { Clock } from "../../base/clock.ts";
import type { LiveEvent } from "../../stream/live_event.ts";
import { TableError, UnavailableError } from "../../table/errors.ts";
import type { Connection } from "./postgres_connections.ts";
import { sqlStateOf } from "./postgres_errors.ts";
import { type Lsn, lsnText } from "./postgres_lsn.ts";
import { positionIn } from "./postgres_position.ts";
import type { SlotBatch, SlotTransaction } from "./postgres_slot_batch.ts";
import type { SlotFeed } from "./postgres_slot_feed.ts";
import { type SlotReader, UNDEFINED } from "./postgres_slot_reader.ts";
import type { SlotState } from "./postgres_slot_state.ts";
import type { SlotSubscriber } from "./postgres_slot_subscriber.ts";
import { PostgresSnapshot } from "./postgres_snapshot.ts";
import { UnseenTransactions } from "./postgres_unseen.ts";

/** What a {@linkcode SlotSession} works with. */
export interface SlotSessionOptions {
  readonly reader: SlotReader;
  /** The feeds that have subscribers. */
  readonly feeds: ReadonlySet<SlotFeed>;
  /** How many messages are read at once. */
  readonly maxChanges: number;
  readonly pollMs: number;
  readonly clock: Clock;
  /** Looks at what slots hold back. */
  readonly checkHealth: () => Promise<void>;
  /** Events may have been missed, for this reason. */
  readonly onGap: (reason: string) => void;
}

/** How often it is looked at what slots hold back, and what the publication has. */
const HEALTH_MS = 30_000;
/** How long those who are slow may keep the others from their events. */
const STALL_MS = 10_000;
/** How often in a row another session may be reading the slot at the same moment. */
const MAX_BUSY_STEPS = 10;
/** Where nothing was committed that concerns the slot, it is advanced after so many bytes of the log. */
const IDLE_BYTES = 1_048_576n;

const CHANGED: LiveEvent = { kind: "changed" };

/** The state of a slot that is there. */
type Held = SlotState & { readonly slot: NonNullable<SlotState["slot"]> };

/**
 * Reads a slot for all subscribers: what is next is read without taking it off, sent, and taken off once all of them have
 * applied it. What they do not apply in time they lose: they receive `changed`.
 */
export class SlotSession {
  readonly #options: SlotSessionOptions;
  readonly #unseen = new UnseenTransactions();
  readonly #opened = new Set<SlotFeed>();
  #state: Held | undefined;
  /** Up to here everything was sent to those who were there. */
  #processed: Lsn = 0n;
  /** Up to here no event tells of anything. */
  #begunAt: Lsn = 0n;
  /** Where the last transaction ends that was sent. */
  #lastCommit: Lsn = 0n;
  /** Whether the slot begins before its publication was made, so that it can never be read. */
  #isTooOld = false;
  #busySteps = 0;
  #isAwake = false;
  #checkedAt = -Infinity;
  #stalledSince = Infinity;

  constructor(options: SlotSessionOptions) {
    this.#options = options;
  }

  /** There is something to do: a subscriber has come, or has applied what it was sent, or something was committed. */
  wake(): void {
    this.#isAwake = true;
  }

  /** Reads on until that fails. */
  async follow({ signal, onLive, wait }: Connection): Promise<never> {
    const { reader, pollMs } = this.#options;
    try {
      let state = await this.#begin(signal);
      onLive();
      for (;;) {
        this.#isAwake = false;
        state = await this.#stepUnlessBusy(state, signal);
        await wait(pollMs, () => this.#isAwake);
        signal.throwIfAborted();
      }
    } catch (error) {
      signal.throwIfAborted();
      // The publication is missing, though it is there: the log is read as things were when it was written.
      this.#isTooOld = sqlStateOf(error) === UNDEFINED;
      throw await reader.explain(error, signal);
    }
  }

  /** Makes the slot if it is not there. Those who may have missed something begin anew. */
  async #begin(signal: AbortSignal): Promise<Held> {
    const { reader, onGap } = this.#options;
    const last = this.#state;
    this.#opened.clear();
    let state = await reader.state(signal);
    for (const feed of this.#options.feeds) await this.#open(feed);
    const isMissing = state.slot === undefined || this.#isTooOld;
    if (isMissing) {
      await reader.renew(signal);
      state = await reader.state(signal);
    }
    const held = heldIn(state);
    this.#state = held;
    if (last !== undefined && !isMissing && last.history === held.history) {
      this.#restartMissed(held);
      return held;
    }
    if (last !== undefined) onGap(isMissing ? "the slot was lost" : "another server has taken over");
    this.#processed = held.end;
    this.#begunAt = held.end;
    this.#unseen.begin(await reader.running(signal));
    for (const subscriber of this.#subscribers()) if (subscriber.pushed !== undefined) subscriber.restart(held.end);
    await this.#join(held, true);
    return held;
  }

  /** Another session may be looking at the slot at this moment. One that goes on reading it is an error. */
  async #stepUnlessBusy(before: Held, signal: AbortSignal): Promise<Held> {
    try {
      const state = await this.#step(before, signal);
      this.#busySteps = 0;
      return state;
    } catch (error) {
      if (sqlStateOf(error) !== "55006" || ++this.#busySteps > MAX_BUSY_STEPS) throw error;
      return before;
    }
  }

  async #step(before: Held, signal: AbortSignal): Promise<Held> {
    const { reader } = this.#options;
    await this.#join(before, false);
    await this.#advance(before, signal);
    const batch = await reader.peek(signal);
    const state = heldIn(await reader.state(signal));
    if (state.history !== before.history) {
      throw new UnavailableError("Another server has taken over", { effect: "none" });
    }
    this.#state = state;
    this.#restartMissed(state);
    // Of a batch that was too large, the numbers of transactions are not known.
    if (batch.transactions.some(({ xid }) => xid === undefined)) this.#unseen.begin(await reader.running(signal));
    await this.#send(batch, state, before.end);
    const now = this.#options.clock.monotonic();
    if (now - this.#checkedAt < HEALTH_MS) return state;
    // The publication may have other tables by now, and the tables other columns; but not in the moment since it began.
    if (this.#checkedAt !== -Infinity) this.#opened.clear();
    this.#checkedAt = now;
    await this.#options.checkHealth();
    return state;
  }

  /** New subscribers go on where they stood, or begin. On a connection that goes on, they have missed nothing. */
  async #join(held: Held, isNew: boolean): Promise<void> {
    for (const feed of this.#options.feeds) {
      await this.#open(feed);
      for (const subscriber of feed.subscribers) {
        if (subscriber.pushed !== undefined) continue;
        const { cursor } = subscriber;
        const position = positionIn(await cursor?.load(), held.history);
        if (position !== undefined && position >= held.slot.confirmed && position <= held.end) {
          subscriber.resume(position, held.end);
        } else if (isNew || cursor !== undefined) subscriber.restart(this.#processed);
        else subscriber.resume(this.#processed, this.#processed);
      }
    }
  }

  async #open(feed: SlotFeed): Promise<void> {
    if (this.#opened.has(feed)) return;
    try {
      await feed.open();
      this.#opened.add(feed);
    } catch (error) {
      if (!(error instanceof TableError) || error.retriable) throw error;
      feed.end(error);
    }
  }

  /** Another process has taken something off the slot, if it begins after what was sent. */
  #restartMissed({ slot: { confirmed } }: Held): void {
    const missed = this.#subscribers().filter(({ pushed }) => pushed !== undefined && pushed < confirmed);
    if (missed.length === 0) return;
    this.#options.onGap("another process reads the slot");
    this.#processed = greatest(this.#processed, confirmed);
    for (const subscriber of missed) subscriber.restart(this.#processed);
  }

  /**
   * Sends what was read.
   *
   * @param end the end of the log before it was read
   */
  async #send({ transactions, size }: SlotBatch, { snapshot: text }: Held, end: Lsn): Promise<void> {
    const { feeds, maxChanges } = this.#options;
    const snapshot = new PostgresSnapshot(text);
    const visible = visibleOf(transactions, snapshot);
    const last = visible.at(-1)?.end ?? 0n;
    const isFull = size >= maxChanges;
    const isNews = this.#subscribers().some(({ pushed = 0n }) => pushed < last);
    for (const feed of feeds) await feed.push(visible);
    // All that was committed up to there is among what was read.
    const read = isFull || visible.length < transactions.length ? last : greatest(last, end);
    for (const subscriber of this.#subscribers()) {
      if (subscriber.pushed !== undefined && subscriber.pushed < read) subscriber.push([], read);
    }
    this.#processed = greatest(this.#processed, read);
    this.#lastCommit = greatest(this.#lastCommit, last);
    this.#tellUnseen(visible, snapshot);
    if (isFull && !isNews && visible.length > 0) this.#endStall();
    else this.#stalledSince = Infinity;
  }

  #tellUnseen(visible: readonly SlotTransaction[], snapshot: PostgresSnapshot): void {
    const told = visible.flatMap(({ xid, end }) => xid !== undefined && end > this.#begunAt ? [xid] : []);
    if (!this.#unseen.review(snapshot, told)) return;
    this.#options.onGap("a transaction was being committed when events began");
    for (const subscriber of this.#subscribers()) {
      if (subscriber.pushed !== undefined) subscriber.push([CHANGED], subscriber.pushed);
    }
  }

  /** What is not applied fills all that is read at once. After a while, those who have not applied it lose it. */
  #endStall(): void {
    const now = this.#options.clock.monotonic();
    this.#stalledSince = Math.min(this.#stalledSince, now);
    if (now - this.#stalledSince < STALL_MS) return;
    const needed = this.#needed();
    for (const subscriber of this.#subscribers()) {
      if (subscriber.pushed !== undefined && subscriber.needed === needed) subscriber.restart(subscriber.pushed);
    }
    this.#stalledSince = Infinity;
    this.wake();
  }

  /** Takes off the slot what all have applied, after they have stored how far that is. */
  async #advance({ slot: { confirmed }, history }: Held, signal: AbortSignal): Promise<void> {
    const needed = this.#needed();
    if (needed === undefined || needed <= confirmed) return;
    if (this.#lastCommit <= confirmed && needed - confirmed < IDLE_BYTES) return;
    for (const { cursor, applied } of this.#subscribers()) {
      if (applied > confirmed) await cursor?.store(`${history} ${lsnText(applied)}`);
    }
    await this.#options.reader.advance(needed, signal);
  }

  /** What comes after this has to be kept in the slot; `undefined` if there is no subscriber. */
  #needed(): Lsn | undefined {
    const needed = this.#subscribers().filter(({ pushed }) => pushed !== undefined).map((subscriber) =>
      subscriber.needed
    );
    return needed.length === 0 ? undefined : needed.reduce((least, one) => one < least ? one : least);
  }

  #subscribers(): readonly SlotSubscriber[] {
    return [...this.#options.feeds].flatMap(({ subscribers }) => [...subscribers]);
  }
}

/** Readers do not see all that is in the log: a transaction may wait for a replica to confirm it. */
function visibleOf(transactions: readonly SlotTransaction[], snapshot: PostgresSnapshot): readonly SlotTransaction[] {
  const first = transactions.findIndex(({ xid }) => xid !== undefined && !snapshot.hasEnded(snapshot.whole(xid)));
  return first === -1 ? transactions : transactions.slice(0, first);
}

function heldIn(state: SlotState): Held {
  const { slot, isLost } = state;
  if (slot !== undefined) return { ...state, slot };
  throw new UnavailableError(`The slot ${isLost ? "has lost changes" : "is gone"}`, { effect: "none" });
}

function greatest(first: Lsn, ...others: readonly Lsn[]): Lsn {
  return others.reduce((most, one) => one > most ? one : most, first);
}
