import { describe } from "../../base/describe.ts";
import { decodeFailure, encodeFailure } from "../../outbox/answer_codec.ts";
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
import { describeWrite, idConflict, tooLarge, toStoredWrite } from "../../outbox/stored_write.ts";
import { decodeWrite, encodeWrite } from "../../outbox/write_codec.ts";
import { OutboxError } from "../../table/errors.ts";
import { SqliteOutboxAnswers } from "./sqlite_outbox_answers.ts";
import { checkVersion, OUTBOX_VERSION, type SqliteSteps } from "./sqlite_outbox_schema.ts";
import { bytesOf, restored, storable } from "./sqlite_storable.ts";

/** The bounds of an outbox in SQLite. */
export interface SqliteOutboxLimits extends OutboxLimits {
  /** The most bytes of all writes. */
  readonly maxBytes: number;
  /** The most bytes of one write. */
  readonly maxWriteBytes: number;
}

/** What an entry takes besides its bytes and its texts. */
const ENTRY_BYTES = 256;
/** How often each text of an entry is stored: in the table and in indexes. */
const COPIES_OF_TEXTS = 4;

const APPEND = `INSERT INTO vantage_outbox_entry (position, queue, id, row_id, made, real_id, holder, size, body)
  SELECT t.position + 1, f.queue, ?, f.row_id, CASE WHEN f.makes OR EXISTS (SELECT 1 FROM vantage_outbox_entry e
    WHERE e.queue = f.queue AND e.made = f.row_id) THEN f.row_id END,
    (SELECT a.real_id FROM vantage_outbox_answer a WHERE a.queue = f.queue AND a.row_id = f.row_id
      AND a.real_id IS NOT NULL ORDER BY a.position DESC LIMIT 1), ?, f.size, ?
  FROM vantage_outbox_total t, (SELECT ? AS queue, ? AS row_id, ? AS makes, ? AS size) f
  WHERE t.version = ${OUTBOX_VERSION} AND t.entries < ? AND t.bytes + f.size <= ?
  ON CONFLICT (queue, id) DO NOTHING RETURNING position`;
const TOTAL = "SELECT version, entries, bytes FROM vantage_outbox_total";
const HAS_ID = "SELECT 1 AS found FROM vantage_outbox_entry WHERE queue = ? AND id = ?";
const ENTRY = "SELECT position, id, real_id, state, attempts, failure, body FROM vantage_outbox_entry";
const NEXT = "WHERE queue = ? AND position > ? ORDER BY position LIMIT ?";
/** Finds the entries of a queue by the index of ids, and sorts them. */
const LOAD_SORTED = `${ENTRY} INDEXED BY vantage_outbox_entry_by_id ${NEXT}`;
/** Goes through the entries of all queues in their order. */
const LOAD_IN_ORDER = `${ENTRY} NOT INDEXED ${NEXT}`;
/** Up to so many entries are sorted. In a queue with more, most entries may be its own. */
const MAX_SORTED = 1_000;
const HAS_MORE = `SELECT 1 AS found FROM vantage_outbox_entry WHERE queue = ? LIMIT 1 OFFSET ${MAX_SORTED}`;
const LOOK = `SELECT t.version AS version, t.term AS last, q.term AS term, q.holder AS holder, q.until AS until,
  q.for_ms AS forMs, q.answers AS answers
  FROM vantage_outbox_total t LEFT JOIN vantage_outbox_queue q ON q.name = ?`;
const LAST_TERM = "UPDATE vantage_outbox_total SET term = ?";
const LEASE = `INSERT INTO vantage_outbox_queue (name, term, holder, until, for_ms) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (name) DO UPDATE SET term = excluded.term, holder = excluded.holder, until = excluded.until,
    for_ms = excluded.for_ms`;
const RELEASE = "UPDATE vantage_outbox_queue SET term = NULL, holder = NULL WHERE name = ? AND term = ?";
const LEAVE = "DELETE FROM vantage_outbox_queue WHERE name = ? AND holder IS NULL AND answers = 0";
const CAN_SEND = "SELECT 1 AS found FROM vantage_outbox_entry WHERE queue = ? AND id = ? AND state <> 'failed'";
const SENT = `UPDATE vantage_outbox_entry SET state = 'sent', attempts = attempts + 1 WHERE queue = ? AND id = ?`;
const RETURNED = `UPDATE vantage_outbox_entry SET state = 'accepted' WHERE queue = ? AND id = ? AND state = 'sent'`;
const FAILED = `UPDATE vantage_outbox_entry SET state = 'failed', failure = ? WHERE queue = ? AND id = ?
  RETURNING holder, row_id AS rowId`;
const ANSWERED = `DELETE FROM vantage_outbox_entry WHERE queue = ? AND id = ? RETURNING holder, row_id AS rowId`;
const SET_REAL_ID = "UPDATE vantage_outbox_entry SET real_id = ? WHERE queue = ? AND made = ?";
const REMOVE = "DELETE FROM vantage_outbox_entry WHERE queue = ? AND id = ? AND state <> 'sent' RETURNING id";
const RETRY = `UPDATE vantage_outbox_entry SET position = (SELECT position + 1 FROM vantage_outbox_total),
  state = 'accepted', failure = NULL WHERE queue = ? AND id = ? AND state = 'failed' RETURNING id`;

/** What a queue looks like at a moment. */
interface Look {
  readonly lease: Lease | undefined;
  readonly lastTerm: number;
}

/** An outbox in the tables of `createOutboxSchema`, in any SQLite database. */
export class SqliteOutboxStore implements Omit<Outbox, "shared" | "append"> {
  readonly #db: SqliteSteps;
  readonly #limits: SqliteOutboxLimits;
  readonly #answers: SqliteOutboxAnswers;
  readonly #isAlone: boolean;

  /**
   * @param isAlone whether no other code can have a transaction open on this connection: then a step of one statement needs
   * none.
   */
  constructor(db: SqliteSteps, limits: SqliteOutboxLimits, isAlone: boolean) {
    this.#db = db;
    this.#isAlone = isAlone;
    this.#limits = limits;
    this.#answers = new SqliteOutboxAnswers(db, limits);
  }

  /**
   * Checks and encodes writes for `append`.
   *
   * @throws {TypeError} if one is not a write.
   * @throws {RangeError} if one is larger than can ever be kept.
   */
  newRows(queue: string, writes: readonly StoredWrite[]): readonly NewRow[] {
    return writes.map((write) => this.#rowOf(storable(queue), toStoredWrite(write)));
  }

  append(name: string, added: readonly NewRow[]): readonly number[] {
    if (added.length === 0) return [];
    const queue = storable(name);
    const work = (): number[] => added.map((row) => this.#insert(queue, row));
    return this.#isAlone && added.length === 1 ? work() : this.#db.inTransaction(work);
  }

  load(queue: string, after: number, limit: number): readonly (OutboxEntry | UnreadableEntry)[] {
    const name = storable(queue);
    const load = this.#db.all(HAS_MORE, [name]).length > 0 ? LOAD_IN_ORDER : LOAD_SORTED;
    return this.#db.all(load, [name, after, limit]).map(entryOf);
  }

  lease(name: string, holder: string, now: number, forMs: number): number | undefined {
    const queue = storable(name);
    const request = { holder, now, forMs };
    // Without the write lock, so that waiting for a lease holds up no writer.
    if (leaseIn(this.#look(queue), request) === undefined) return undefined;
    return this.#db.inTransaction(() => {
      const look = this.#look(queue);
      const lease = leaseIn(look, request);
      if (lease === undefined) return undefined;
      if (lease.term > look.lastTerm) this.#db.run(LAST_TERM, [lease.term]);
      this.#db.run(LEASE, [queue, lease.term, storable(holder), lease.until, forMs]);
      return lease.term;
    });
  }

  release(name: string, term: number): void {
    const queue = storable(name);
    if (this.#look(queue).lease?.term !== term) return;
    this.#db.inTransaction(() => {
      this.#db.run(RELEASE, [queue, term]);
      this.#db.run(LEAVE, [queue]);
    });
  }

  mark(name: string, term: number, marks: readonly OutboxMark[], now: number): boolean {
    const queue = storable(name);
    return this.#db.inTransaction(() => {
      const { lease } = this.#look(queue);
      if (lease?.term !== term || !marks.every((mark) => this.#canMark(queue, mark))) return false;
      for (const mark of marks) this.#mark(queue, mark, { holder: lease.holder, now });
      this.#answers.trim(queue, now);
      return true;
    });
  }

  remove(name: string, id: string): boolean {
    return this.#changes(REMOVE, storable(name), storable(id));
  }

  retry(name: string, id: string): boolean {
    return this.#changes(RETRY, storable(name), storable(id));
  }

  answers(name: string, holder: string): readonly OutboxAnswer[] {
    const queue = storable(name);
    if (!this.#answers.has(queue, holder)) return [];
    return this.#db.inTransaction(() => {
      const taken = this.#answers.take(queue, holder);
      this.#db.run(LEAVE, [queue]);
      return taken;
    });
  }

  /** Inserts a write, and answers with its position. */
  #insert(queue: string, { write, id, rowId, holder, size, body }: NewRow): number {
    const { maxEntries, maxBytes } = this.#limits;
    const makes = write.op.kind === "insertReturnId" ? 1 : 0;
    const params = [id, holder, body, queue, rowId, makes, size, maxEntries, maxBytes];
    const [inserted] = this.#db.write(APPEND, params);
    if (inserted === undefined) throw this.#refusal(queue, id, write);
    return Number(inserted.position);
  }

  /** Why a write was not inserted. */
  #refusal(queue: string, id: string, write: StoredWrite): Error {
    const [total] = this.#db.all(TOTAL);
    checkVersion(total?.version);
    if (this.#db.all(HAS_ID, [queue, id]).length > 0) return idConflict(write);
    const { maxEntries, maxBytes } = this.#limits;
    return new OutboxError(
      `Cannot keep ${describeWrite(write)}: the outbox has ${total?.entries} writes of at most ${maxEntries},` +
        ` and ${total?.bytes} bytes of at most ${maxBytes}`,
      { retriable: true },
    );
  }

  /** Runs a statement on one entry; answers with whether there was one that it is for. */
  #changes(sql: string, queue: string, id: string): boolean {
    return this.#db.inTransaction(() => {
      this.#look(queue);
      return this.#db.write(sql, [queue, id]).length > 0;
    });
  }

  #rowOf(queue: string, write: StoredWrite): NewRow {
    const body = encodeWrite(write);
    const [id, rowId] = [storable(write.id), write.rowId === undefined ? null : storable(write.rowId)];
    const holder = storable(write.acceptedBy);
    const texts = queue.length + id.length + (rowId?.length ?? 0) + holder.length;
    const size = body.length + COPIES_OF_TEXTS * texts + ENTRY_BYTES;
    const { maxBytes, maxWriteBytes } = this.#limits;
    if (body.length > maxWriteBytes) throw tooLarge(write, `it has ${body.length} bytes of at most ${maxWriteBytes}`);
    if (size > maxBytes) throw tooLarge(write, `it takes ${size} bytes, and the outbox has at most ${maxBytes}`);
    return { write, id, rowId, holder, size, body };
  }

  #look(queue: string): Look {
    const [found] = this.#db.all(LOOK, [queue]);
    checkVersion(found?.version);
    const [term, until, forMs] = [found?.term, found?.until, found?.forMs].map(Number);
    const holder = found?.holder;
    const lease = typeof holder === "string" ? { term, holder: restored(holder), until, forMs } as Lease : undefined;
    return { lease, lastTerm: Number(found?.last) };
  }

  #canMark(queue: string, { kind, id }: OutboxMark): boolean {
    return kind !== "sent" || this.#db.all(CAN_SEND, [queue, storable(id)]).length > 0;
  }

  #mark(queue: string, mark: OutboxMark, { holder, now }: Marking): void {
    const id = storable(mark.id);
    switch (mark.kind) {
      case "sent":
        return this.#db.run(SENT, [queue, id]);
      case "returned":
        return this.#db.run(RETURNED, [queue, id]);
      case "failed": {
        const [found] = this.#db.write(FAILED, [encodeFailure(mark.failure), queue, id]);
        return this.#answers.add({ queue, found, holder, now, answer: { id: mark.id, failure: mark.failure } });
      }
      case "answered": {
        const [found] = this.#db.write(ANSWERED, [queue, id]);
        if (found === undefined) return;
        const { answer, realId } = mark;
        this.#answers.add({ queue, found, holder, now, answer: { id: mark.id, answer, realId } });
        if (realId === undefined || found.rowId === null) return;
        return this.#db.run(SET_REAL_ID, [storable(realId), queue, String(found.rowId)]);
      }
      default:
        mark satisfies never;
    }
  }
}

/** A write to be appended. */
export interface NewRow {
  readonly write: StoredWrite;
  readonly id: string;
  readonly rowId: string | null;
  readonly holder: string;
  readonly size: number;
  readonly body: Uint8Array;
}

interface Marking {
  readonly holder: string;
  readonly now: number;
}

function leaseIn({ lease, lastTerm }: Look, request: LeaseRequest): Lease | undefined {
  return leaseAfter(lease, request, lastTerm + 1);
}

function entryOf({ position, id, real_id, state, attempts, failure, body }: Record<string, unknown>) {
  try {
    const write = decodeWrite(bytesOf(body));
    return Object.freeze({
      position: Number(position),
      write,
      attempts: Number(attempts),
      state: stateOf(state),
      ...(real_id !== null && { realId: restored(String(real_id)) }),
      ...(failure !== null && { failure: decodeFailure(bytesOf(failure)) }),
    });
  } catch (error) {
    return Object.freeze({ position: Number(position), id: restored(String(id)), error });
  }
}

function stateOf(state: unknown): OutboxEntry["state"] {
  if (state === "accepted" || state === "sent" || state === "failed") return state;
  throw new TypeError(`The state of a write is ${describe(state)}`);
}
