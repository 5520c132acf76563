import { rememberSelf } from "../base/self.ts";
import { checkOptions } from "../base/check_options.ts";
import { OutboxError } from "../table/errors.ts";
import { MemQueue } from "./mem_queue.ts";
import type { Outbox, OutboxAnswer, OutboxEntry, OutboxMark, StoredWrite } from "./outbox.ts";
import { limitsOf, type OutboxBounds, type OutboxLimits } from "./outbox_bounds.ts";
import { toStoredWrite } from "./stored_write.ts";

/** Options of a {@linkcode MemOutbox}. */
export interface MemOutboxOptions extends OutboxBounds {}

/**
 * A synchronous outbox in memory: what is accepted outlives a closed table, and ends with the process. For tests, and where
 * writes need not outlive it.
 *
 * @example
 * ```ts
 * import { isUnreadable, MemOutbox } from "@vantage/live";
 * import assert from "node:assert/strict";
 *
 * const outbox = new MemOutbox({ maxEntries: 1_000 });
 * outbox.append("marty/clients", [{
 *   id: "w1",
 *   op: { kind: "delete", id: "doc" },
 *   within: {},
 *   rowId: "doc",
 *   acceptedAt: 1_700_000_000_000,
 *   acceptedBy: "this process",
 * }]);
 *
 * const [entry] = outbox.load("marty/clients", 0, 100);
 * assert(entry !== undefined && !isUnreadable(entry));
 * assert.equal(entry.state, "accepted");
 * ```
 */
export class MemOutbox implements Outbox {
  /** `false`: no other process can use it. */
  readonly shared = false;
  readonly #limits: OutboxLimits;
  readonly #queues = new Map<string, MemQueue>();
  #entries = 0;
  #position = 0;
  #term = 0;

  /**
   * An empty outbox.
   *
   * @throws {RangeError} if a bound is not a whole number of at least 1.
   */
  constructor(options: MemOutboxOptions = {}) {
    rememberSelf(this, MemOutbox);
    checkOptions("a MemOutbox", options, ["maxEntries", "maxAnswers", "maxAnswerAgeMs"]);
    this.#limits = limitsOf(options);
  }

  append(queue: string, writes: readonly StoredWrite[]): readonly number[] {
    const copies = writes.map(toStoredWrite);
    const { maxEntries } = this.#limits;
    if (this.#entries + copies.length > maxEntries) {
      throw new OutboxError(
        `Cannot keep ${copies.length} more writes: the outbox has ${this.#entries} of at most ${maxEntries}`,
        { retriable: true },
      );
    }
    const first = this.#position + 1;
    this.#using(queue, (used) => used.append(copies, first));
    this.#position += copies.length;
    return copies.map((_, at) => first + at);
  }

  load(queue: string, after: number, limit: number): readonly OutboxEntry[] {
    return this.#queues.get(queue)?.entries.after(after, limit) ?? [];
  }

  lease(queue: string, holder: string, now: number, forMs: number): number | undefined {
    const nextTerm = this.#term + 1;
    const term = this.#using(queue, (used) => used.lease({ holder, now, forMs }, nextTerm));
    if (term === nextTerm) this.#term = nextTerm;
    return term;
  }

  release(queue: string, term: number): void {
    this.#using(queue, (used) => used.release(term));
  }

  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): boolean {
    return this.#using(queue, (used) => used.mark(term, marks, now));
  }

  remove(queue: string, id: string): boolean {
    return this.#using(queue, (used) => used.remove(id));
  }

  retry(queue: string, id: string): boolean {
    const isRetried = this.#using(queue, (used) => used.retry(id, this.#position + 1));
    if (isRetried) this.#position++;
    return isRetried;
  }

  answers(queue: string, holder: string): readonly OutboxAnswer[] {
    return this.#using(queue, (used) => used.answers.take(holder));
  }

  /** Does something to a queue, which is there while it holds anything. */
  #using<T>(name: string, work: (queue: MemQueue) => T): T {
    const queue = this.#queues.get(name) ?? new MemQueue(this.#limits);
    this.#entries -= queue.entries.size;
    try {
      return work(queue);
    } finally {
      this.#entries += queue.entries.size;
      if (queue.isUnused) this.#queues.delete(name);
      else this.#queues.set(name, queue);
    }
  }
}
