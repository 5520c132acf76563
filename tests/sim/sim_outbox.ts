import {
  type MaybePromise,
  type MemOutbox,
  type Outbox,
  type OutboxAnswer,
  type OutboxEntry,
  OutboxError,
  type OutboxMark,
  type StoredWrite,
  type UnreadableEntry,
} from "@vantage/live";
import type { Scheduler } from "./scheduler.ts";

/** The behaviour of an outbox. */
export interface OutboxOptions {
  readonly scheduler: Scheduler;
  /** What all processes share, and what outlives them. */
  readonly storage: MemOutbox;
  /** The table that it is for. */
  readonly owner: string;
  /** Whether it answers later. */
  readonly async: boolean;
  readonly shared: boolean;
  /** Whether the next call of this name fails. */
  readonly fails: (call: string) => boolean;
}

/** The shared outbox as seen by one table: with latency both ways, and calls that fail, which have no effect. */
export class SimOutbox implements Outbox {
  readonly shared: boolean;
  readonly #options: OutboxOptions;
  #dead = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.shared = options.shared;
  }

  append(queue: string, writes: readonly StoredWrite[]): MaybePromise<readonly number[]> {
    const ids = writes.map(({ id }) => id).join(" ");
    return this.#call(`append ${ids}`, (storage) => storage.append(queue, writes));
  }

  load(queue: string, after: number, limit: number): MaybePromise<readonly (OutboxEntry | UnreadableEntry)[]> {
    return this.#call("load", (storage) => storage.load(queue, after, limit));
  }

  lease(queue: string, holder: string, now: number, forMs: number): MaybePromise<number | undefined> {
    return this.#call("lease", (storage) => storage.lease(queue, holder, now, forMs));
  }

  release(queue: string, term: number): MaybePromise<void> {
    return this.#call("release", (storage) => storage.release(queue, term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): MaybePromise<boolean> {
    const what = marks.map(({ kind, id }) => `${kind} ${id}`).join(", ");
    return this.#call(`mark ${what}`, (storage) => storage.mark(queue, term, marks, now));
  }

  remove(queue: string, id: string): MaybePromise<boolean> {
    return this.#call(`remove ${id}`, (storage) => storage.remove(queue, id));
  }

  retry(queue: string, id: string): MaybePromise<boolean> {
    return this.#call(`retry ${id}`, (storage) => storage.retry(queue, id));
  }

  answers(queue: string, holder: string): MaybePromise<readonly OutboxAnswer[]> {
    return this.#call("answers", (storage) => storage.answers(queue, holder));
  }

  /** Its process has died: calls in flight may still reach the storage, but get no answer. */
  die(): void {
    this.#dead = true;
  }

  #call<T>(call: string, effect: (storage: MemOutbox) => T): MaybePromise<T> {
    const { storage, owner, async, fails } = this.#options;
    if (this.#dead) return new Promise<never>(() => {});
    const label = `outbox of ${owner}: ${call}`;
    const run = (): T => {
      if (fails(label)) throw new OutboxError(`${call} failed`, { retriable: true });
      return effect(storage);
    };
    return async ? this.#later(label, run) : run();
  }

  async #later<T>(label: string, run: () => T): Promise<T> {
    const { scheduler, owner } = this.#options;
    let answer: { readonly value: T } | { readonly error: unknown };
    try {
      answer = { value: await scheduler.op(label, run) };
    } catch (error) {
      answer = { error };
    }
    if (this.#dead) return await new Promise<never>(() => {});
    return await scheduler.op(`${label} answers`, () => {
      if (this.#dead) return new Promise<never>(() => {});
      if ("error" in answer) throw answer.error;
      return answer.value;
    }, owner);
  }
}
