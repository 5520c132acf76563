import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import type { Clock } from "../base/clock.ts";
import { describe } from "../base/describe.ts";
import { newId } from "../base/new_id.ts";
import type { Journal } from "../queue/journal.ts";
import type { QueuedWrite } from "../queue/queued_write.ts";
import type { WriteAnswer } from "../queue/write_op.ts";
import type { WriteQueue } from "../queue/write_queue.ts";
import { ConflictError, OutboxError } from "../table/errors.ts";
import { Appends } from "./appends.ts";
import { Marks } from "./marks.ts";
import { isUnreadable, type Outbox, type OutboxAnswer, type OutboxEntry, type UnreadableEntry } from "./outbox.ts";
import { errorOf, failureOf } from "./write_failure.ts";

/** What a {@linkcode Drain} works with. */
export interface DrainOptions {
  readonly outbox: Outbox;
  /** The name of the queue in the outbox. */
  readonly name: string;
  readonly queue: () => WriteQueue;
  /** How long a process has the right to send after it last renewed its lease, in milliseconds. */
  readonly leaseMs: number;
  /** Called before a write is settled that another process has sent. */
  readonly onAnsweredElsewhere: (write: QueuedWrite, answer: WriteAnswer) => Promise<void>;
  /** Called with an error of the outbox, and with an entry that cannot be read. */
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/** How many entries are loaded at once. */
const LOADED_AT_ONCE = 500;
/** What an outbox throws for a write that it can never hold. */
const MISTAKES = [RangeError, TypeError, ConflictError];
/** How often a process looks for what others have done, in milliseconds, while it has writes in the outbox. */
const POLL_MS = 250;
/** How often it looks for writes of processes that have died. */
const CHECK_MS = 10_000;

/**
 * Keeps the writes of a queue in an outbox until they are answered, and sends what is there, also of processes that have
 * died: as long as it has the lease of the queue, which one process has at a time. The right to send is checked in the step
 * that marks a write as sent, so a process that was suspended for long does not send what another has sent since.
 */
export class Drain implements Journal {
  readonly pauseMs: number = POLL_MS;
  readonly #options: DrainOptions;
  readonly #holder: string;
  readonly #appends: Appends;
  readonly #marks: Marks;
  /** The writes that are stored, or about to be, and have not settled, by id. */
  readonly #stored = new Map<string, QueuedWrite>();
  /** Those that are being taken back. */
  readonly #leaving = new Set<string>();
  /** The positions of those that have settled since the entries that are being loaded were asked for. */
  #departed: Set<number> | undefined;
  /** Positions of entries that were reported as unreadable. */
  readonly #unreadable = new Set<number>();
  #term: number | undefined;
  #lastTerm: number | undefined;
  /** Whether there is something to send, and another process has the lease. */
  #isRefused = false;
  /** Until when the lease lasts, in monotonic milliseconds. */
  #leaseEnds = 0;
  /** How far the entries are known. */
  #position = 0;
  /** Whether all is known that others have done before this term. */
  #isLoaded = false;
  #working: Promise<void> | undefined;
  #taking: Promise<void> = Promise.resolve();
  #isDue = false;
  #timer = new AbortController();
  #closed = false;

  constructor(options: DrainOptions) {
    const { outbox, name, clock } = options;
    this.#options = options;
    this.#holder = newId(clock);
    this.#appends = new Appends({
      outbox,
      name,
      holder: this.#holder,
      clock,
      onStored: (write, position) => this.#appended(write, position),
      onFailed: (write, error) => this.#notAppended(write, error),
    });
    this.#marks = new Marks({ outbox, name, clock, term: () => this.#term, onError: options.onError });
  }

  /** Sends what earlier processes have left. */
  start(): void {
    this.#wake();
  }

  get isSending(): boolean {
    return this.#term !== undefined;
  }

  /** Whether others may send stored writes now, or may have sent them, for all that is known here. */
  get #isSentElsewhere(): boolean {
    // Another table of this process may use the same outbox, also one that no other process can use.
    return !this.#hasLease || !this.#isLoaded;
  }

  store(write: QueuedWrite): void {
    if (!this.#stored.has(write.id)) this.#stored.set(write.id, write);
    this.#appends.add(write);
  }

  async sending(writes: readonly QueuedWrite[]): Promise<boolean> {
    const isMarked = this.#term !== undefined && await this.#marks.sent(writes.map(({ id }) => id));
    if (isMarked && this.#hasLease) return true;
    // They were marked, and are not sent: the lease ended meanwhile. That does not tell what became of earlier attempts.
    for (const write of isMarked ? writes : []) if (!write.isInDoubt) this.returned(write);
    this.#lose();
    for (const { id, isAdopted } of writes) if (isAdopted) this.#stored.delete(id);
    return false;
  }

  returned({ id }: QueuedWrite): void {
    this.#marks.settled({ kind: "returned", id });
  }

  answered(write: QueuedWrite, answer: WriteAnswer): void {
    const { id, op, rowId } = write;
    const realId = op.kind === "insertReturnId" && typeof answer === "string" && answer !== rowId ? answer : undefined;
    this.#leave(write);
    this.#marks.settled({ kind: "answered", id, answer, realId });
  }

  failed(write: QueuedWrite, error: unknown): Promise<boolean> {
    this.#leave(write);
    return this.#marks.failed({ kind: "failed", id: write.id, failure: failureOf(error, this.#options.clock.now()) });
  }

  dropped(write: QueuedWrite): Promise<boolean> {
    this.#leave(write);
    return this.#marks.failed({ kind: "answered", id: write.id });
  }

  withdraw(write: QueuedWrite): MaybePromise<boolean> {
    const { id } = write;
    const { outbox, name, onError } = this.#options;
    // It has settled, or another process has sent it, and it is about to.
    if (this.#stored.get(id) !== write) return write.state === "waiting" || write.state === "accepted";
    if (!write.isStored && this.#appends.isAppending(write)) {
      return this.#appends.done().then(() => this.withdraw(write));
    }
    if (!write.isStored) return this.#leave(write);
    this.#leaving.add(id);
    const over = (isRemoved: boolean): MaybePromise<boolean> => {
      if (isRemoved && (outbox.shared || this.#isSentElsewhere)) return this.#removed(write);
      if (isRemoved) this.#leave(write);
      this.#leaving.delete(id);
      return isRemoved;
    };
    const failed = (error: unknown): MaybePromise<boolean> => {
      onError(error);
      return over(false);
    };
    try {
      const removed = outbox.remove(name, id);
      return isPromise(removed) ? removed.then(over, failed) : over(removed);
    } catch (error) {
      return failed(error);
    }
  }

  /** It is not in the outbox any more. Before that another process, or another table, may have sent it, which failed. */
  async #removed(write: QueuedWrite): Promise<true> {
    const { id } = write;
    try {
      await this.#takeAnswers();
      this.#leave(write);
    } catch (error) {
      this.#options.onError(error);
      this.#lost(id, error);
    } finally {
      this.#leaving.delete(id);
    }
    return true;
  }

  /** It has settled, or is about to. What is being loaded may still have it. */
  #leave({ id, position }: QueuedWrite): boolean {
    if (position !== undefined) this.#departed?.add(position);
    return this.#stored.delete(id);
  }

  /** Resolves when what was written is stored, and it is known whether it can be sent. */
  async ready(): Promise<void> {
    await this.#appends.done();
    while (this.#working !== undefined) await this.#working;
  }

  /** The entries that have failed. */
  async failures(): Promise<readonly OutboxEntry[]> {
    const { outbox, name } = this.#options;
    await this.#marks.done();
    const failures: OutboxEntry[] = [];
    for (let after = 0;;) {
      const entries = await outbox.load(name, after, LOADED_AT_ONCE);
      for (const entry of entries) if (!isUnreadable(entry) && entry.state === "failed") failures.push(entry);
      const last = entries.at(-1);
      if (last === undefined || entries.length < LOADED_AT_ONCE) return failures;
      after = last.position;
    }
  }

  /** Accepts a write again that has failed. */
  async retry(id: string): Promise<boolean> {
    await this.#marks.done();
    const isRetried = await this.#options.outbox.retry(this.#options.name, id);
    this.#wake();
    return isRetried;
  }

  /** Removes a write that has failed, or was never sent. */
  async discard(id: string): Promise<boolean> {
    await this.#marks.done();
    if (!await this.#options.outbox.remove(this.#options.name, id)) return false;
    const write = this.#stored.get(id);
    if (write === undefined) return true;
    await this.#removed(write);
    this.#options.queue().takeBack(write, new DOMException("The write was discarded", "AbortError"));
    return true;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer.abort();
    await this.#appends.done();
    await this.#working;
    await this.#marks.done();
    const term = this.#term;
    this.#term = undefined;
    try {
      if (term !== undefined) await this.#options.outbox.release(this.#options.name, term);
    } catch (error) {
      this.#options.onError(error);
    }
  }

  /** Whether nothing is left to be sent or marked. */
  get #isDone(): boolean {
    return this.#stored.size === 0 && !this.#marks.areLeft;
  }

  get #hasLease(): boolean {
    return this.#term !== undefined && this.#options.clock.monotonic() < this.#leaseEnds;
  }

  /** It may be found in the outbox before the answer to the append is here. */
  #appended(write: QueuedWrite, position: number | undefined): void {
    if (!this.#accept(write, position)) return;
    if (this.#options.queue().isStopped) this.#options.queue().abandon(write);
    this.#wake();
  }

  /** Returns whether a write is accepted only now. */
  #accept(write: QueuedWrite, position: number | undefined): boolean {
    if (write.isStored) return false;
    write.isStored = true;
    write.position = position;
    if (write.state === "failed") return false;
    write.accept();
    return true;
  }

  /**
   * A store that fails says so, whatever it throws, and the master is asked all the same; a write that it could never hold is
   * refused.
   */
  #notAppended(write: QueuedWrite, error: unknown): void {
    const queue = this.#options.queue();
    // Another write may have its id.
    if (this.#stored.get(write.id) === write) this.#stored.delete(write.id);
    if (MISTAKES.some((kind) => error instanceof kind)) return queue.refuse(write, error);
    this.#options.onError(error);
    if (write.state === "failed") return;
    write.acceptUnstored(error);
    queue.enter([write]);
  }

  #wake(): void {
    this.#isDue = true;
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    while (this.#isDue && !this.#closed) {
      // What is written one after the other is loaded together.
      if (this.#appends.isBusy) await this.#appends.lull();
      this.#isDue = false;
      try {
        await this.#step();
      } catch (error) {
        this.#options.onError(error);
      }
    }
    this.#working = undefined;
    if (!this.#closed) void this.#wakeLater();
  }

  async #step(): Promise<void> {
    const { clock, leaseMs } = this.#options;
    const isLow = this.#leaseEnds - clock.monotonic() < leaseMs / 2;
    if (this.#term === undefined || isLow) await this.#renew();
    if (this.#term === undefined) await this.#takeAnswers();
    else await this.#load();
  }

  /** Takes or extends the lease, if there is anything to send; otherwise gives it up. */
  async #renew(): Promise<void> {
    const { outbox, name, clock, leaseMs } = this.#options;
    this.#isRefused = false;
    if (this.#isDone && this.#term !== undefined) return await this.#release();
    if (this.#isDone && (await outbox.load(name, 0, 1)).length === 0) return;
    const ends = clock.monotonic() + leaseMs;
    const term = await outbox.lease(name, this.#holder, clock.now(), leaseMs);
    if (term !== this.#term) {
      this.#lose();
      if (term !== this.#lastTerm) this.#marks.forgetReturned();
      this.#isLoaded = false;
    }
    this.#term = term;
    this.#lastTerm = term ?? this.#lastTerm;
    this.#leaseEnds = ends;
    this.#isRefused = term === undefined;
    if (term === undefined) return this.#marks.forget();
    this.#marks.again();
    await this.#marks.done();
  }

  /** Gives the lease up, once all is marked that was answered, unless there is something to send again. */
  async #release(): Promise<void> {
    const { outbox, name } = this.#options;
    await this.#marks.done();
    const term = this.#term;
    if (term === undefined || !this.#isDone) return;
    this.#term = undefined;
    await outbox.release(name, term);
  }

  /** Another process sends now, or will. */
  #lose(): void {
    if (this.#term === undefined) return;
    this.#term = undefined;
    const queue = this.#options.queue();
    queue.withhold();
    for (const [id, write] of this.#stored) if (write.isAdopted && !queue.has(write)) this.#stored.delete(id);
    this.#wake();
  }

  /** Takes up the entries that are new; at the beginning of a term, all of them. */
  async #load(): Promise<void> {
    this.#departed = new Set();
    try {
      await this.#takeUp(this.#departed);
    } finally {
      this.#departed = undefined;
    }
  }

  async #takeUp(departed: ReadonlySet<number>): Promise<void> {
    const { outbox, name } = this.#options;
    const term = this.#term;
    // A load that failed begins again: what it found missing is not settled yet.
    if (!this.#isLoaded) this.#position = 0;
    const missing = this.#isLoaded ? undefined : this.#known();
    for (let isMore = true; isMore;) {
      const entries = await outbox.load(name, this.#position, LOADED_AT_ONCE);
      // What a closed table takes over would never be settled.
      if (this.#closed || term !== this.#term) return;
      for (const entry of entries) if (!isUnreadable(entry)) missing?.delete(entry.write.id);
      const there = entries.filter(({ position }) => !departed.has(position));
      this.#options.queue().enter(there.flatMap((entry) => this.#take(entry) ?? []));
      this.#position = entries.at(-1)?.position ?? this.#position;
      isMore = entries.length === LOADED_AT_ONCE;
    }
    if (missing !== undefined) await this.#settleMissing(missing);
    if (term === this.#term) this.#isLoaded = true;
  }

  /** The ids of the writes that are stored. */
  #known(): Set<string> {
    const known = new Set<string>();
    for (const [id, { isStored }] of this.#stored) if (isStored) known.add(id);
    return known;
  }

  /** Writes that are not in the outbox any more: another process has sent them, or has discarded them. */
  async #settleMissing(ids: ReadonlySet<string>): Promise<void> {
    await this.#takeAnswers();
    for (const id of ids) if (!this.#leaving.has(id)) this.#lost(id);
  }

  /** Settles a write that is not in the outbox any more, if it is not known what became of it. */
  #lost(id: string, cause?: unknown): void {
    const write = this.#stored.get(id);
    if (write === undefined) return;
    this.#leave(write);
    const message = `What became of the write ${describe(id)} is unknown: it is not in the outbox any more`;
    this.#options.queue().fail(write, new OutboxError(message, { effect: "unknown", cause }));
  }

  /** Once it resolves, all answers that were there are dealt with, whichever call has taken them out. */
  #takeAnswers(): Promise<void> {
    const taken = this.#taking.then(() => this.#takeNext());
    this.#taking = taken.catch(() => {});
    return taken;
  }

  async #takeNext(): Promise<void> {
    const { outbox, name } = this.#options;
    if (this.#stored.size === 0) return;
    for (const answer of await outbox.answers(name, this.#holder)) await this.#answeredElsewhere(answer);
  }

  /** Takes an entry over; returns the write that can be sent now. */
  #take(entry: OutboxEntry | UnreadableEntry): QueuedWrite | undefined {
    if (isUnreadable(entry)) {
      if (!this.#unreadable.has(entry.position)) this.#options.onError(entry.error);
      this.#unreadable.add(entry.position);
      return undefined;
    }
    const { write: stored, attempts, state, realId, position } = entry;
    if (state === "failed") return undefined;
    const queue = this.#options.queue();
    if (realId !== undefined && stored.rowId !== undefined) queue.learn(stored.rowId, realId);
    const write = this.#stored.get(stored.id) ?? queue.adopt(entry);
    this.#appended(write, position);
    write.wasTried(attempts);
    // Another process has sent it, and may have been stopped before the answer.
    if (state === "sent") write.doubt();
    this.#stored.set(stored.id, write);
    return write;
  }

  async #answeredElsewhere({ id, answer, failure, realId }: OutboxAnswer): Promise<void> {
    const { onAnsweredElsewhere } = this.#options;
    const queue = this.#options.queue();
    const write = this.#stored.get(id);
    if (write === undefined) return;
    this.#accept(write, write.position);
    this.#leave(write);
    if (realId !== undefined && write.rowId !== undefined) queue.learn(write.rowId, realId);
    if (failure !== undefined) return queue.fail(write, errorOf(failure));
    // It cannot be taken back any more.
    write.send();
    await onAnsweredElsewhere(write, realId ?? answer);
    queue.succeed(write, realId ?? answer);
  }

  async #wakeLater(): Promise<void> {
    const { clock, outbox, leaseMs } = this.#options;
    const isBusy = this.#stored.size > 0 || this.#term !== undefined || this.#isRefused;
    if (!isBusy && !outbox.shared) return;
    this.#timer.abort();
    const { signal } = this.#timer = new AbortController();
    const ms = isBusy ? Math.min(POLL_MS, leaseMs / 3) : CHECK_MS;
    await clock.wait(ms, { signal, background: true }).catch(() => {});
    if (!signal.aborted) this.#wake();
  }
}
