import type { Lease } from "../../outbox/lease.ts";
import { shareAnswer } from "../../outbox/mem_answers.ts";
import type { OutboxAnswer } from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import { answerOf, rangeAfter } from "./indexeddb_api.ts";
import type { IdbStores } from "./indexeddb_database.ts";

/** What is known of a queue. */
export interface OutboxQueue {
  readonly lease?: Lease | undefined;
  /** How many answers it keeps. */
  readonly answers: number;
}

/** An answer as it is kept. */
interface Kept {
  readonly queue: string;
  readonly position: number;
  /** Who it is for; `undefined` if only the id of the row matters. */
  readonly holder: string | undefined;
  readonly rowId: string | undefined;
  readonly at: number;
  readonly answer: OutboxAnswer;
}

/** How many answers are looked at in one step to find those that are too old. */
const TRIM_STEP = 64;

/** Keeps an answer, if it is for a holder or has the id of a row; returns whether it does. */
export function addAnswer(store: IdbStores, kept: Kept): boolean {
  const { holder, rowId, answer } = kept;
  const hasRealId = rowId !== undefined && answer.realId !== undefined;
  if (holder === undefined && !hasRealId) return false;
  // What is undefined is in no index.
  store("answers").put(hasRealId ? kept : { ...kept, rowId: undefined });
  return true;
}

/** The id that the master gave to the row that was inserted with this one. */
export async function realIdOf(
  store: IdbStores,
  queue: string,
  rowId: string | undefined,
): Promise<string | undefined> {
  if (rowId === undefined) return undefined;
  return (await keptIn(store, "rowId", [queue, rowId])).at(-1)?.answer.realId;
}

/** Whether there are answers for a holder. */
export async function hasAnswers(store: IdbStores, queue: string, holder: string): Promise<boolean> {
  return await answerOf(store("answers").index("holder").get([queue, holder])) !== undefined;
}

/** Takes out the answers for a holder; the ids of rows stay. Returns how many are gone. */
export async function takeAnswers(
  store: IdbStores,
  queue: string,
  holder: string,
): Promise<{ readonly answers: readonly OutboxAnswer[]; readonly taken: number }> {
  const found = await keptIn(store, "holder", [queue, holder]);
  let taken = 0;
  for (const kept of found) {
    if (kept.rowId !== undefined) store("answers").put({ ...kept, holder: undefined });
    else taken += drop(store, kept);
  }
  return { answers: found.map(({ answer }) => shareAnswer(answer)), taken };
}

/** What answers are trimmed to. */
export interface Trim {
  /** How many there are. */
  readonly count: number;
  readonly now: number;
  readonly limits: OutboxLimits;
}

/** Drops the oldest answers until all bounds are met; returns how many are left. */
export async function trimAnswers(store: IdbStores, queue: string, { count, now, limits }: Trim): Promise<number> {
  const { maxAnswers, maxAnswerAgeMs } = limits;
  const surplus = count - maxAnswers;
  if (count === 0) return 0;
  const oldest = await answerOf(store("answers").getAll(rangeAfter(queue, 0), Math.max(surplus, TRIM_STEP)));
  let left = count;
  for (const kept of oldest as readonly Kept[]) { // Written here alone.
    if (left <= maxAnswers && kept.at >= now - maxAnswerAgeMs) break;
    left -= drop(store, kept);
  }
  return left;
}

function drop(store: IdbStores, { queue, position }: Kept): 1 {
  store("answers").delete([queue, position]);
  return 1;
}

async function keptIn(store: IdbStores, index: string, key: readonly [string, string]): Promise<readonly Kept[]> {
  return await answerOf(store("answers").index(index).getAll(key)) as readonly Kept[]; // Written here alone.
}
