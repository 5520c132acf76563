import type { MaybePromise } from "../base/maybe_promise.ts";
import type { WriteAnswer, WriteOp } from "../queue/write_op.ts";
import type { Effect, ErrorCode } from "../table/errors.ts";
import type { Query } from "../table/query.ts";

/** How many writes every outbox takes in one `append`, and how many marks in one `mark`. Some take more. */
export const OUTBOX_BATCH = 100;

/** A write as it is stored: nothing but data. It has no place for a header, a token or a function. */
export interface StoredWrite {
  /** The write's id and idempotency key: stored, and never computed again. */
  readonly id: string;
  /** What is to be done. */
  readonly op: WriteOp;
  /** The set that it is done in. */
  readonly within: Query;
  /** The id in `op`; of an `insertReturnId`, the id that was made for the row; `undefined` for the whole set. */
  readonly rowId: string | undefined;
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** The holder that accepted it, which its answer is for. */
  readonly acceptedBy: string;
}

/** Why a write failed. */
export interface WriteFailure {
  /** The code of the table's error; `unknown` for any other error. */
  readonly code: ErrorCode | "unknown";
  /** The error's message, cut after 1000 characters. */
  readonly message: string;
  /** What the write had changed. */
  readonly effect: Effect;
  /** Whether the same write may succeed later, unchanged. */
  readonly retriable: boolean;
  /** When it failed, in milliseconds since the epoch. */
  readonly at: number;
}

/** A write in an outbox. */
export interface OutboxEntry {
  /** The place in the order of the queue. Grows with every append, and is never used twice. */
  readonly position: number;
  /** The write. */
  readonly write: StoredWrite;
  /** How often it was marked as sent. */
  readonly attempts: number;
  /** `sent`: the answer to its last attempt is outstanding, or was lost. `failed`: set aside. */
  readonly state: "accepted" | "sent" | "failed";
  /** The id that the master gave to the row that was inserted with `write.rowId`. */
  readonly realId?: string | undefined;
  /** Why it failed, if it did. */
  readonly failure?: WriteFailure | undefined;
}

/** An entry that cannot be read, such as one of a newer version. It stays where it is, and holds up no other. */
export interface UnreadableEntry {
  /** Its place in the order of the queue. */
  readonly position: number;
  /** The id of its write, if that can be read; `remove` takes it. */
  readonly id: string | undefined;
  /** Why it cannot be read. */
  readonly error: unknown;
}

/**
 * What happened to a write.
 *
 * - `sent`: it is about to be sent; its attempts are one more.
 * - `returned`: the attempt had no effect for certain; the write is there to be sent again, or to be removed.
 * - `answered`: it is removed. If another holder accepted it, its answer is kept for that one. With `realId`, every entry
 *   of the queue with its `rowId` gets that id, and every entry that is appended later.
 * - `failed`: it is set aside. If another holder accepted it, the failure is kept for that one.
 */
export type OutboxMark =
  | { readonly kind: "sent" | "returned"; readonly id: string }
  | {
    readonly kind: "answered";
    readonly id: string;
    readonly answer?: WriteAnswer | undefined;
    readonly realId?: string | undefined;
  }
  | { readonly kind: "failed"; readonly id: string; readonly failure: WriteFailure };

/** What became of a write that another holder sent. Without `failure` it was applied. */
export interface OutboxAnswer {
  /** The id of the write. */
  readonly id: string;
  /** The master's answer. Absent if it was nothing, or too large to be kept. */
  readonly answer?: WriteAnswer | undefined;
  /** Why it failed, if it did. */
  readonly failure?: WriteFailure | undefined;
  /** The id that the master gave to an inserted row. */
  readonly realId?: string | undefined;
}

/**
 * A store for writes until they are answered: queues, each with a name, whose entries stand in the order of their
 * appends. Nothing that is done to one queue is seen in another.
 *
 * An outbox keeps these promises to every table, process and host that shares it:
 *
 * - What `append` has answered for is there until it is marked as answered or removed, also after a crash (unless the
 *   outbox is in memory). Each of its methods is one atomic step.
 * - The holder of a queue's lease sends its writes. A lease has a **term**; a step with an older one has no effect.
 * - An outbox never drops an entry by itself: not because of its number of attempts, its age, another version or
 *   damage. A store that is damaged, of a newer version or not an outbox is refused and left alone.
 * - Writes are kept as they were: what a caller does to what it passed in or got back changes no entry.
 *
 * Bounded: an `append` beyond its bounds is refused, and answers that no holder takes are dropped, oldest first.
 *
 * Errors are {@linkcode OutboxError}s, except those of a caller's mistake. A step that fails has no effect. Each method may
 * answer without a promise.
 */
export interface Outbox {
  /** Whether other processes may use the same queues. */
  readonly shared: boolean;
  /**
   * Adds writes at the end of a queue, all or none, and answers with their positions once they are durable. Takes at least
   * {@linkcode OUTBOX_BATCH} at once.
   *
   * @throws {OutboxError} if they cannot be kept, such as where there is no room. The master may be asked all the same. Any error
   * that is none of the following counts as this one.
   * @throws {RangeError} if one has more bytes than the outbox can ever hold, or values that cannot be encoded.
   * @throws {ConflictError} if the queue has one of their ids, or two of them have the same.
   * @throws {TypeError} if one is not a write.
   */
  append(queue: string, writes: readonly StoredWrite[]): MaybePromise<readonly number[]>;
  /** The first `limit` entries after a position, in order, failed and unreadable ones too. */
  load(queue: string, after: number, limit: number): MaybePromise<readonly (OutboxEntry | UnreadableEntry)[]>;
  /**
   * Takes or extends the lease of a queue for `forMs` milliseconds, and answers with its term: the same as before if the
   * holder had it last and did not release it, and a new one otherwise; `undefined` while another holder has it. `now` is
   * in milliseconds since the epoch.
   */
  lease(queue: string, holder: string, now: number, forMs: number): MaybePromise<number | undefined>;
  /** Gives the lease up if `term` is the current one. */
  release(queue: string, term: number): MaybePromise<void>;
  /**
   * Records what happened to writes, all or nothing. `false` and no effect if `term` is not the current one, or a write to
   * be marked as sent is not there any more, or has failed: another holder has taken it back. Load again then. Takes at
   * least {@linkcode OUTBOX_BATCH} marks at once. A lease that has expired is current until another holder takes it.
   */
  mark(queue: string, term: number, marks: readonly OutboxMark[], now: number): MaybePromise<boolean>;
  /** Removes a write that is not `sent`; `false` and no effect otherwise. */
  remove(queue: string, id: string): MaybePromise<boolean>;
  /**
   * Accepts a write again that has failed, at the end of the queue, with its id and its attempts; `false` and no effect
   * if there is no such write.
   */
  retry(queue: string, id: string): MaybePromise<boolean>;
  /** Takes out what became of the writes that this holder accepted and another one sent. */
  answers(queue: string, holder: string): MaybePromise<readonly OutboxAnswer[]>;
}

/** Whether an entry cannot be read. */
export function isUnreadable(entry: OutboxEntry | UnreadableEntry): entry is UnreadableEntry {
  return !("write" in entry);
}
