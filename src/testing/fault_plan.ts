import { isPromise, type MaybePromise } from "../base/maybe_promise.ts";
import { rememberSelf } from "../base/self.ts";

/** Whether a fault strikes before the work, or after it, when the work has its effect but the caller gets no answer. */
export type FaultMoment = "before" | "after";

/** A point at which a call is held. */
export interface Gate {
  /** Resolves when the call has reached the gate. */
  readonly reached: Promise<void>;
  /** Lets the call continue. */
  release(): void;
}

interface Fault {
  readonly moment: FaultMoment;
  readonly strike: () => Promise<void>;
}

/** The faults planned for the next calls of each operation, in order, and how often each operation was called. */
export class FaultPlan<Op extends string> {
  readonly #faults = new Map<Op, Fault[]>();
  readonly #counts = new Map<Op, number>();

  /** An empty plan. */
  constructor() {
    rememberSelf(this, FaultPlan);
  }

  /** How often an operation has been called. */
  count(op: Op): number {
    return this.#counts.get(op) ?? 0;
  }

  /** Holds the next call: before its work, or (the default) after it, when its answer exists already. */
  hold(op: Op, moment: FaultMoment = "after"): Gate {
    let release: () => void = () => {};
    let reach: () => void = () => {};
    const released = new Promise<void>((resolve) => release = resolve);
    const reached = new Promise<void>((resolve) => reach = resolve);
    this.#plan(op, {
      moment,
      strike: () => {
        reach();
        return released;
      },
    });
    return { reached, release };
  }

  /** Fails the next call with `error`: before its work (the default), or after it. */
  fail(op: Op, error: unknown, moment: FaultMoment = "before"): void {
    this.#plan(op, { moment, strike: () => Promise.reject(error) });
  }

  /** Does the work of one call, with the fault planned for it. Without a fault, synchronous work stays synchronous. */
  run<T>(op: Op, work: () => MaybePromise<T>): MaybePromise<T> {
    this.#counts.set(op, this.count(op) + 1);
    const fault = this.#faults.get(op)?.shift();
    return fault === undefined ? work() : this.#runWith(fault, work);
  }

  async #runWith<T>({ moment, strike }: Fault, work: () => MaybePromise<T>): Promise<T> {
    if (moment === "before") {
      await strike();
      return await work();
    }
    const answer = work();
    const settled = isPromise(answer) ? await answer : answer;
    await strike();
    return settled;
  }

  #plan(op: Op, fault: Fault): void {
    const planned = this.#faults.get(op);
    if (planned === undefined) this.#faults.set(op, [fault]);
    else planned.push(fault);
  }
}
