import { WRITES_IN_CALL } from "../queue/write_queue.ts";
import { applyWriteOp, type WriteAnswer, type WriteOp } from "../queue/write_op.ts";
import { InvalidAnswerError } from "../table/errors.ts";
import type { WriteResult } from "../table/many_writes.ts";
import { holdsMutable, toRow } from "../table/row.ts";
import type { TableLike, WriteOptions } from "../table/table_like.ts";

interface Gathered {
  readonly op: WriteOp;
  readonly options: WriteOptions;
  readonly resolve: (answer: WriteAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Whether an operation may be done in one call with others. */
export function canShareCall(op: WriteOp, table: TableLike): boolean {
  return op.kind !== "deleteAll" && table.capabilities.writeMany && table.writeMany !== undefined;
}

/** Does the writes that are sent in the same turn in one call of the table, where it can: each has its own answer. */
export class WriteBatches {
  /** Those of this turn, by the table that they are for. */
  #gathered: Map<TableLike, Gathered[]> | undefined;

  /** Does an operation, alone or with others, and answers what the table answers to it. */
  apply(op: WriteOp, table: TableLike, options: WriteOptions): Promise<WriteAnswer> {
    if (!canShareCall(op, table)) return applyWriteOp(op, table, options);
    return new Promise((resolve, reject) => {
      const gathered = this.#gathered ??= this.#begin();
      const writes = gathered.get(table) ?? [];
      if (writes.length === 0) gathered.set(table, writes);
      writes.push({ op, options, resolve, reject });
    });
  }

  #begin(): Map<TableLike, Gathered[]> {
    const gathered = new Map<TableLike, Gathered[]>();
    void Promise.resolve().then(() => {
      this.#gathered = undefined;
      for (const [table, writes] of gathered) {
        for (let at = 0; at < writes.length; at += WRITES_IN_CALL) {
          void together(table, writes.slice(at, at + WRITES_IN_CALL));
        }
      }
    });
    return gathered;
  }
}

async function together(table: TableLike, writes: readonly Gathered[]): Promise<void> {
  const [only] = writes;
  if (only !== undefined && writes.length === 1) {
    return await applyWriteOp(only.op, table, only.options).then(only.resolve, only.reject);
  }
  // All of them have begun at the same time, and may take as long.
  const signal = only?.options.signal;
  try {
    const asked = writes.map(({ op, options: { idempotencyKey, newId } }) => ({ op, idempotencyKey, newId }));
    const results = await table.writeMany?.(asked, { signal }) ?? [];
    for (const [at, write] of writes.entries()) settle(write, results[at], table);
  } catch (error) {
    for (const { reject } of writes) reject(error);
  }
}

function settle({ options, resolve, reject }: Gathered, result: WriteResult | undefined, table: TableLike): void {
  if (result === undefined) {
    reject(new InvalidAnswerError(`${JSON.stringify(table.tableName)} did not answer each write`));
  } else if ("error" in result) reject(result.error);
  else {
    if (result.unsettled === true) options.onUnsettled?.();
    const { answer } = result;
    resolve(typeof answer === "object" && holdsMutable(answer) ? toRow(answer) : answer);
  }
}
