import { type TableSource, UnavailableError } from "@vantage/live";
import type { Scheduler } from "../scheduler.ts";

/** The way from a host to the master: calls do not arrive, are answered late, or lose their answer. */
export class MasterLink {
  readonly #scheduler: Scheduler;
  readonly #name: string;
  #state: "open" | "cut" | "stalled" = "open";
  #waiting: (() => void)[] = [];
  /** How often it was no longer open. */
  faults = 0;

  constructor(scheduler: Scheduler, name: string) {
    this.#scheduler = scheduler;
    this.#name = name;
  }

  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** From now on nothing passes: calls fail, or wait until it is healed. */
  fail(state: "cut" | "stalled"): void {
    this.#state = state;
    this.faults++;
    if (state === "cut") this.#goOn();
  }

  heal(): void {
    this.#state = "open";
    this.#goOn();
  }

  /** The master as it is seen from here. */
  over(source: TableSource): TableSource {
    const { list, get, count, insert, replace, patch, delete: remove } = source;
    return {
      ...source,
      list: (call) => this.#pass(call, () => list(call)),
      ...(get && { get: (id, call) => this.#pass(call, () => get(id, call)) }),
      ...(count && { count: (call) => this.#pass(call, () => count(call)) }),
      ...(insert && { insert: (id, row, call) => this.#pass(call, () => insert(id, row, call)) }),
      ...(replace && { replace: (id, row, call) => this.#pass(call, () => replace(id, row, call)) }),
      ...(patch && { patch: (id, partial, call) => this.#pass(call, () => patch(id, partial, call)) }),
      ...(remove && { delete: (id, call) => this.#pass(call, () => remove(id, call)) }),
    };
  }

  get #isCut(): boolean {
    return this.#state === "cut";
  }

  async #pass<T>({ signal }: { readonly signal?: AbortSignal | undefined }, ask: () => T): Promise<Awaited<T>> {
    await this.#wait();
    if (this.#isCut) {
      await this.#scheduler.op(`${this.#name} does not reach the master`, () => {});
      throw new UnavailableError("the master cannot be reached", { effect: "none" });
    }
    signal?.throwIfAborted();
    const { faults } = this;
    const answer = await ask();
    await this.#wait();
    if (this.faults > faults && this.#isCut) throw new UnavailableError("the connection was cut off");
    return answer;
  }

  async #wait(): Promise<void> {
    while (this.#state === "stalled") await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #goOn(): void {
    for (const goOn of this.#waiting.splice(0)) goOn();
  }
}
