import { decodeAnswer, encodeAnswer } from "../../outbox/answer_codec.ts";
import type { OutboxAnswer } from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import { isBytes } from "../../base/realm.ts";
import { fieldOf, type KvDatabase, type KvEntry } from "./deno_kv_database.ts";
import type { KvAtomic } from "./deno_kv_handle.ts";
import type { OutboxKeys, TextPart } from "./deno_kv_outbox_keys.ts";
import type { OutboxSteps, QueueAt, QueueStep } from "./deno_kv_outbox_steps.ts";

/** The most bytes of an answer; a larger one is kept without the row. */
const MAX_ANSWER_BYTES = 60_000;
/** The most bytes of all answers of one step: with their keys less than the 800 KiB limit of an atomic. */
const MAX_STEP_BYTES = 400_000;
/** How many answers are taken, or looked at to find those that are too old, in one step. */
const ANSWERS_PER_STEP = 64;

/** An answer to be kept. */
export interface NewAnswer {
  /** Who it is for; `undefined` if only the real id matters. */
  readonly holder: string | undefined;
  readonly rowId: string | undefined;
  readonly answer: OutboxAnswer;
}

/** What is kept under a number. */
interface Kept {
  readonly at: number;
  /** Who has not taken the answer yet. */
  readonly holder?: TextPart | undefined;
  /** The row whose real id is kept. */
  readonly row?: TextPart | undefined;
}

/** The answers that are kept for other holders, and the ids that inserted rows were given. */
export class OutboxAnswers {
  readonly #db: KvDatabase;
  readonly #keys: OutboxKeys;
  readonly #steps: OutboxSteps;
  readonly #limits: OutboxLimits;

  constructor(db: KvDatabase, keys: OutboxKeys, steps: OutboxSteps, limits: OutboxLimits) {
    this.#db = db;
    this.#keys = keys;
    this.#steps = steps;
    this.#limits = limits;
  }

  /** Prepares to keep answers, the first under the number after `last`; answers with what writes them in a step. */
  async adding(
    queue: TextPart,
    answers: readonly NewAnswer[],
    { last, at }: { readonly last: number; readonly at: number },
  ): Promise<(atomic: KvAtomic) => void> {
    const keys = this.#keys;
    let bytes = 0;
    const writes = await Promise.all(answers.map(async ({ holder: name, rowId, answer }, index) => {
      const { realId } = answer;
      const holder = name === undefined ? undefined : await keys.part(name);
      const row = realId === undefined || rowId === undefined ? undefined : await keys.part(rowId);
      const body = encoded(answer, MAX_STEP_BYTES - bytes);
      bytes += body.length;
      const number = last + 1 + index;
      return (atomic: KvAtomic): void => {
        atomic.set(keys.kept(queue, number), { at, holder, row } satisfies Kept);
        if (holder !== undefined) atomic.set(keys.answer(queue, holder, number), body);
        if (row !== undefined) atomic.set(keys.realId(queue, row), { realId, number });
      };
    }));
    return (atomic) => writes.forEach((write) => write(atomic));
  }

  /** The real ids of rows, where they are known. */
  async realIds(queue: TextPart, rowIds: readonly (string | undefined)[]): Promise<ReadonlyMap<string, string>> {
    const known = [...new Set(rowIds)].filter((rowId) => rowId !== undefined);
    const keys = await Promise.all(known.map(async (rowId) => this.#keys.realId(queue, await this.#keys.part(rowId))));
    const found = await this.#db.read(keys);
    const realIds = new Map<string, string>();
    found.forEach(({ value }, at) => {
      const realId = fieldOf(value, "realId");
      if (typeof realId === "string") realIds.set(known[at] ?? "", realId);
    });
    return realIds;
  }

  /** Takes out all answers for a holder. */
  async take(queueName: string, holderName: string): Promise<OutboxAnswer[]> {
    const holder = await this.#keys.part(holderName);
    const taken: OutboxAnswer[] = [];
    for (;;) {
      const some = await this.#steps.take(queueName, (at) => this.#takeSome(at, holder));
      taken.push(...some.flatMap(readable));
      if (some.length < ANSWERS_PER_STEP) return taken;
    }
  }

  /** Drops the oldest answers until all bounds are met, but no real id while there are writes to its row. */
  async trim(queueName: string, now: number): Promise<void> {
    await this.#steps.take(queueName, (at) => this.#trimSome(at, now));
  }

  async #takeSome(
    { queue, state }: QueueAt,
    holder: TextPart,
  ): Promise<QueueStep<readonly KvEntry[]>> {
    if (state.kept === 0) return { answer: [] };
    const answers = await this.#list(["answer", queue, holder], ANSWERS_PER_STEP);
    if (answers.length === 0) return { answer: [] };
    const records = await this.#db.read(answers.map(({ key }) => this.#keys.kept(queue, numberIn(key))));
    const dropped = records.filter(({ value }) => keptOf(value)?.row === undefined);
    const write = (atomic: KvAtomic): void => {
      for (const { key } of [...answers, ...dropped]) atomic.delete(key);
      for (const { key, value } of records) {
        const { at = 0, row } = keptOf(value) ?? {};
        if (row !== undefined) atomic.set(key, { at, row } satisfies Kept);
      }
    };
    return { answer: answers, state: { ...state, kept: state.kept - dropped.length }, write };
  }

  async #trimSome({ queue, state }: QueueAt, now: number): Promise<QueueStep<void>> {
    const { maxAnswers, maxAnswerAgeMs } = this.#limits;
    const surplus = state.kept - maxAnswers;
    const oldest = await this.#list(["kept", queue], Math.max(surplus, ANSWERS_PER_STEP));
    const surplusOnes = oldest.filter(({ value }, index) =>
      index < surplus || (keptOf(value)?.at ?? 0) < now - maxAnswerAgeMs
    ).slice(0, 2 * ANSWERS_PER_STEP);
    const needed = await Promise.all(surplusOnes.map((each) => this.#isNeeded(queue, each)));
    const dropped = surplusOnes.filter((_, index) => !needed[index]);
    if (dropped.length === 0) return { answer: undefined };
    const write = (atomic: KvAtomic): void => {
      for (const { key, value } of dropped) {
        const { holder, row } = keptOf(value) ?? {};
        atomic.delete(key);
        if (holder !== undefined) atomic.delete(this.#keys.answer(queue, holder, numberIn(key)));
        if (row !== undefined) atomic.delete(this.#keys.realId(queue, row));
      }
    };
    return { answer: undefined, state: { ...state, kept: state.kept - dropped.length }, write };
  }

  async #isNeeded(queue: TextPart, { value }: KvEntry): Promise<boolean> {
    const row = keptOf(value)?.row;
    return row !== undefined && (await this.#list(["row", queue, row], 1)).length > 0;
  }

  async #list(parts: readonly (string | TextPart)[], limit: number): Promise<KvEntry[]> {
    const found: KvEntry[] = [];
    for await (const entry of this.#db.list(parts, { limit })) found.push(entry);
    return found;
  }
}

/** The bytes of an answer, without its row if that is too large. */
function encoded(answer: OutboxAnswer, room: number): Uint8Array {
  const whole = encodeAnswer(answer);
  const { answer: _, ...rest } = answer;
  return new Uint8Array(whole.length <= Math.min(room, MAX_ANSWER_BYTES) ? whole : encodeAnswer(rest));
}

/** An answer that cannot be read is dropped, as one that no holder takes is: that its write has left the outbox says enough. */
function readable({ value }: KvEntry): OutboxAnswer[] {
  try {
    return isBytes(value) ? [decodeAnswer(value)] : [];
  } catch {
    return [];
  }
}

function keptOf(value: unknown): Kept | undefined {
  return typeof fieldOf(value, "at") === "number" ? value as Kept : undefined; // Written here alone.
}

function numberIn(key: readonly unknown[]): number {
  return Number(key.at(-1));
}
