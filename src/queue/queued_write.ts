import type { Clock } from "../base/clock.ts";
import { describe } from "../base/describe.ts";
import { LazyPromise } from "../base/lazy_promise.ts";
import { onAbort } from "../base/on_abort.ts";
import { rememberSelf } from "../base/self.ts";
import { withinTime } from "../base/within_time.ts";
import { ConflictError, UnavailableError } from "../table/errors.ts";
import type { Row } from "../table/row.ts";
import type { WhenOptions, Write, WriteState } from "./write.ts";
import { describeWriteOp, type WriteAnswer, type WriteOp } from "./write_op.ts";
import type { WriteRequest } from "./write_request.ts";

type AwaitedState = Exclude<WriteState, "waiting">;

const AWAITED: readonly AwaitedState[] = ["accepted", "sent", "applied", "observed", "failed"];

/** What a {@linkcode QueuedWrite} needs of its queue. */
export interface QueuedWriteOwner {
  readonly clock: Clock;
  /** Takes a write back if it is not in flight; returns whether it did. */
  withdraw(write: QueuedWrite, reason: unknown): boolean;
  /** Called when a write is accepted. */
  accepted(write: QueuedWrite): void;
  /** Resolves when something was read that has the write in it. */
  observe(write: QueuedWrite): Promise<void>;
}

/** A write in the queue: its state, and the promises that tell of it. */
export class QueuedWrite implements Write {
  readonly request: WriteRequest;
  readonly op: WriteOp;
  /** How often it was tried. */
  attempts = 0;
  /** Attempts that count for no limit: made before their time, or not by this process since it has the write. */
  uncounted = 0;
  /** When it was first tried here, in milliseconds of the time that counts. */
  firstTriedAt: number | undefined;
  /** Why the last attempt failed. */
  lastError: unknown;
  /** Whether it is in the journal of its queue. */
  isStored = false;
  /** Its place in the order in which the journal's writes are sent, if it is there. */
  position: number | undefined;
  /** Whether another process, or an earlier one, accepted it: no caller in this process awaits it. */
  isAdopted = false;
  /** Whether the master has to be asked what became of the last attempt. */
  isInDoubt = false;
  /** Whether the last attempt failed in a call of the master, and not in what was done before or after it. */
  hasFailedAtMaster = false;
  /** How many calls of the master took too long and have not settled: what they do may still be done. */
  lateCalls = 0;
  /** Whether not even the master can tell. */
  isLost = false;
  /** The place of its change among those that the table has recorded, once it is applied. */
  place = 0;
  /** The row as it was before the first attempt, if that is known. */
  before: Row | undefined;
  readonly #owner: QueuedWriteOwner;
  // None of them has to be awaited: the failure is reported where the write is sent.
  readonly #outcome = new LazyPromise<WriteAnswer>();
  readonly #acceptance = new LazyPromise<void>();
  readonly #stopListening: (() => void) | undefined;
  #firstSent: LazyPromise<void> | undefined;
  #observation: Promise<void> | undefined;
  #state: WriteState = "waiting";

  constructor(request: WriteRequest, op: WriteOp, owner: QueuedWriteOwner) {
    rememberSelf(this, QueuedWrite);
    this.request = request;
    this.op = op;
    this.#owner = owner;
    const { signal } = request;
    this.#stopListening = signal && onAbort(signal, () => void owner.withdraw(this, signal.reason));
  }

  get id(): string {
    return this.request.id;
  }

  get rowId(): string | undefined {
    return this.request.rowId;
  }

  get state(): WriteState {
    return this.#state;
  }

  get accepted(): Promise<void> {
    return this.#acceptance.promise;
  }

  get applied(): Promise<WriteAnswer> {
    return this.#outcome.promise;
  }

  get observed(): Promise<void> {
    if (this.#observation !== undefined) return this.#observation;
    this.#observation = this.#observe();
    this.#observation.catch(() => {});
    return this.#observation;
  }

  async when(state: AwaitedState, options: WhenOptions = {}): Promise<void> {
    if (!AWAITED.includes(state)) {
      throw new TypeError(
        `Cannot wait for the state ${describe(state)} of a write; accepted are ${AWAITED.join(", ")}`,
      );
    }
    await withinTime(this.#reaching(state), options, this.#owner.clock);
  }

  cancel(): boolean {
    return this.#owner.withdraw(
      this,
      new DOMException(`The write was cancelled: ${describeWriteOp(this.op)}`, "AbortError"),
    );
  }

  /** There is room for it, and it is stored if it has to be. */
  accept(): void {
    this.#state = "accepted";
    this.#owner.accepted(this);
    this.#acceptance.resolve();
  }

  /** It could not be stored, and is sent all the same. */
  acceptUnstored(error: unknown): void {
    this.#state = "accepted";
    this.#owner.accepted(this);
    this.#acceptance.reject(error);
  }

  /** It may have been sent by a process that did not live to see the answer. */
  doubt(): void {
    if (this.isInDoubt) return;
    this.isInDoubt = true;
    this.lastError = new UnavailableError(
      `The answer to ${describeWriteOp(this.op)} was lost with the process that sent it`,
    );
  }

  /** So many attempts have been made, by whatever process. */
  wasTried(attempts: number): void {
    const elsewhere = Math.max(0, attempts - this.attempts);
    this.attempts += elsewhere;
    this.uncounted += elsewhere;
  }

  /** An attempt begins. */
  send(): void {
    this.#stopListening?.();
    this.attempts++;
    this.hasFailedAtMaster = false;
    this.#state = "sent";
    this.#firstSent?.resolve();
  }

  /** A call of the master took too long. */
  async expire(call: Promise<unknown>): Promise<void> {
    this.lateCalls++;
    await call.catch(() => {});
    this.lateCalls--;
  }

  /** The master has applied it. */
  succeed(answer: WriteAnswer): void {
    this.#state = "applied";
    this.#outcome.resolve(answer);
  }

  /** It will not be sent any more. */
  fail(error: unknown): void {
    this.#stopListening?.();
    this.#state = "failed";
    this.#acceptance.reject(error);
    this.#firstSent?.reject(error);
    this.#outcome.reject(error);
  }

  #reaching(state: AwaitedState): Promise<unknown> {
    if (state === "failed") return this.#failing();
    if (state === "accepted") return this.accepted;
    if (state === "observed") return this.observed;
    if (state === "applied" || this.#state === "failed") return this.applied;
    if (this.#state !== "waiting" && this.#state !== "accepted") return Promise.resolve();
    return (this.#firstSent ??= new LazyPromise()).promise;
  }

  #failing(): Promise<void> {
    const failing = this.applied.then(() => {
      throw new ConflictError(`Cannot wait until it fails to ${describeWriteOp(this.op)}: it was applied`);
    }, () => {});
    failing.catch(() => {});
    return failing;
  }

  async #observe(): Promise<void> {
    await this.applied;
    await this.#owner.observe(this);
    this.#state = "observed";
  }
}
