import { applyWriteOp, type WriteAnswer, type WriteOp } from "../queue/write_op.ts";
import type { QueuedWrite } from "../queue/queued_write.ts";
import { describe } from "../base/describe.ts";
import { InvalidAnswerError, TableError } from "../table/errors.ts";
import type { WriteResult } from "../table/many_writes.ts";
import { holdsMutable, toRow } from "../table/row.ts";
import type { CallOptions, TableLike, WriteOptions } from "../table/table_like.ts";

/** Calls the master for some writes, within the time for one attempt. */
export type CallFor = <T>(writes: readonly QueuedWrite[], work: (options: CallOptions) => Promise<T>) => Promise<T>;

interface Joined {
  readonly write: QueuedWrite;
  readonly op: WriteOp;
  readonly options: WriteOptions;
  readonly resolve: (answer: WriteAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Several writes to different rows that are sent to a table in one call: it is made once each of them has joined or left. */
export class WriteCall {
  readonly #table: TableLike;
  readonly #callFor: CallFor;
  readonly #awaited: Set<QueuedWrite>;
  readonly #joined: Joined[] = [];

  constructor(writes: readonly QueuedWrite[], table: TableLike, callFor: CallFor) {
    this.#awaited = new Set(writes);
    this.#table = table;
    this.#callFor = callFor;
  }

  /** Sends a write with the others, and answers what the table answers to it. */
  join(write: QueuedWrite, op: WriteOp, options: WriteOptions): Promise<WriteAnswer> {
    return new Promise((resolve, reject) => {
      this.#joined.push({ write, op, options, resolve, reject });
      this.leave(write);
    });
  }

  /** The others do not wait for this write any more. */
  leave(write: QueuedWrite): void {
    if (this.#awaited.delete(write) && this.#awaited.size === 0 && this.#joined.length > 0) void this.#send();
  }

  async #send(): Promise<void> {
    if (this.#joined.length === 1) return await this.#sendEach();
    const given = this.#joined.map(({ op, options: { idempotencyKey, newId } }) => ({ op, idempotencyKey, newId }));
    try {
      const writes = this.#joined.map(({ write }) => write);
      const results = await this.#callFor(writes, async (options) => await this.#table.writeMany?.(given, options));
      for (const [at, write] of this.#joined.entries()) this.#settle(write, results?.[at]);
    } catch (error) {
      // One of them may be the reason, and must not hold up the others.
      if (error instanceof TableError && error.effect === "none" && !error.retriable) return await this.#sendEach();
      for (const { reject } of this.#joined) reject(error);
    }
  }

  /** One after the other, so that there is one call at a time. */
  async #sendEach(): Promise<void> {
    for (const { write, op, options, resolve, reject } of this.#joined) {
      const work = (given: CallOptions): Promise<WriteAnswer> =>
        applyWriteOp(op, this.#table, { ...options, ...given });
      await this.#callFor([write], work).then(resolve, reject);
    }
  }

  #settle({ options, resolve, reject }: Joined, result: WriteResult | undefined): void {
    if (result === undefined) {
      return reject(new InvalidAnswerError(`${describe(this.#table.tableName)} did not answer each write`));
    }
    if ("error" in result) return reject(result.error);
    if (result.unsettled === true) options.onUnsettled?.();
    const { answer } = result;
    resolve(typeof answer === "object" && holdsMutable(answer) ? toRow(answer) : answer);
  }
}
