import type { Row } from "../table/row.ts";
import type { WriteAnswer, WriteOp } from "./write_op.ts";

/**
 * Where a write stands: `waiting` for room in the queue, `accepted` into it (and stored, where there is an outbox), `sent`
 * to the master, `applied` by it, and `observed` once something that was served from the table has it; or `failed`.
 */
export type WriteState = "waiting" | "accepted" | "sent" | "applied" | "observed" | "failed";

/** How long to wait for a write. */
export interface WhenOptions {
  /** Rejects with a `TimeoutError` after so many milliseconds; the write goes on. */
  readonly timeoutMs?: number | undefined;
  /** Rejects with the signal's reason once it is aborted; the write goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** One operation on its way to the master. */
export interface Write<R extends object = Row> {
  /** The write's own id, which is also the idempotency key that the master is given, the same with each attempt. */
  readonly id: string;
  /** What is to be done: a frozen copy. */
  readonly op: WriteOp<R>;
  /** The row that it is about: of `insertReturnId` an id made for it until the master's is known; `undefined` for all. */
  readonly rowId: string | undefined;
  /** Where it stands now. `observed` is only seen if it was asked for. */
  readonly state: WriteState;
  /** How often it was tried: sent, or looked for at the master after its answer was lost. */
  readonly attempts: number;
  /** Resolves when there is room for it in the queue; to await it is to let the master set the pace. */
  readonly accepted: Promise<void>;
  /** Settles with the master's own answer, after what the caches held has been brought up to date. */
  readonly applied: Promise<WriteAnswer<R>>;
  /**
   * Resolves when something was read from the table, or shown to a watcher, that has the write in it; rejects with a
   * `ClosedError` once nothing can be read any more.
   */
  readonly observed: Promise<void>;
  /**
   * Resolves when the write has reached a state, or one after it; `failed` once it has failed.
   *
   * @throws {DOMException} a `TimeoutError` if that takes too long.
   * @throws {unknown} why the write failed, if it did and another state was waited for.
   * @throws {ConflictError} if the write was applied and `failed` was waited for.
   * @throws {TypeError | RangeError} if there is no such state, or the time is no number of at least 0.
   */
  when(state: Exclude<WriteState, "waiting">, options?: WhenOptions): Promise<void>;
  /**
   * Takes the write back if it was not sent yet; `false` means that it was, or has settled, and that this changes nothing.
   *
   * `true` means that it never will be sent, and that `applied` rejects with an `AbortError`. With an outbox it means that
   * the write is being removed from there, and `applied` tells what came of that: it rejects with an `AbortError` if the
   * write never will be sent. If another process has sent it, or it cannot be removed, it keeps its place, and `applied`
   * settles as if this had not been called. Until then what follows it waits.
   */
  cancel(): boolean;
}
