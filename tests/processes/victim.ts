import { type Child, type Runtime, startChild } from "./children.ts";
import type { LoadOptions } from "./load.ts";

/** What changes a cache. */
export type Deed = "put" | "invalidate";

interface Said {
  readonly op?: Deed;
  readonly change?: number;
  readonly violations?: readonly string[];
}

/** A process that loads a cache, and can be killed in the middle of it; at the latest, when it is disposed. */
export class Victim implements AsyncDisposable {
  readonly #child: Child;
  readonly #underWay = { put: 0, invalidate: 0 };
  readonly #heard: Promise<void>;
  #violations: readonly string[] | undefined;
  /** What it is to be killed at, and at which one. */
  #fate: { readonly op: Deed; left: number } | undefined;

  /** Starts the process. */
  constructor(runtime: Runtime, options: LoadOptions) {
    this.#child = startChild(runtime, "victim_child.ts", options);
    this.#heard = this.#listen();
  }

  /** Kills it as soon as it is heard that it has begun an operation so many times; tells what was still under way. */
  async kill(op: Deed, times: number): Promise<Deed | "something else"> {
    this.#fate = { op, left: times };
    await this.#heard;
    const code = await this.#child.ended;
    if (code !== null) {
      throw new Error(`The process ended by itself, with ${code}, and found wrong: ${this.#violations?.join("; ")}`);
    }
    const { put, invalidate } = this.#underWay;
    return put > 0 ? "put" : invalidate > 0 ? "invalidate" : "something else";
  }

  /** Has it end; tells what it found wrong. */
  async end(): Promise<readonly string[]> {
    this.#child.end();
    await this.#heard;
    return this.#violations ?? ["it did not say"];
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#child[Symbol.asyncDispose]();
  }

  /** All that it says is read, also what it said before it was killed. */
  async #listen(): Promise<void> {
    for (;;) {
      const { value, done } = await this.#child.lines.next();
      if (done) return;
      const { op, change = 0, violations } = value as Said;
      if (op !== undefined) this.#underWay[op] += change;
      // What was under way by then may still be heard to end.
      this.#violations ??= violations;
      // It has said its last, and waits only for this.
      if (violations !== undefined) this.#child.end();
      if (this.#fate !== undefined && op === this.#fate.op && change > 0 && --this.#fate.left === 0) this.#child.kill();
    }
  }
}
