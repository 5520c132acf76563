import { Line } from "../base/line.ts";
import type { Clock } from "../base/clock.ts";
import { ClosedError, QueueFullError } from "../table/errors.ts";
import { Lanes } from "./lanes.ts";
import { QueuedWrite, type QueuedWriteOwner } from "./queued_write.ts";
import { type PauseReason, Resting } from "./resting.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "./write_op.ts";
import type { WriteRequest } from "./write_request.ts";

/**
 * What follows from a failed attempt: the write has failed, or it is sent again after a pause, or once the queue is resumed.
 */
export type Verdict =
  | { readonly kind: "fail"; readonly error: unknown }
  | { readonly kind: "retry"; readonly pauseMs: number; readonly leastMs: number; readonly isOutage: boolean }
  | { readonly kind: "hold" };

/** Options of a {@linkcode WriteQueue}. */
export interface WriteQueueOptions {
  /** How many accepted writes it holds, those in flight included. */
  readonly capacity: number;
  /** How many more may wait for a place; one beyond that is refused. */
  readonly waitingCapacity: number;
  /** How many writes may be in flight at once. */
  readonly concurrency: number;
  /** Makes one attempt to do a write, and answers with the master's answer. */
  readonly send: (write: QueuedWrite) => Promise<WriteAnswer>;
  /** Decides what follows from an attempt that failed. */
  readonly judge: (write: QueuedWrite, error: unknown) => Verdict;
  /** Called when a write that was sent will not be sent any more, before its promises reject. */
  readonly failed: (write: QueuedWrite, error: unknown) => void;
  readonly observe: (writeId: string) => Promise<void>;
  readonly clock: Clock;
}

/**
 * Sends writes to one row in the order of the calls, and rows independently of each other; a write to the whole set waits
 * for all before it, and holds all after it. A write that fails does not hold up the next, and a promise that is not
 * awaited never becomes an unhandled rejection.
 */
export class WriteQueue implements QueuedWriteOwner {
  readonly clock: Clock;
  readonly #options: WriteQueueOptions;
  readonly #accepted = new Line<QueuedWrite>();
  readonly #waiting = new Line<QueuedWrite>();
  readonly #lanes = new Lanes<QueuedWrite>();
  readonly #resting: Resting<QueuedWrite>;
  readonly #onIdle = new Set<() => void>();
  #inFlight = 0;
  /** Writes that are sent whatever the limit. */
  #nested = 0;
  /** How many attempts in a row found no master. */
  #outages = 0;
  #closed = false;

  /** An empty queue. */
  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.#resting = new Resting({
      clock: options.clock,
      isBackground: false,
      onWoken: (write) => this.#wake(write),
      onWokenEarly: (write) => void write.early++,
    });
  }

  /** How many writes are queued or in flight, those that wait for a place included. */
  get size(): number {
    return this.#accepted.size + this.#waiting.size;
  }

  /** The writes that are queued or in flight, in the order of the calls. */
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
    if (request.isNested) this.#nested++;
    this.#admit();
    return write;
  }

  /** Whether one write must leave the queue before another one can be sent. */
  precedes(write: QueuedWrite, later: QueuedWrite): boolean {
    return this.#lanes.precedes(write, later);
  }

  /** Takes a write back if it was never sent. */
  withdraw(write: QueuedWrite, reason: unknown): boolean {
    if (write.state !== "waiting" && write.state !== "accepted") return false;
    this.#fail(write, reason);
    return true;
  }

  observe(writeId: string): Promise<void> {
    return this.#options.observe(writeId);
  }

  /** Sends nothing more until it is resumed. */
  pause(reason: PauseReason): void {
    this.#resting.pause(reason);
  }

  /** Sends what was paused, and what rests until its next attempt, unless there is another reason to wait. */
  resume(reason: PauseReason): void {
    this.#outages = 0;
    this.#resting.resume(reason);
    this.#pump();
  }

  /** Resolves when nothing is queued or in flight. */
  idle(): Promise<void> {
    return this.size === 0 ? Promise.resolve() : new Promise((resolve) => this.#onIdle.add(resolve));
  }

  /** Accepts no more writes, and resolves when the last one has settled. Nothing rests any more: what fails has failed. */
  close(): Promise<void> {
    this.#closed = true;
    for (const write of this.#resting.close()) this.#giveUp(write, write.lastError);
    this.#pump();
    return this.idle();
  }

  #admit(): void {
    while (this.#accepted.size < this.#options.capacity) {
      const next = this.#waiting.first;
      if (next === undefined) break;
      this.#waiting.delete(next);
      this.#accepted.add(next);
      next.accept();
      this.#lanes.add(next, next.rowId);
    }
    this.#pump();
  }

  /** With no master in reach, one write at a time looks for it. */
  get #limit(): number {
    if (this.#nested > 0) return Infinity;
    return this.#outages > 0 ? 1 : this.#options.concurrency;
  }

  #pump(): void {
    while (this.#inFlight < this.#limit && !this.#resting.isPaused) {
      const write = this.#lanes.take();
      if (write === undefined) return;
      void this.#attempt(write);
    }
  }

  async #attempt(write: QueuedWrite): Promise<void> {
    this.#inFlight++;
    write.send();
    try {
      const answer = await this.#options.send(write);
      this.#outages = 0;
      this.#succeed(write, answer);
    } catch (error) {
      const verdict = this.#options.judge(write, error);
      write.lastError = error;
      this.#follow(write, verdict);
    } finally {
      this.#inFlight--;
      this.#pump();
    }
  }

  #follow(write: QueuedWrite, verdict: Verdict): void {
    switch (verdict.kind) {
      case "fail":
        return this.#giveUp(write, verdict.error);
      case "hold":
        if (this.#closed) return this.#giveUp(write, write.lastError);
        write.early++;
        this.#lanes.putBack(write);
        return this.pause("unauthorized");
      case "retry": {
        if (this.#closed) return this.#giveUp(write, write.lastError);
        this.#outages = verdict.isOutage ? this.#outages + 1 : 0;
        const isOutage = this.#outages >= this.#options.concurrency;
        return this.#resting.add(write, verdict, isOutage);
      }
      default:
        return verdict satisfies never;
    }
  }

  #wake(write: QueuedWrite): void {
    this.#lanes.putBack(write);
    this.#pump();
  }

  #succeed(write: QueuedWrite, answer: WriteAnswer): void {
    this.#leave(write);
    write.succeed(answer);
    this.#left();
  }

  /** It was sent in vain. */
  #giveUp(write: QueuedWrite, error: unknown): void {
    this.#options.failed(write, error);
    this.#fail(write, error);
  }

  #fail(write: QueuedWrite, error: unknown): void {
    this.#leave(write);
    write.fail(error);
    this.#left();
  }

  /** The place in the queue is free before the outcome is known to the caller. */
  #leave(write: QueuedWrite): void {
    this.#lanes.delete(write);
    if (!this.#accepted.delete(write)) this.#waiting.delete(write);
    if (write.request.isNested) this.#nested--;
  }

  #left(): void {
    this.#admit();
    if (this.size > 0) return;
    for (const resolve of this.#onIdle) resolve();
    this.#onIdle.clear();
  }
}
