import { type AsyncContext, newAsyncContext } from "../base/async_context.ts";
import type { Write } from "../queue/write.ts";
import { describeWriteOp } from "../queue/write_op.ts";
import { DeadlockError } from "../table/errors.ts";
import { describe } from "../base/describe.ts";

/** What has a queue: the writes of a table, which all its handles share. */
export interface Owner {
  readonly tableName: string;
  /** Whether a write that is in flight must settle before another one can be sent. */
  precedes(inFlight: Write, later: Write): boolean;
}

/** What is awaited of a queue: one of its writes, or all of them. */
export interface Awaited {
  readonly owner: Owner;
  readonly write: Write | undefined;
}

/** Made by the first write, so that a program that only reads does not pay for it. */
let contextMade: AsyncContext<Sending> | undefined;

function context(): AsyncContext<Sending> {
  return contextMade ??= newAsyncContext<Sending>();
}

/** The calls that each queue is sending. */
const inFlight = new WeakMap<Owner, Set<Sending>>();

/**
 * The writes of one call while a master applies them, and the writes that it awaits during that time: a master may itself
 * write to tables.
 */
export class Sending {
  readonly owner: Owner;
  readonly writes: readonly Write[];
  readonly waits: Set<Awaited> = new Set();

  constructor(owner: Owner, writes: readonly Write[]) {
    this.owner = owner;
    this.writes = writes;
  }

  /** Runs `apply`; everything that it does is inside these writes. */
  async run<T>(apply: () => Promise<T>): Promise<T> {
    const all = inFlight.get(this.owner) ?? new Set();
    inFlight.set(this.owner, all.add(this));
    try {
      return await context().run(this, apply);
    } finally {
      all.delete(this);
    }
  }

  /** The call that the calling code is part of, while that is being applied. */
  static current(): Sending | undefined {
    const sending = contextMade?.get();
    return sending !== undefined && sending.isInFlight ? sending : undefined;
  }

  get isInFlight(): boolean {
    return inFlight.get(this.owner)?.has(this) === true;
  }

  /**
   * Waits for a write, or a whole queue, until `answer` settles. Answers with an error, and does not wait, if that waits
   * for this call.
   */
  waitFor(awaited: Awaited, what: string, answer: Promise<unknown>): DeadlockError | undefined {
    if (this.#isWaitedForBy(awaited, new Set())) {
      return new DeadlockError(
        `Cannot wait ${what} of ${describe(awaited.owner.tableName)} within a write that it waits for: ` +
          `${describe(this.owner.tableName)} has not answered yet to ${this.#what()}`,
      );
    }
    this.waits.add(awaited);
    const over = (): void => void this.waits.delete(awaited);
    answer.then(over, over);
    return undefined;
  }

  #what(): string {
    const [first, ...others] = this.writes.map(({ op }) => describeWriteOp(op));
    return others.length === 0 ? `${first}` : `${first} and ${others.length} more`;
  }

  #isWaitedForBy({ owner, write }: Awaited, seen: Set<Sending>): boolean {
    const sendings = [...inFlight.get(owner) ?? []];
    const leadsHere = (sending: Sending): boolean => {
      if (sending === this) return true;
      if (seen.has(sending)) return false;
      seen.add(sending);
      return [...sending.waits].some((wait) => this.#isWaitedForBy(wait, seen));
    };
    // For a place in the queue, any write that is in flight has to settle.
    if (write?.state === "waiting") return sendings.length > 0 && sendings.every(leadsHere);
    return sendings.some((it) =>
      (write === undefined || it.writes.some((sent) => sent === write || owner.precedes(sent, write))) && leadsHere(it)
    );
  }
}

/**
 * A promise that settles only after the queue of a table has moved on. Inside a write that this queue waits for, the
 * promise can be passed around, but awaiting it would be a deadlock.
 */
export function waitedFor<T>(answer: Promise<T>, what: string, awaited: Awaited): Promise<T> {
  const within = Sending.current();
  return within === undefined ? answer : new PromiseWithin(answer, () => {
    const waiting = context().outlivesWaits ? Sending.current() : within.isInFlight ? within : undefined;
    return waiting?.waitFor(awaited, what, answer);
  });
}

/** The same for a write that is handed out: for its answer, and for its place in the queue. */
export function writeWaitedFor(write: Write, owner: Owner): Write {
  if (Sending.current() === undefined) return write;
  const { id, op, rowId } = write;
  const what = `for ${describeWriteOp(op)}`;
  const wait = <T>(promise: Promise<T>): Promise<T> => waitedFor(promise, what, { owner, write });
  return {
    id,
    op,
    rowId,
    get state() {
      return write.state;
    },
    get attempts() {
      return write.attempts;
    },
    accepted: write.state === "waiting" ? wait(write.accepted) : write.accepted,
    applied: wait(write.applied),
    get observed() {
      return wait(write.observed);
    },
    when: (state, options) => wait(write.when(state, options)),
    cancel: () => write.cancel(),
  };
}

/**
 * A promise that checks for a deadlock when it is awaited. `await`, `Promise.all` and a `return` call `then` of a
 * subclass with both arguments; a handler of one outcome alone awaits nothing yet. It stands in for `answer` and never
 * settles itself, so that an unhandled rejection is reported exactly as it would be without it.
 */
class PromiseWithin<T> extends Promise<T> {
  readonly #answer: Promise<T>;
  readonly #deadlock: () => Error | undefined;

  /** Promises that the language derives from it are ordinary ones. */
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
    // The caller receives the deadlock in place of the answer, so a failure of the answer counts as handled.
    this.#answer.catch(() => {});
    return Promise.reject<T>(deadlock).then(onFulfilled, onRejected);
  }

  override finally(onSettled?: (() => void) | null): Promise<T> {
    return new PromiseWithin(this.#answer.finally(onSettled), this.#deadlock);
  }
}
