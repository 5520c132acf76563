import { ClosedError, QueueFullError } from "../table/errors.ts";
import { rememberSelf } from "../base/self.ts";
import type { Query } from "../table/query.ts";
import { onAbort } from "../base/on_abort.ts";
import { Line } from "../base/line.ts";
import type { Write, WriteState } from "./write.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "./write_op.ts";

/** Options of a {@linkcode WriteQueue}. */
export interface WriteQueueOptions {
  /** How many accepted writes it holds, the one in flight included. */
  readonly capacity: number;
  /** How many more may wait for a place; one beyond that is refused. */
  readonly waitingCapacity: number;
  /** Does a write, and answers with the master's answer. Called once at the most for each. */
  readonly send: (write: WriteRequest) => Promise<WriteAnswer>;
}

/** A write as it is queued: nothing but data, so that it can be stored; and the signal that takes it back meanwhile. */
export interface WriteRequest {
  /** The write's id. */
  readonly id: string;
  /** What is to be done. */
  readonly op: WriteOp;
  /** The set that it is done in. */
  readonly within: Query;
  /** Takes the write back while it is queued. Once it is sent, the signal has no effect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sends writes one after the other, in the order of the calls. A write that fails does not hold up the next, and a
 * promise that is not awaited never becomes an unhandled rejection.
 */
export class WriteQueue {
  readonly #capacity: number;
  readonly #waitingCapacity: number;
  readonly #send: (write: WriteRequest) => Promise<WriteAnswer>;
  readonly #accepted = new Line<QueuedWrite>();
  readonly #waiting = new Line<QueuedWrite>();
  #idle: Promise<void> = Promise.resolve();
  #draining = false;
  #closed = false;

  /** An empty queue. */
  constructor({ capacity, waitingCapacity, send }: WriteQueueOptions) {
    this.#capacity = capacity;
    this.#waitingCapacity = waitingCapacity;
    this.#send = send;
  }

  /** How many writes are queued or in flight, those that wait for a place included. */
  get size(): number {
    return this.#accepted.size + this.#waiting.size;
  }

  /**
   * Puts a write in line. If nothing is before it, it is sent before this returns. The write that is handed out shows
   * `op`.
   *
   * @throws {ClosedError} once the queue is closed.
   * @throws {QueueFullError} if as many wait for a place as may.
   * @throws {unknown} the signal's reason if it is aborted already.
   */
  enqueue(request: WriteRequest, op: WriteOp = request.op): Write {
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
    const write = new QueuedWrite(request, op, (left) => this.#leave(left));
    this.#waiting.add(write);
    this.#admit();
    if (!this.#draining) this.#idle = this.#drain();
    return write;
  }

  /** Resolves when nothing is queued or in flight. */
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
    for (let next = this.#accepted.first; next !== undefined; next = this.#accepted.first) {
      await next.send(this.#send);
    }
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
  readonly #request: WriteRequest;
  readonly #leave: (write: QueuedWrite) => void;
  readonly #outcome: Deferred<WriteAnswer> = defer();
  readonly #acceptance: Deferred<void> = defer();
  readonly #stopListening: () => void;
  #state: WriteState = "waiting";

  constructor(request: WriteRequest, op: WriteOp, leave: (write: QueuedWrite) => void) {
    rememberSelf(this, QueuedWrite);
    const { id, signal } = request;
    this.id = id;
    this.op = op;
    this.#request = request;
    this.#leave = leave;
    this.accepted = this.#acceptance.promise;
    this.applied = this.#outcome.promise;
    this.accept = () => {
      this.#state = "accepted";
      this.#acceptance.resolve();
    };
    // Neither has to be awaited: the failure is reported where the write is sent.
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

  async send(send: (write: WriteRequest) => Promise<WriteAnswer>): Promise<void> {
    this.#stopListening();
    this.#state = "sent";
    try {
      const answer = await send(this.#request);
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

  /** The place in the queue is free before the outcome is known to the caller. */
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
