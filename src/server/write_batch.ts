import type { WriteResult } from "../table/many_writes.ts";
import type { TableLike } from "../table/table_like.ts";
import { doWriteOp, type WriteAnswer } from "../table/write_op.ts";
import type { AskedWrite } from "./asked_write.ts";
import { Freshness } from "./freshness.ts";

/** How many writes of a request are done at once, where the table does one in a call. */
const MAX_AT_ONCE = 64;

/** What a table answered to a write. */
export interface DoneWrite {
  readonly answer: WriteAnswer;
  /** Whether it answered so before, to the same key. */
  readonly unsettled: boolean;
}

interface Waiting {
  readonly asked: AskedWrite;
  readonly idempotencyKey: string | undefined;
  readonly resolve: (done: DoneWrite) => void;
  readonly reject: (error: unknown) => void;
}

/** Does one write. */
export async function doWrite({ op, handle, newId }: AskedWrite, idempotencyKey?: string): Promise<DoneWrite> {
  const freshness = new Freshness();
  const answer = await doWriteOp(op, handle, { ...freshness.options, idempotencyKey, newId });
  return { answer, unsettled: freshness.unsettled };
}

/** Several writes of one request: done in one call of the table if it can, otherwise in as many, each row in order. */
export class WriteBatch {
  readonly #waiting: Waiting[] = [];

  /** Adds a write, and answers when `run` has done it. */
  add(asked: AskedWrite, idempotencyKey?: string): Promise<DoneWrite> {
    return new Promise((resolve, reject) => this.#waiting.push({ asked, idempotencyKey, resolve, reject }));
  }

  /** Does the writes; never rejects. */
  async run(): Promise<void> {
    let [start, end] = [0, 0];
    for (; start < this.#waiting.length; start = end) {
      const handle = this.#waiting[start]?.asked.handle;
      while (this.#waiting[end] !== undefined && this.#waiting[end]?.asked.handle === handle) end++;
      const part = this.#waiting.slice(start, end);
      if (handle?.capabilities.writeMany && handle.writeMany !== undefined) await together(part, handle);
      else await inLanes(part);
    }
  }
}

async function together(writes: readonly Waiting[], handle: TableLike): Promise<void> {
  try {
    const given = writes.map(({ asked: { op, newId }, idempotencyKey }) => ({ op, newId, idempotencyKey }));
    const results = await handle.writeMany?.(given) ?? [];
    for (const [at, write] of writes.entries()) settle(write, results[at]);
  } catch (error) {
    for (const { reject } of writes) reject(error);
  }
}

function settle({ resolve, reject }: Waiting, result: WriteResult | undefined): void {
  if (result === undefined) reject(new Error("The table did not answer each write"));
  else if ("error" in result) reject(result.error);
  else resolve({ answer: result.answer, unsettled: result.unsettled === true });
}

/** Those of one row one after the other; one of all rows after all before it, and before all after it. */
async function inLanes(writes: readonly Waiting[]): Promise<void> {
  const lanes = new Map<unknown, Waiting[]>();
  for (const write of writes) {
    const { op, newId } = write.asked;
    if (op.kind === "deleteAll") {
      await runLanes([...lanes.values()]);
      lanes.clear();
      await runLanes([[write]]);
      continue;
    }
    const row = op.kind === "insertReturnId" ? newId ?? write : op.id;
    lanes.set(row, [...lanes.get(row) ?? [], write]);
  }
  await runLanes([...lanes.values()]);
}

async function runLanes(lanes: readonly (readonly Waiting[])[]): Promise<void> {
  let next = 0;
  const runNext = async (): Promise<void> => {
    while (next < lanes.length) {
      for (const { asked, idempotencyKey, resolve, reject } of lanes[next++] ?? []) {
        await doWrite(asked, idempotencyKey).then(resolve, reject);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_AT_ONCE, lanes.length) }, runNext));
}
