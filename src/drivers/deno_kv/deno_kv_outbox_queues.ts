import type { Clock } from "../../base/clock.ts";
import { encodeFailure } from "../../outbox/answer_codec.ts";
import { leaseAfter, type LeaseRequest } from "../../outbox/lease.ts";
import type { OutboxAnswer, OutboxEntry, OutboxMark, UnreadableEntry } from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import { idConflict } from "../../outbox/stored_write.ts";
import { OutboxError, TableError } from "../../table/errors.ts";
import { amount, type KvDatabase } from "./deno_kv_database.ts";
import type { KvAtomic } from "./deno_kv_handle.ts";
import { type NewAnswer, OutboxAnswers } from "./deno_kv_outbox_answers.ts";
import { OutboxBodies } from "./deno_kv_outbox_bodies.ts";
import { OutboxEntries, type PlacedHead } from "./deno_kv_outbox_entries.ts";
import { OutboxKeys, type Parts, type TextPart } from "./deno_kv_outbox_keys.ts";
import { OutboxSteps, type QueueAt, type QueueStep } from "./deno_kv_outbox_steps.ts";
import type { NewWrite } from "./deno_kv_outbox_write.ts";

/** The bounds of an outbox in Deno KV. */
export interface KvOutboxLimits extends OutboxLimits {
  readonly maxBytes: number;
}

/** The marks of one step. */
interface Marking {
  readonly term: number;
  readonly marks: readonly OutboxMark[];
  readonly now: number;
}

/** What marks lead to. */
interface Marked {
  readonly changed: Map<string, PlacedHead>;
  readonly removed: PlacedHead[];
  readonly answers: NewAnswer[];
}

/** The queues of an outbox in Deno KV. */
export class KvOutboxQueues {
  readonly #keys: OutboxKeys;
  readonly #limits: KvOutboxLimits;
  readonly #steps: OutboxSteps;
  readonly #bodies: OutboxBodies;
  readonly #entries: OutboxEntries;
  readonly #answers: OutboxAnswers;

  constructor(db: KvDatabase, limits: KvOutboxLimits, clock: Clock) {
    this.#keys = new OutboxKeys(db);
    this.#limits = limits;
    this.#steps = new OutboxSteps(db, this.#keys);
    this.#bodies = new OutboxBodies(db, this.#keys, () => clock.now());
    this.#entries = new OutboxEntries(db, this.#keys, this.#bodies);
    this.#answers = new OutboxAnswers(db, this.#keys, this.#steps, limits);
  }

  /** Checks the version, and removes what processes left that died. */
  async sweep(): Promise<void> {
    await this.#steps.look("");
    await this.#bodies.sweep();
  }

  async append(queue: string, writes: readonly NewWrite[]): Promise<readonly number[]> {
    const parts: (Parts | undefined)[] = [];
    try {
      for (const { body, isInline } of writes) parts.push(isInline ? undefined : await this.#bodies.write(body));
      return await this.#steps.take(queue, (at) => this.#append(at, writes, parts));
    } catch (error) {
      // After any other error, they may be part of an entry all the same.
      if (error instanceof TableError) await this.#drop(parts);
      throw error;
    }
  }

  async load(queueName: string, after: number, limit: number): Promise<readonly (OutboxEntry | UnreadableEntry)[]> {
    const { queue, state } = await this.#steps.look(await this.#keys.queuePart(queueName));
    const entries = await this.#entries.load(queue, after, limit);
    if (state.kept === 0) return entries;
    const rowIds = entries.map((entry) => "write" in entry ? entry.write.rowId : undefined);
    const realIds = await this.#answers.realIds(queue, rowIds);
    return entries.map((entry) => {
      const realId = "write" in entry ? realIds.get(entry.write.rowId ?? "") : undefined;
      return realId === undefined ? entry : Object.freeze({ ...entry, realId });
    });
  }

  lease(queue: string, request: LeaseRequest): Promise<number | undefined> {
    return this.#steps.take(queue, ({ state }) => {
      const lease = leaseAfter(state.lease, request, state.term + 1);
      const step = lease && { answer: lease.term, state: { ...state, lease, term: Math.max(state.term, lease.term) } };
      return Promise.resolve(step ?? { answer: undefined });
    });
  }

  async release(queue: string, term: number): Promise<void> {
    const isReleased = await this.#steps.take(queue, ({ state: { lease, ...rest } }) => {
      const step = lease?.term === term ? { answer: true, state: rest } : { answer: false };
      return Promise.resolve(step);
    });
    if (isReleased) await this.#steps.leave(queue);
  }

  async mark(queue: string, marking: Marking): Promise<boolean> {
    const { isDone, loose, isKept } = await this.#steps.take(queue, (at) => this.#mark(at, marking));
    await this.#drop(loose);
    if (isKept) await this.#answers.trim(queue, marking.now);
    return isDone;
  }

  async remove(queue: string, id: string): Promise<boolean> {
    const removed = await this.#steps.take(queue, async (at): Promise<QueueStep<PlacedHead | undefined>> => {
      const found = (await this.#entries.find(at.queue, [id])).get(id);
      if (found === undefined || found.head.state === "sent") return { answer: undefined };
      return {
        answer: found,
        state: { ...at.state, entries: at.state.entries - 1 },
        write: (atomic) => this.#removeFrom(atomic, at.queue, [found]),
      };
    });
    await this.#drop([removed?.head.parts]);
    return removed !== undefined;
  }

  retry(queue: string, id: string): Promise<boolean> {
    return this.#steps.take(queue, async (at): Promise<QueueStep<boolean>> => {
      const found = (await this.#entries.find(at.queue, [id])).get(id);
      if (found?.head.state !== "failed") return { answer: false };
      const position = at.state.last + 1;
      const move = await this.#entries.moving(at.queue, found, position);
      return { answer: true, state: { ...at.state, last: position }, write: move };
    });
  }

  async answers(queue: string, holder: string): Promise<readonly OutboxAnswer[]> {
    const taken = await this.#answers.take(queue, holder);
    if (taken.length > 0) await this.#steps.leave(queue);
    return taken;
  }

  async #append(
    { queue, state, entries, bytes }: QueueAt,
    writes: readonly NewWrite[],
    parts: readonly (Parts | undefined)[],
  ): Promise<QueueStep<readonly number[]>> {
    const size = writes.reduce((sum, each) => sum + each.size, 0);
    const { maxEntries, maxBytes } = this.#limits;
    if (entries + writes.length > maxEntries || bytes + size > maxBytes) {
      throw new OutboxError(
        `Cannot keep ${writes.length} more writes: the outbox has ${entries} of at most ${maxEntries},` +
          ` and ${bytes} bytes of at most ${maxBytes}`,
        { retriable: true },
      );
    }
    const found = await this.#entries.find(queue, writes.map(({ write }) => write.id));
    const taken = writes.find(({ write }) => found.has(write.id));
    if (taken !== undefined) throw idConflict(taken.write);
    const add = await this.#entries.adding(queue, writes, { parts, after: state.last });
    return {
      answer: writes.map((_, index) => state.last + 1 + index),
      state: { ...state, last: state.last + writes.length, entries: state.entries + writes.length },
      write: (atomic) => {
        add(atomic);
        this.#count(atomic, writes.length, size);
      },
    };
  }

  async #mark(
    { queue, state }: QueueAt,
    { term, marks, now }: Marking,
  ): Promise<QueueStep<{ isDone: boolean; loose: readonly (Parts | undefined)[]; isKept: boolean }>> {
    const nothing = { answer: { isDone: false, loose: [], isKept: false } };
    const { lease } = state;
    if (lease?.term !== term) return nothing;
    const found = await this.#entries.find(queue, marks.map(({ id }) => id));
    const canMark = ({ kind, id }: OutboxMark): boolean =>
      kind !== "sent" || (found.has(id) && found.get(id)?.head.state !== "failed");
    if (!marks.every(canMark)) return nothing;
    const { changed, removed, answers } = marked(marks, found, lease.holder);
    const kept = answers.slice(-this.#limits.maxAnswers);
    const keep = await this.#answers.adding(queue, kept, { last: state.last, at: now });
    return {
      answer: { isDone: true, loose: removed.map(({ head }) => head.parts), isKept: kept.length > 0 },
      state: {
        ...state,
        last: state.last + kept.length,
        entries: state.entries - removed.length,
        kept: state.kept + kept.length,
      },
      write: (atomic) => {
        for (const { position, head } of changed.values()) atomic.set(this.#keys.entry(queue, position), head);
        this.#removeFrom(atomic, queue, removed);
        keep(atomic);
      },
    };
  }

  #removeFrom(atomic: KvAtomic, queue: TextPart, removed: readonly PlacedHead[]): void {
    for (const placed of removed) this.#entries.remove(atomic, queue, placed);
    this.#count(atomic, -removed.length, -removed.reduce((sum, { head }) => sum + head.size, 0));
  }

  #count(atomic: KvAtomic, entries: number, bytes: number): void {
    atomic.sum(this.#keys.entryCount, amount(entries)).sum(this.#keys.byteCount, amount(bytes));
  }

  /** Removes parts that are loose. If that fails, the next outbox that is opened does it. */
  async #drop(parts: readonly (Parts | undefined)[]): Promise<void> {
    for (const each of parts) if (each !== undefined) await this.#bodies.remove(each).catch(() => {});
  }
}

/** What marks make of the entries that they name; those that are not there are passed over. */
function marked(marks: readonly OutboxMark[], found: ReadonlyMap<string, PlacedHead>, holder: string): Marked {
  const left = new Map(found);
  const result: Marked = { changed: new Map(), removed: [], answers: [] };
  for (const mark of marks) {
    const placed = left.get(mark.id);
    if (placed === undefined) continue;
    const { head } = placed;
    const to = { holder: head.holder === holder ? undefined : head.holder, rowId: head.rowId };
    const change = (difference: Partial<typeof head>): void => {
      const changed = { ...placed, head: { ...head, ...difference } };
      left.set(mark.id, changed);
      result.changed.set(mark.id, changed);
    };
    switch (mark.kind) {
      case "sent":
        change({ state: "sent", attempts: head.attempts + 1 });
        break;
      case "returned":
        if (head.state === "sent") change({ state: "accepted" });
        break;
      case "failed":
        change({ state: "failed", failure: new Uint8Array(encodeFailure(mark.failure)) });
        if (to.holder !== undefined) result.answers.push({ ...to, answer: { id: mark.id, failure: mark.failure } });
        break;
      case "answered": {
        const { id, answer, realId } = mark;
        left.delete(id);
        result.changed.delete(id);
        result.removed.push(placed);
        const isOfRow = realId !== undefined && head.rowId !== undefined;
        if (to.holder !== undefined || isOfRow) {
          result.answers.push({ ...to, answer: { id, answer, realId } });
        }
        break;
      }
      default:
        mark satisfies never;
    }
  }
  return result;
}
