import { ClosedError, QueueFullError } from "../table/errors.ts";
import { rememberSelf } from "../base/self.ts";
import { wholeNumber } from "../base/whole_number.ts";
import { onAbort } from "../base/on_abort.ts";
import { Line } from "./line.ts";
import type { Write, WriteState } from "./write.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "./write_op.ts";

/** Options of a {@linkcode WriteQueue}. */
export interface WriteQueueOptions {
  /** How many accepted writes it holds, the one that is under way included. */
  readonly capacity: number;
  /** How many more may wait for a place; one beyond that is refused. */
  readonly waitingCapacity: number;
}

/** A write as the queue hands it out: `send` does the work, and is called once at the most. */
export interface WriteRequest {
  /** The write's id. */
  readonly id: string;
  /** What is to be done. */
  readonly op: WriteOp;
  /** Takes the write back while it is queued. Once it is sent, the signal means nothing any more. */
  readonly signal?: AbortSignal | undefined;
  /** Does it, and answers with the master's answer. */
  readonly send: () => Promise<WriteAnswer>;
}

/**
 * Sends writes one after the other, in the order in which they were made. A write that fails does not hold up the next;
 * a promise that nobody awaits never becomes an unhandled rejection.
 */
export class WriteQueue {
  readonly #capacity: number;
  readonly #waitingCapacity: number;
  readonly #accepted = new Line<QueuedWrite>();
  readonly #waiting = new Line<QueuedWrite>();
  #idle: Promise<void> = Promise.resolve();
  #draining = false;
  #closed = false;

  /**
   * An empty queue.
   *
   * @throws {RangeError} if a capacity is not a whole number (of at least 1 for `capacity`, 0 for `waitingCapacity`).
   */
  constructor({ capacity, waitingCapacity }: WriteQueueOptions) {
    this.#capacity = wholeNumber("queueCapacity", capacity);
    this.#waitingCapacity = wholeNumber("waitingCapacity", waitingCapacity, 0);
  }

  /** How many writes are queued or under way, those that wait for a place included. */
  get size(): number {
    return this.#accepted.size + this.#waiting.size;
  }

  /**
   * Puts a write in line. If nothing is before it, it is sent before this returns.
   *
   * @throws {ClosedError} once the queue is closed.
   * @throws {QueueFullError} if as many wait for a place as may.
   * @throws {unknown} the signal's reason if it is aborted already.
   */
  enqueue(request: WriteRequest): Write {
    request.signal?.throwIfAborted();
    if (this.#closed) throw new ClosedError(`Cannot ${describeWriteOp(request.op)}: the table is closed`);
    if (this.#accepted.size >= this.#capacity && this.#waiting.size >= this.#waitingCapacity) {
      throw new QueueFullError(
        `Cannot ${
          describeWriteOp(request.op)
        }: ${this.#accepted.size} writes are queued and ${this.#waiting.size} wait for a place`,
        { retriable: true },
      );
    }
    const write = new QueuedWrite(request, (left) => this.#leave(left));
    this.#waiting.add(write);
    this.#admit();
    if (!this.#draining) this.#idle = this.#drain();
    return write;
  }

  /** Resolves when nothing is queued or under way. */
  idle(): Promise<void> {
    return this.#idle;
  }

  /** Accepts no more writes, and resolves when the last one has settled. */
  close(): Promise<void> {
    this.#closed = true;
    return this.#idle;
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    for (let next = this.#accepted.first; next !== undefined; next = this.#accepted.first) await next.send();
    this.#draining = false;
  }

  #leave(write: QueuedWrite): void {
    if (!this.#accepted.delete(write)) this.#waiting.delete(write);
    this.#admit();
  }

  #admit(): void {
    while (this.#accepted.size < this.#capacity) {
      const next = this.#waiting.first;
      if (next === undefined) return;
      this.#waiting.delete(next);
      this.#accepted.add(next);
      next.accept();
    }
  }
}

class QueuedWrite implements Write {
  readonly id: string;
  readonly op: WriteOp;
  readonly accepted: Promise<void>;
  readonly applied: Promise<WriteAnswer>;
  readonly accept: () => void;
  readonly #send: () => Promise<WriteAnswer>;
  readonly #leave: (write: QueuedWrite) => void;
  readonly #outcome: Deferred<WriteAnswer> = defer();
  readonly #acceptance: Deferred<void> = defer();
  readonly #stopListening: () => void;
  #state: WriteState = "waiting";

  constructor({ id, op, signal, send }: WriteRequest, leave: (write: QueuedWrite) => void) {
    rememberSelf(this, QueuedWrite);
    this.id = id;
    this.op = op;
    this.#send = send;
    this.#leave = leave;
    this.accepted = this.#acceptance.promise;
    this.applied = this.#outcome.promise;
    this.accept = () => {
      this.#state = "accepted";
      this.#acceptance.resolve();
    };
    // Nobody has to await either: the failure is reported where the write is sent.
    this.accepted.catch(() => {});
    this.applied.catch(() => {});
    this.#stopListening = signal === undefined ? () => {} : onAbort(signal, () => void this.#withdraw(signal.reason));
  }

  get state(): WriteState {
    return this.#state;
  }

  cancel(): boolean {
    return this.#withdraw(new DOMException(`The write was cancelled: ${describeWriteOp(this.op)}`, "AbortError"));
  }

  async send(): Promise<void> {
    this.#stopListening();
    this.#state = "sent";
    try {
      const answer = await this.#send();
      this.#finish("applied");
      this.#outcome.resolve(answer);
    } catch (error) {
      this.#finish("failed");
      this.#outcome.reject(error);
    }
  }

  #withdraw(reason: unknown): boolean {
    if (this.#state !== "waiting" && this.#state !== "accepted") return false;
    this.#stopListening();
    this.#finish("failed");
    this.#acceptance.reject(reason);
    this.#outcome.reject(reason);
    return true;
  }

  /** The place in the queue is free before anybody hears the outcome. */
  #finish(state: "applied" | "failed"): void {
    this.#state = state;
    this.#leave(this);
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (reason: unknown) => void;
}

/** `Promise.withResolvers`, which Node 20 does not have. */
function defer<T>(): Deferred<T> {
  let resolve: Deferred<T>["resolve"] = () => {};
  let reject: Deferred<T>["reject"] = () => {};
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve;
    reject = onReject;
  });
  return { promise, resolve, reject };
}
