import { Line } from "../base/line.ts";
import type { Clock } from "../base/clock.ts";
import { isPromise } from "../base/maybe_promise.ts";
import { ClosedError, NotFoundError, QueueFullError } from "../table/errors.ts";
import { Followers } from "./followers.ts";
import { inDoubt } from "./in_doubt.ts";
import type { Journal, JournalEntry } from "./journal.ts";
import { Lanes } from "./lanes.ts";
import { QueuedWrite, type QueuedWriteOwner } from "./queued_write.ts";
import { type PauseReason, Resting } from "./resting.ts";
import type { RowIds } from "./row_ids.ts";
import { SignIns } from "./sign_ins.ts";
import { UnstoredOrder } from "./unstored_order.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "./write_op.ts";
import type { WriteRequest } from "./write_request.ts";

/**
 * What follows from a failed attempt: the write has failed, or it is sent again after a pause, or once the user has signed in;
 * if only this one is refused, it has failed.
 */
export type Verdict =
  | { readonly kind: "fail"; readonly error: unknown }
  | { readonly kind: "retry"; readonly pauseMs: number; readonly leastMs: number; readonly isOutage: boolean }
  | { readonly kind: "hold"; readonly error: unknown };

/** Options of a {@linkcode WriteQueue}. */
export interface WriteQueueOptions {
  /** How many accepted writes it holds, those in flight included. */
  readonly capacity: number;
  /** How many more may wait for a place; one beyond that is refused. */
  readonly waitingCapacity: number;
  /** How many calls of the master may be in flight at once. */
  readonly concurrency: number;
  /** Tells which writes can be sent in one call with this one; `undefined` for none. */
  readonly sharing?: ((write: QueuedWrite) => ((other: QueuedWrite) => boolean) | undefined) | undefined;
  /** Called before `send` with the writes of a call, if it has several. */
  readonly together?: ((writes: readonly QueuedWrite[]) => void) | undefined;
  /** Where writes are stored until they are answered, if they are. */
  readonly journal: Journal | undefined;
  /** Makes one attempt to do a write, and answers with the master's answer. */
  readonly send: (write: QueuedWrite) => Promise<WriteAnswer>;
  /** Decides what follows from an attempt that failed, so long after the first one. */
  readonly judge: (write: QueuedWrite, error: unknown, sinceMs: number) => Verdict;
  /** Called when a write is refused, or was sent and will not be sent any more, before its promises reject. */
  readonly failed: (write: QueuedWrite, error: unknown) => void;
  /** Called when a write is accepted, before it is sent. */
  readonly accepted?: ((write: QueuedWrite) => void) | undefined;
  /** Called when an accepted write will not be sent any more from here, before its promises reject. */
  readonly ended?: ((write: QueuedWrite, error?: unknown) => void) | undefined;
  /** Resolves when something was read that has a write in it which was applied. */
  readonly observe: (write: QueuedWrite) => Promise<void>;
  /** The ids that the master has given to rows. */
  readonly rowIds: RowIds;
  readonly clock: Clock;
}

/** How many writes have to find no master, at least, for the queue to wait as a whole. */
const LEAST_IN_OUTAGE = 2;
/** How many writes are sent in one call at the most, where the master takes several: no more than a journal notes in one step. */
export const WRITES_IN_CALL = 100;

/** One call of the master. */
interface Call {
  /** How many of its writes are neither settled, nor set aside until they are sent again. */
  unsettled: number;
}

/**
 * Sends writes to one row in the order of the calls, and rows independently of each other; a write to the whole set waits
 * for all before it, and holds all after it. A write that fails does not hold up the next, and a promise that is not
 * awaited never becomes an unhandled rejection.
 */
export class WriteQueue implements QueuedWriteOwner {
  readonly clock: Clock;
  /** Called when other writes are queued or in flight, if somebody wants to know. */
  onPending: (() => void) | undefined;
  readonly #options: WriteQueueOptions;
  readonly #accepted = new Line<QueuedWrite>();
  readonly #waiting = new Line<QueuedWrite>();
  readonly #lanes = new Lanes<QueuedWrite>();
  readonly #inFlight = new Set<QueuedWrite>();
  readonly #resting: Resting<QueuedWrite>;
  /** Those that are being removed from the journal. They keep their places: what cannot be removed is sent in its turn. */
  readonly #withdrawing = new Set<QueuedWrite>();
  /** Those of them whose turn it is. */
  readonly #held = new Set<QueuedWrite>();
  readonly #unstored: UnstoredOrder;
  readonly #followers = new Followers();
  readonly #rowIds: RowIds;
  readonly #signIns = new SignIns<QueuedWrite>();
  readonly #onIdle = new Set<() => void>();
  /** How many calls are in flight. */
  #calls = 0;
  /** Writes that are sent whatever the limit. */
  #nested = 0;
  /** The writes that found no master since the last one that did. */
  readonly #inVain = new Set<QueuedWrite>();
  #closed = false;
  #isStopped = false;

  /** An empty queue. */
  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#rowIds = options.rowIds;
    this.#unstored = new UnstoredOrder({
      accepted: this.#accepted,
      rowOf: (write) => this.#rowOf(write),
      hasEntered: (write) => this.#lanes.has(write),
    });
    this.#resting = new Resting({
      clock: options.clock,
      isBackground: options.journal !== undefined,
      onWoken: (write) => this.#wake(write),
      onWokenEarly: (write) => void write.uncounted++,
      onNextInOutage: () => this.#pump(),
    });
  }

  /** How many writes are queued or in flight, those that wait for a place included. */
  get size(): number {
    return this.#accepted.size + this.#waiting.size;
  }

  /** When the first of them was accepted, in milliseconds since the epoch; `undefined` if there is none. */
  get oldestAt(): number | undefined {
    return (this.#accepted.first ?? this.#waiting.first)?.request.acceptedAt;
  }

  /** Whether it is closed and sends no stored write any more. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** The writes that are queued or in flight, in order. */
  pending(): QueuedWrite[] {
    return [...this.#accepted, ...this.#waiting];
  }

  /**
   * Puts a write in line. If nothing is before it, it is sent before this returns. The write that is handed out shows
   * `op`.
   *
   * @throws {ClosedError} once the queue is closed.
   * @throws {QueueFullError} if as many wait for a place as may.
   * @throws {unknown} the signal's reason if it is aborted already.
   */
  enqueue(request: WriteRequest, op: WriteOp = request.op): QueuedWrite {
    request.signal?.throwIfAborted();
    if (this.#closed) throw new ClosedError(`Cannot ${describeWriteOp(request.op)}: the table is closed`);
    const { capacity, waitingCapacity } = this.#options;
    if (this.#accepted.size >= capacity && this.#waiting.size >= waitingCapacity) {
      throw new QueueFullError(
        `Cannot ${
          describeWriteOp(request.op)
        }: ${this.#accepted.size} writes are queued and ${this.#waiting.size} wait for a place`,
        { retriable: true },
      );
    }
    const write = new QueuedWrite(request, op, this);
    this.#waiting.add(write);
    this.#began(write);
    if (request.isNested) this.#nested++;
    this.#admit();
    return write;
  }

  /** Takes a stored write over, which another process has accepted, or an earlier one. It is sent once it has entered. */
  adopt({ write: request, attempts, position }: JournalEntry): QueuedWrite {
    const write = new QueuedWrite(request, request.op, this);
    write.wasTried(attempts);
    write.position = position;
    write.isStored = write.isAdopted = true;
    write.accept();
    this.#accepted.add(write);
    this.#began(write);
    return write;
  }

  /** A write is pending. */
  #began(write: QueuedWrite): void {
    this.#followers.add(write);
    if (write.rowId !== undefined) this.#rowIds.begin(write.rowId);
    this.onPending?.();
  }

  /** A write is not pending here any more. */
  #ended(write: QueuedWrite): void {
    this.#followers.delete(write);
    if (write.rowId !== undefined) this.#rowIds.end(write.rowId);
    this.onPending?.();
  }

  /** Whether a write is accepted and has not settled. */
  has(write: QueuedWrite): boolean {
    return this.#accepted.has(write);
  }

  /** Lets accepted writes be sent in their turn, with all whose turn has come since. */
  enter(writes: readonly QueuedWrite[]): void {
    for (const write of writes) this.#enter(write);
    this.#pump();
  }

  #enter(write: QueuedWrite): void {
    if (!this.has(write) || this.#lanes.has(write)) return;
    if (this.#isStopped && write.isStored && !this.#isLeaving(write)) return this.abandon(write);
    if (this.#unstored.followsLeft(write)) return this.#giveUp(write, afterAbandoned(write));
    if (this.#isBehind(write)) return this.#unstored.wait(write);
    this.#unstored.delete(write);
    this.#lanes.add(write, this.#rowOf(write));
    for (const later of write.isStored ? this.#unstored.waiting : []) this.#enter(later);
  }

  #rowOf({ rowId }: QueuedWrite): string | undefined {
    return rowId === undefined ? undefined : this.#rowIds.made(rowId);
  }

  #isBehind(write: QueuedWrite): boolean {
    return this.#options.journal !== undefined && this.#unstored.isBehind(write);
  }

  /**
   * Takes the stored writes out of the lanes that are neither in flight nor resting, and what follows them: they enter again
   * if they are sent here.
   */
  withhold(): void {
    for (const write of [...this.#accepted]) {
      if (!write.isStored || this.#inFlight.has(write) || this.#resting.has(write)) continue;
      this.#lanes.delete(write);
      this.#held.delete(write);
      if (write.isAdopted) this.#hand(write);
    }
    this.#holdBack();
    this.#left();
  }

  /** Takes what is not stored out of the lanes, and is neither in flight nor resting, if a stored one before it is out. */
  #holdBack(): void {
    for (const write of this.#accepted) {
      if (write.isStored || !this.#lanes.has(write) || this.#inFlight.has(write) || this.#resting.has(write)) continue;
      if (!this.#isBehind(write)) continue;
      this.#lanes.delete(write);
      this.#unstored.wait(write);
    }
  }

  /** Leaves an adopted write to the process that sends now. */
  #hand(write: QueuedWrite): void {
    if (!this.#accepted.delete(write)) return;
    this.#ended(write);
    this.#options.ended?.(write);
  }

  /** Remembers the id that the master has given to an inserted row. */
  learn(madeId: string, realId: string): void {
    this.#rowIds.learn(madeId, realId);
  }

  /** What is sent: to a row whose insertion was answered, under the id that the master gave it. */
  toSend({ request: { op } }: QueuedWrite): WriteOp {
    return "id" in op ? withId(op, this.#rowIds.real(op.id)) : op;
  }

  /** Settles a write with what another process was answered. */
  succeed(write: QueuedWrite, answer: WriteAnswer): void {
    if (!this.#leave(write)) return;
    if (write.op.kind === "insertReturnId" && typeof answer === "string") this.learn(write.rowId ?? "", answer);
    write.succeed(answer);
    this.#left();
  }

  /** Settles a write that will not be sent any more from here. */
  fail(write: QueuedWrite, error: unknown): void {
    if (!this.#leave(write)) return;
    this.#end(write, error);
    this.#left();
  }

  /** Settles a write that was taken back, and fails with an insertion those that follow it. */
  takeBack(write: QueuedWrite, reason: unknown): void {
    if (!this.#leave(write)) return;
    const followers = this.#takeOut(write);
    this.#end(write, reason);
    this.#failFollowers(followers, reason);
    this.#left();
  }

  #end(write: QueuedWrite, error: unknown): void {
    this.#options.ended?.(write, error);
    write.fail(error);
  }

  /** Fails a write for good that cannot be accepted. */
  refuse(write: QueuedWrite, error: unknown): void {
    if (this.has(write)) this.#giveUp(write, error);
  }

  /** Whether one write must leave the queue before another one can be sent. */
  precedes(write: QueuedWrite, later: QueuedWrite): boolean {
    return this.#lanes.precedes(write, later);
  }

  /** Takes a write back if it was never sent. */
  withdraw(write: QueuedWrite, reason: unknown): boolean {
    if (write.state !== "waiting" && write.state !== "accepted") return false;
    const removed = this.has(write) ? this.#options.journal?.withdraw(write) ?? true : true;
    if (removed === false) return false;
    if (!isPromise(removed)) {
      this.takeBack(write, reason);
      return true;
    }
    this.#withdrawing.add(write);
    void removed.then((isRemoved) => {
      this.#withdrawing.delete(write);
      if (isRemoved) this.takeBack(write, reason);
      else for (const it of [write, ...this.#followers.of(write)]) this.#letGo(it);
      this.#pump();
    });
    return true;
  }

  /** Whether a write is being taken back, or the insertion that it follows. */
  #isLeaving(write: QueuedWrite): boolean {
    const withdrawing = this.#withdrawing;
    if (withdrawing.size === 0) return false;
    const insertion = this.#followers.insertionOf(write);
    return withdrawing.has(write) || (insertion !== undefined && withdrawing.has(insertion));
  }

  /** A write could not be taken back, or the insertion that it follows. */
  #letGo(write: QueuedWrite): void {
    const isHeld = this.#held.delete(write);
    if (this.#isStopped && write.isStored && this.has(write) && !this.#inFlight.has(write)) return this.abandon(write);
    if (isHeld) this.#lanes.putBack(write);
  }

  accepted(write: QueuedWrite): void {
    this.#options.accepted?.(write);
  }

  observe(write: QueuedWrite): Promise<void> {
    return this.#options.observe(write);
  }

  /** Sends nothing more until it is resumed. */
  pause(reason: PauseReason): void {
    this.#resting.pause(reason);
  }

  /** Sends what was paused, and what rests until its next attempt, unless there is another reason to wait. */
  resume(reason: PauseReason): void {
    this.#inVain.clear();
    if (reason === "unauthorized") this.#signIns.next();
    this.#resting.resume(reason);
    this.#pump();
  }

  /** Resolves when nothing is queued or in flight. */
  idle(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.add(resolve));
  }

  /**
   * Accepts no more writes, and resolves when the last one has settled. Nothing rests any more: what fails has failed. What
   * is stored, and cannot be sent now, stays in the journal.
   */
  async close(): Promise<void> {
    const { journal } = this.#options;
    this.#closed = true;
    await journal?.ready();
    if (journal !== undefined && (this.#resting.isPaused || !journal.isSending)) this.#stop();
    for (const write of this.#resting.close()) this.#putAside(write);
    this.#pump();
    // Writes of others may be taken over until the journal is closed.
    do await this.idle(); while (this.size > 0);
    await journal?.close();
  }

  #admit(): void {
    const { capacity, journal } = this.#options;
    while (this.#accepted.size < capacity) {
      const next = this.#waiting.first;
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#accepted.add(next);
      if (journal !== undefined) {
        journal.store(next);
        continue;
      }
      next.accept();
      this.#enter(next);
      this.#pump();
    }
  }

  /** Whether several writes, and as many as may be in flight, found no master: one that never finds it is no outage. */
  get #isOutage(): boolean {
    return this.#inVain.size >= Math.max(LEAST_IN_OUTAGE, this.#options.concurrency);
  }

  /** With no master in reach, one write at a time looks for it. */
  get #limit(): number {
    if (this.#nested > 0) return Infinity;
    return this.#isOutage ? 1 : this.#options.concurrency;
  }

  #pump(): void {
    while (this.#calls < this.#limit && !this.#resting.isPaused) {
      // In an outage, those that were not tried yet come first: it may be one of single rows.
      const write = this.#lanes.take(this.#isOutage ? (write) => !this.#inVain.has(write) : undefined);
      if (write === undefined) return;
      if (this.#isLeaving(write)) this.#held.add(write);
      else this.#call(this.#isOutage ? [write] : this.#withOthers(write));
    }
  }

  /** The write, and those that are sent in the same call: the first of their rows, one of each. */
  #withOthers(write: QueuedWrite): readonly QueuedWrite[] {
    const writes = [write];
    const canShare = this.#lanes.next && this.#options.sharing?.(write);
    if (canShare === undefined) return writes;
    for (let { next } = this.#lanes; next !== undefined; { next } = this.#lanes) {
      if (this.#isLeaving(next) || !canShare(next)) break;
      this.#lanes.take();
      if (writes.push(next) === WRITES_IN_CALL) break;
    }
    return writes;
  }

  #call(writes: readonly QueuedWrite[]): void {
    this.#calls++;
    const call: Call = { unsettled: writes.length };
    let isAnyStored = false;
    for (const write of writes) {
      this.#inFlight.add(write);
      isAnyStored ||= write.isStored;
    }
    if (isAnyStored) void this.#sendStored(writes, call);
    else this.#send(writes, call);
  }

  /** Sends the stored writes of a call, if they may be sent from here, and the others in any case. */
  async #sendStored(writes: readonly QueuedWrite[], call: Call): Promise<void> {
    const stored = writes.filter(({ isStored }) => isStored);
    if (await this.#begin(stored)) return this.#send(writes, call);
    this.#send(writes.filter((write) => !stored.includes(write)), call);
    this.#settled(call, stored.length);
  }

  async #begin(stored: readonly QueuedWrite[]): Promise<boolean> {
    const { journal } = this.#options;
    if (journal === undefined) return true;
    try {
      if (await journal.sending(stored)) return true;
      for (const write of stored) this.#stay(write);
    } catch {
      // The journal has reported it.
      for (const write of stored) this.#tryLater(write, journal.pauseMs);
    }
    return false;
  }

  /** A write was not sent, since that could not be noted. Other stored writes could not be either. */
  #tryLater(write: QueuedWrite, pauseMs: number): void {
    this.#inFlight.delete(write);
    if (this.#closed) return this.#putAside(write);
    this.#resting.add(write, { pauseMs, leastMs: pauseMs }, true);
  }

  #send(writes: readonly QueuedWrite[], call: Call): void {
    if (writes.length > 1) this.#options.together?.(writes);
    for (const write of writes) void this.#attempt(write, call);
  }

  #settled(call: Call, count: number): void {
    call.unsettled -= count;
    if (call.unsettled > 0) return;
    this.#calls--;
    this.#pump();
  }

  async #attempt(write: QueuedWrite, call: Call): Promise<void> {
    try {
      write.send();
      write.firstTriedAt ??= this.#resting.activeMs;
      this.#signIns.begin(write);
      const answer = await this.#options.send(write);
      this.#inVain.clear();
      this.#signIns.succeeded(write);
      if (write.isStored) this.#options.journal?.answered(write, answer);
      this.#inFlight.delete(write);
      this.succeed(write, answer);
    } catch (error) {
      this.#missed(write, error);
    } finally {
      this.#settled(call, 1);
    }
  }

  /** An attempt failed. */
  #missed(write: QueuedWrite, error: unknown): void {
    const { activeMs } = this.#resting;
    const verdict = this.#options.judge(write, error, activeMs - (write.firstTriedAt ?? activeMs));
    write.lastError = error;
    this.#inFlight.delete(write);
    this.#follow(write, verdict);
  }

  /** Does not send a write that another process sends, or that cannot be marked as sent now. */
  #stay(write: QueuedWrite): void {
    this.#inFlight.delete(write);
    this.#lanes.delete(write);
    if (this.#closed) this.#stop();
    else if (write.isAdopted) this.#hand(write);
    this.#holdBack();
    this.#left();
  }

  #follow(write: QueuedWrite, verdict: Verdict): void {
    if (verdict.kind === "fail" || (verdict.kind === "hold" && this.#isRefusedAlone(write))) {
      return this.#giveUp(write, verdict.error);
    }
    if (write.isStored && !write.isInDoubt) this.#options.journal?.returned(write);
    if (this.#closed) return this.#putAside(write);
    if (verdict.kind === "hold") {
      write.uncounted++;
      this.#lanes.putBack(write);
      // Otherwise it was refused with what the user had before.
      if (!this.#signIns.isOutdated(write)) this.pause("unauthorized");
      return;
    }
    if (verdict.isOutage) this.#inVain.add(write);
    else this.#inVain.clear();
    this.#resting.add(write, verdict, this.#isOutage);
  }

  #isRefusedAlone(write: QueuedWrite): boolean {
    return !this.#signIns.isOutdated(write) && this.#signIns.refused(write);
  }

  #wake(write: QueuedWrite): void {
    this.#lanes.putBack(write);
    this.#pump();
  }

  /** Fails a write for good, and with an insertion those that follow it: their row will never exist. */
  #giveUp(write: QueuedWrite, error: unknown): void {
    const followers = this.#takeOut(write);
    this.#fail(write, error);
    this.#failFollowers(followers, error);
    this.#left();
  }

  /** Takes a write out of the lanes, and with an insertion those that follow it: none of them is sent once that has left. */
  #takeOut(write: QueuedWrite): readonly QueuedWrite[] {
    const followers = this.#followers.of(write);
    for (const it of [write, ...followers]) this.#lanes.delete(it);
    return followers;
  }

  #failFollowers(followers: readonly QueuedWrite[], cause: unknown): void {
    for (const it of followers) {
      const message = `Cannot ${describeWriteOp(it.op)}: its insertion has failed, or was taken back`;
      this.#fail(it, new NotFoundError(message, { cause }));
    }
  }

  #fail(write: QueuedWrite, error: unknown): void {
    const { journal } = this.#options;
    if (write.isStored && journal !== undefined) return void this.#failStored(write, error, journal);
    if (!this.#leave(write)) return;
    void journal?.withdraw(write);
    this.#failed(write, error);
  }

  /** A failure is stored before it is reported: otherwise another process could still send the write. */
  async #failStored(write: QueuedWrite, error: unknown, journal: Journal): Promise<void> {
    this.#inFlight.add(write);
    const isStored = await (isHandled(write, error) ? journal.dropped(write) : journal.failed(write, error));
    this.#inFlight.delete(write);
    if (!this.#leave(write)) return;
    this.#failed(write, isStored ? error : inDoubt(error));
    this.#left();
  }

  #failed(write: QueuedWrite, error: unknown): void {
    if (!isHandled(write, error)) this.#options.failed(write, error);
    this.#end(write, error);
  }

  /** Ends a write that was to be sent again when the queue was closed. */
  #putAside(write: QueuedWrite): void {
    if (write.isStored) this.#stop();
    else this.#giveUp(write, write.isInDoubt ? inDoubt(write.lastError) : write.lastError);
  }

  /** Leaves all that is stored and not in flight: what follows a write that is left must not be sent before it. */
  #stop(): void {
    this.#isStopped = true;
    const idle = this.pending().filter((write) => !this.#inFlight.has(write) && !this.#isLeaving(write));
    const left = idle.filter(({ isStored }) => isStored);
    for (const write of left) this.#unstored.leave(write);
    for (const write of idle) {
      if (this.#lanes.has(write) && this.#unstored.followsLeft(write)) this.#giveUp(write, afterAbandoned(write));
    }
    // What follows an insertion that was given up has failed.
    for (const write of left) if (!this.#inFlight.has(write)) this.abandon(write);
  }

  /** Leaves a stored write in the journal, for the next process that sends from it. */
  abandon(write: QueuedWrite): void {
    this.#unstored.leave(write);
    const message = `Cannot ${describeWriteOp(write.op)} yet: the table is closed. The write is kept in the outbox`;
    // It is going to be sent, or has been by now.
    this.fail(write, new ClosedError(message, { retriable: true, effect: "unknown" }));
  }

  /** The place in the queue is free before the outcome is known to the caller. Returns whether it had one. */
  #leave(write: QueuedWrite): boolean {
    this.#lanes.delete(write);
    this.#held.delete(write);
    this.#unstored.delete(write);
    this.#resting.forget(write);
    this.#inVain.delete(write);
    if (!this.#accepted.delete(write) && !this.#waiting.delete(write)) return false;
    this.#ended(write);
    if (write.request.isNested) this.#nested--;
    return true;
  }

  #left(): void {
    this.#admit();
    const { waiting } = this.#unstored;
    if (waiting.length > 0) this.enter(waiting);
    if (this.size > 0) return;
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle.clear();
  }
}

/** Whether the caller goes on with what the master has answered: that is no failure to be kept or reported. */
function isHandled({ request, state }: QueuedWrite, error: unknown): boolean {
  return request.handlesNotFound === true && state === "sent" && error instanceof NotFoundError;
}

function withId<O extends { readonly id: string }>(op: O, id: string): O {
  return op.id === id ? op : { ...op, id };
}

/** Why a write is not sent that is not stored, where one that is may be sent elsewhere before it or after it. */
function afterAbandoned({ op, isInDoubt }: QueuedWrite): ClosedError {
  const message = `Cannot ${
    describeWriteOp(op)
  }: the table is closed, and another write to its rows is kept in the outbox`;
  return new ClosedError(message, { effect: isInDoubt ? "unknown" : "none" });
}
