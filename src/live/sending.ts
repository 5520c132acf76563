import { type AsyncContext, newAsyncContext } from "../base/async_context.ts";
import type { Write } from "../queue/write.ts";
import { describeWriteOp, type WriteOp } from "../queue/write_op.ts";
import { DeadlockError } from "../table/errors.ts";
import { describe } from "../base/describe.ts";

/** What has a queue: the writes of a table, which all its handles share. */
export interface Owner {
  readonly tableName: string;
}

/** One wait of a write for the queue of a table. */
interface Wait {
  readonly owner: Owner;
}

/** Made with the first write, so that a program that only reads pays nothing. */
let contextMade: AsyncContext<Sending> | undefined;

function context(): AsyncContext<Sending> {
  return contextMade ??= newAsyncContext<Sending>();
}

/** What each queue is sending. */
const inFlight = new WeakMap<Owner, Sending>();

/** One write while a master applies it, and the queues that it waits for meanwhile: a master may itself write to tables. */
export class Sending {
  readonly owner: Owner;
  readonly op: WriteOp;
  readonly waits: Set<Wait> = new Set();

  constructor(owner: Owner, op: WriteOp) {
    this.owner = owner;
    this.op = op;
  }

  /** Runs what applies it: what that does in turn is done within this write. */
  async run<T>(apply: () => Promise<T>): Promise<T> {
    inFlight.set(this.owner, this);
    try {
      return await context().run(this, apply);
    } finally {
      inFlight.delete(this.owner);
    }
  }

  /** The write that the caller is part of, while that is being applied. */
  static current(): Sending | undefined {
    const sending = contextMade?.get();
    return sending !== undefined && sending.isInFlight ? sending : undefined;
  }

  get isInFlight(): boolean {
    return inFlight.get(this.owner) === this;
  }

  /** Waits for a queue until `moved` settles. Answers with an error, and does not wait, if that queue waits for this write. */
  waitFor(owner: Owner, what: string, moved: Promise<unknown>): DeadlockError | undefined {
    if (this.#isWaitedForBy(owner, new Set())) {
      return new DeadlockError(
        `Cannot wait ${what} of ${describe(owner.tableName)} within a write that it waits for: ` +
          `${describe(this.owner.tableName)} has not answered yet to ${describeWriteOp(this.op)}`,
      );
    }
    const wait: Wait = { owner };
    this.waits.add(wait);
    const over = (): void => void this.waits.delete(wait);
    moved.then(over, over);
    return undefined;
  }

  #isWaitedForBy(owner: Owner, seen: Set<Owner>): boolean {
    const sending = inFlight.get(owner);
    if (sending === undefined || seen.has(owner)) return false;
    if (sending === this) return true;
    seen.add(owner);
    return [...sending.waits].some((wait) => this.#isWaitedForBy(wait.owner, seen));
  }
}

/**
 * A promise that settles only once the queue of a table has moved on. Within a write that this queue waits for, it may be
 * had and left, but not be waited for. The wait is over with `moved`: what is derived from that settles a few turns
 * later, when the queue may be sending the next write.
 */
export function waitedFor<T>(
  answer: Promise<T>,
  what: string,
  owner: Owner,
  moved: Promise<unknown> = answer,
): Promise<T> {
  const within = Sending.current();
  return within === undefined ? answer : new PromiseWithin(answer, () => {
    const waiting = context().outlivesWaits ? Sending.current() : within.isInFlight ? within : undefined;
    return waiting?.waitFor(owner, what, moved);
  });
}

/** The same for a write that is handed out: for its answer, and for its place in the queue. */
export function writeWaitedFor(write: Write, owner: Owner): Write {
  if (Sending.current() === undefined) return write;
  const { id, op } = write;
  const what = `for ${describeWriteOp(op)}`;
  return {
    id,
    op,
    get state() {
      return write.state;
    },
    accepted: write.state === "waiting" ? waitedFor(write.accepted, what, owner) : write.accepted,
    applied: waitedFor(write.applied, what, owner),
    cancel: () => write.cancel(),
  };
}

/**
 * A promise that looks, when it is waited for, whether that could ever end. `await`, `Promise.all` and a `return` call
 * `then` of a subclass, with both of its arguments; a handler of one outcome alone waits for nothing yet. It stands for
 * `answer` in all that and never settles itself, so that a failure is somebody's or nobody's as it would be without it.
 */
class PromiseWithin<T> extends Promise<T> {
  readonly #answer: Promise<T>;
  readonly #deadlock: () => Error | undefined;

  /** What is derived from it by the language is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  constructor(answer: Promise<T>, deadlock: () => Error | undefined) {
    super(() => {});
    this.#answer = answer;
    this.#deadlock = deadlock;
  }

  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (typeof onFulfilled !== "function" || typeof onRejected !== "function") {
      return new PromiseWithin(this.#answer.then(onFulfilled, onRejected), this.#deadlock);
    }
    const deadlock = this.#deadlock();
    if (deadlock === undefined) return this.#answer.then(onFulfilled, onRejected);
    // Who is told of the deadlock is not told of what comes of the answer.
    this.#answer.catch(() => {});
    return Promise.reject<T>(deadlock).then(onFulfilled, onRejected);
  }

  override finally(onSettled?: (() => void) | null): Promise<T> {
    return new PromiseWithin(this.#answer.finally(onSettled), this.#deadlock);
  }
}
