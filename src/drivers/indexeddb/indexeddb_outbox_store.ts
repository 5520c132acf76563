import { type Lease, leaseAfter, type LeaseRequest } from "../../outbox/lease.ts";
import type {
  Outbox,
  OutboxAnswer,
  OutboxEntry,
  OutboxMark,
  StoredWrite,
  UnreadableEntry,
} from "../../outbox/outbox.ts";
import type { OutboxLimits } from "../../outbox/outbox_bounds.ts";
import { toFailure } from "../../outbox/failure.ts";
import { describeWrite, idConflict } from "../../outbox/stored_write.ts";
import { factsOfWrite, type WriteFacts, writeOfFacts } from "../../outbox/write_facts.ts";
import { OutboxError } from "../../table/errors.ts";
import { answerOf, type IdbHandle, rangeAfter } from "./indexeddb_api.ts";
import type { IdbDatabase, IdbStores } from "./indexeddb_database.ts";
import {
  addAnswer,
  hasAnswers,
  type OutboxQueue,
  realIdOf,
  takeAnswers,
  trimAnswers,
} from "./indexeddb_outbox_answers.ts";

/** What is known of the whole outbox, under the key {@linkcode TOTAL}. */
interface OutboxTotal {
  /** The last position of an entry or an answer of any queue. */
  readonly position: number;
  readonly entries: number;
}

const TOTAL = 0;
const NONE: OutboxTotal = { position: 0, entries: 0 };

/** An entry as it is stored. */
interface Stored {
  readonly queue: string;
  readonly position: number;
  readonly id: string;
  /** Left out where there is none, so that no index has it. */
  readonly rowId?: string | undefined;
  readonly acceptedBy: string;
  readonly write: WriteFacts;
  readonly state: OutboxEntry["state"];
  readonly attempts: number;
  readonly failure?: OutboxEntry["failure"];
  readonly realId?: string | undefined;
}

const STORES: readonly string[] = ["total", "queues", "entries", "answers"];

/**
 * Creates the stores of an outbox:
 *
 * ```text
 * total      0                      the last position, and how many entries there are
 * queues     name                   the lease of a queue, and how many answers it keeps
 * entries    [queue, position]      a write; found by its id, and by the row that it is to
 * answers    [queue, position]      what became of a write; found by the holder that it is for, and by the row
 * ```
 */
export function createOutboxStores(handle: IdbHandle): void {
  handle.createObjectStore("total");
  handle.createObjectStore("queues");
  for (const [name, by] of [["entries", "id"], ["answers", "holder"]] as const) {
    const store = handle.createObjectStore(name, { keyPath: ["queue", "position"] });
    store.createIndex(by, ["queue", by]);
    store.createIndex("rowId", ["queue", "rowId"]);
  }
}

/** An outbox in the stores of `createOutboxStores`. Each call is one transaction. */
export class IdbOutboxStore implements Omit<Outbox, "shared" | "lease" | "release"> {
  readonly #db: IdbDatabase;
  readonly #limits: OutboxLimits;

  constructor(db: IdbDatabase, limits: OutboxLimits) {
    this.#db = db;
    this.#limits = limits;
  }

  /** Writes that `toStoredWrite` has checked. */
  async append(queue: string, writes: readonly StoredWrite[]): Promise<readonly number[]> {
    return await this.#step(async (store) => {
      const total = await totalIn(store);
      const held = await Promise.all(writes.map(({ id }) => entryIn(store, queue, id)));
      const ids = new Set<string>();
      for (const [at, write] of writes.entries()) {
        if (held[at] !== undefined || ids.has(write.id)) throw idConflict(write);
        ids.add(write.id);
      }
      this.#checkRoom(total, writes);
      const realIds = await Promise.all(writes.map(({ rowId }) => realIdOf(store, queue, rowId)));
      const positions = writes.map((_, at) => total.position + 1 + at);
      for (const [at, write] of writes.entries()) {
        put(store, newEntry({ queue, position: positions[at] ?? 0, write, realId: realIds[at] }));
      }
      count(store, { position: total.position + writes.length, entries: total.entries + writes.length });
      return positions;
    });
  }

  async load(queue: string, after: number, limit: number): Promise<readonly (OutboxEntry | UnreadableEntry)[]> {
    return await this.#db.step(["entries"], "readonly", async (store) => {
      const found = await answerOf(store("entries").getAll(rangeAfter(queue, after), limit));
      return (found as readonly Stored[]).map(readEntry); // Written here alone.
    });
  }

  /** The lease of a queue, or of the holder that has it. `ended` is the term of one that is gone. */
  async lease(queue: string, request: LeaseRequest, ended?: number): Promise<Lease> {
    // Waiting for a lease must not hold up writes.
    const other = await this.#db.step(["queues"], "readonly", (store) => queueIn(store, queue));
    const taken = leaseAfter(other?.lease?.term === ended ? undefined : other?.lease, request, 0);
    if (taken === undefined) return other?.lease as Lease; // It is held.
    return await this.#step(async (store) => {
      const [total, known] = await Promise.all([totalIn(store), queueIn(store, queue)]);
      const held = known?.lease;
      const lease = leaseAfter(held?.term === ended ? undefined : held, request, total.position + 1);
      if (lease === undefined) return held as Lease; // It is held by another one.
      // A position is a term that no queue has had.
      if (lease.term > total.position) count(store, { ...total, position: lease.term });
      store("queues").put({ answers: 0, ...known, lease }, queue);
      return lease;
    });
  }

  /** Answers with the holder, if `term` was the current one. */
  async release(queue: string, term: number): Promise<string | undefined> {
    return await this.#step(async (store) => {
      const known = await queueIn(store, queue);
      if (known?.lease?.term !== term) return undefined;
      putQueue(store, queue, { answers: known.answers });
      return known.lease.holder;
    });
  }

  async mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): Promise<boolean> {
    return await this.#step(async (store) => {
      const [total, known, ...held] = await Promise.all([
        totalIn(store),
        queueIn(store, queue),
        ...marks.map(({ id }) => entryIn(store, queue, id)),
      ]);
      if (known?.lease?.term !== term || !marks.every(({ kind }, at) => kind !== "sent" || canSend(held[at]))) {
        return false;
      }
      const marking = new Marking(store, queue, { ...known, lease: known.lease }, { now, position: total.position });
      for (const entry of held) if (entry !== undefined) marking.entries.set(entry.id, entry);
      for (const mark of marks) await marking.mark(mark);
      for (const entry of marking.entries.values()) put(store, entry);
      count(store, { position: marking.position, entries: total.entries - marking.removed });
      const answers = await trimAnswers(store, queue, { count: marking.answers, now, limits: this.#limits });
      putQueue(store, queue, { lease: known.lease, answers });
      return true;
    });
  }

  async remove(queue: string, id: string): Promise<boolean> {
    return await this.#step(async (store) => {
      const [total, entry] = await Promise.all([totalIn(store), entryIn(store, queue, id)]);
      if (entry === undefined || entry.state === "sent") return false;
      store("entries").delete([queue, entry.position]);
      count(store, { ...total, entries: total.entries - 1 });
      return true;
    });
  }

  async retry(queue: string, id: string): Promise<boolean> {
    return await this.#step(async (store) => {
      const [total, entry] = await Promise.all([totalIn(store), entryIn(store, queue, id)]);
      if (entry?.state !== "failed") return false;
      const { failure: _, ...rest } = entry;
      const position = total.position + 1;
      store("entries").delete([queue, entry.position]);
      put(store, { ...rest, state: "accepted", position });
      count(store, { ...total, position });
      return true;
    });
  }

  async answers(queue: string, holder: string): Promise<readonly OutboxAnswer[]> {
    if (!await this.#db.step(["answers"], "readonly", (store) => hasAnswers(store, queue, holder))) return [];
    return await this.#step(async (store) => {
      const known = await queueIn(store, queue);
      const { answers, taken } = await takeAnswers(store, queue, holder);
      if (known !== undefined && taken > 0) putQueue(store, queue, { ...known, answers: known.answers - taken });
      return answers;
    });
  }

  #step<T>(work: (store: IdbStores) => Promise<T>): Promise<T> {
    return this.#db.step(STORES, "readwrite", work);
  }

  #checkRoom({ entries }: OutboxTotal, writes: readonly StoredWrite[]): void {
    const { maxEntries } = this.#limits;
    const [first] = writes;
    if (first === undefined || entries + writes.length <= maxEntries) return;
    throw new OutboxError(
      `Cannot keep ${describeWrite(first)}: the outbox has ${entries} writes of at most ${maxEntries}`,
      {
        retriable: true,
      },
    );
  }
}

/** What marks do to the entries and answers of a queue, in one transaction. */
class Marking {
  readonly #store: IdbStores;
  readonly #queue: string;
  readonly #holder: string;
  readonly #now: number;
  /** The entries that are marked, by id. */
  readonly entries = new Map<string, Stored>();
  answers: number;
  position: number;
  removed = 0;

  constructor(
    store: IdbStores,
    queue: string,
    known: OutboxQueue & { readonly lease: Lease },
    { now, position }: { readonly now: number; readonly position: number },
  ) {
    this.#store = store;
    this.#queue = queue;
    this.#holder = known.lease.holder;
    this.#now = now;
    this.answers = known.answers;
    this.position = position;
  }

  async mark(mark: OutboxMark): Promise<void> {
    const entry = this.entries.get(mark.id);
    if (entry === undefined) return;
    switch (mark.kind) {
      case "sent":
        return void this.entries.set(mark.id, { ...entry, state: "sent", attempts: entry.attempts + 1 });
      case "returned":
        if (entry.state === "sent") this.entries.set(mark.id, { ...entry, state: "accepted" });
        return;
      case "failed": {
        const failure = toFailure(mark.failure);
        this.entries.set(mark.id, { ...entry, state: "failed", failure });
        return this.#answer(entry, { id: mark.id, failure });
      }
      case "answered": {
        const { id, answer, realId } = mark;
        this.entries.delete(id);
        this.#store("entries").delete([this.#queue, entry.position]);
        this.removed++;
        this.#answer(entry, { id, answer, realId });
        if (realId !== undefined && entry.rowId !== undefined) await this.#setRealId(entry.rowId, realId);
        return;
      }
      default:
        mark satisfies never;
    }
  }

  #answer({ acceptedBy, rowId }: Stored, answer: OutboxAnswer): void {
    const holder = acceptedBy === this.#holder ? undefined : acceptedBy;
    const kept = { queue: this.#queue, position: this.position + 1, holder, rowId, at: this.#now, answer };
    if (!addAnswer(this.#store, kept)) return;
    this.position++;
    this.answers++;
  }

  async #setRealId(rowId: string, realId: string): Promise<void> {
    const found = await answerOf(this.#store("entries").index("rowId").getAll([this.#queue, rowId]));
    for (const entry of found as readonly Stored[]) { // Written here alone.
      this.entries.set(entry.id, { ...this.entries.get(entry.id) ?? entry, realId });
    }
  }
}

function canSend(entry: Stored | undefined): boolean {
  return entry !== undefined && entry.state !== "failed";
}

interface NewEntry {
  readonly queue: string;
  readonly position: number;
  readonly write: StoredWrite;
  readonly realId: string | undefined;
}

function newEntry({ queue, position, write, realId }: NewEntry): Stored {
  const { id, rowId, acceptedBy } = write;
  const known = { ...(rowId !== undefined && { rowId }), ...(realId !== undefined && { realId }) };
  return { queue, position, id, acceptedBy, write: factsOfWrite(write), state: "accepted", attempts: 0, ...known };
}

function readEntry({ position, id, write, state, attempts, failure, realId }: Stored): OutboxEntry | UnreadableEntry {
  try {
    return Object.freeze({
      position,
      write: writeOfFacts(write),
      state,
      attempts,
      ...(failure !== undefined && { failure: toFailure(failure) }),
      ...(realId !== undefined && { realId }),
    });
  } catch (error) {
    return Object.freeze({ position, id, error });
  }
}

function put(store: IdbStores, entry: Stored): void {
  store("entries").put(entry);
}

function count(store: IdbStores, total: OutboxTotal): void {
  store("total").put(total, TOTAL);
}

/** A queue is there while it holds anything that is asked for. */
function putQueue(store: IdbStores, name: string, queue: OutboxQueue): void {
  if (queue.lease === undefined && queue.answers === 0) store("queues").delete(name);
  else store("queues").put(queue, name);
}

async function totalIn(store: IdbStores): Promise<OutboxTotal> {
  return await answerOf(store("total").get(TOTAL)) as OutboxTotal | undefined ?? NONE; // Written here alone.
}

async function queueIn(store: IdbStores, name: string): Promise<OutboxQueue | undefined> {
  return await answerOf(store("queues").get(name)) as OutboxQueue | undefined; // Written here alone.
}

async function entryIn(store: IdbStores, queue: string, id: string): Promise<Stored | undefined> {
  return await answerOf(store("entries").index("id").get([queue, id])) as Stored | undefined; // Written here alone.
}
