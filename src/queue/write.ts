import type { Row } from "../table/row.ts";
import type { WriteAnswer, WriteOp } from "./write_op.ts";

/**
 * Where a write stands: `waiting` for room in the queue, `accepted` into it, `sent` to the master, and at the end
 * `applied` or `failed`.
 */
export type WriteState = "waiting" | "accepted" | "sent" | "applied" | "failed";

/** One operation on its way to the master. */
export interface Write<R extends object = Row> {
  /** The write's own id, which is also the idempotency key that the master is given. */
  readonly id: string;
  /** What is to be done: a frozen copy. */
  readonly op: WriteOp<R>;
  /** Where it stands now. */
  readonly state: WriteState;
  /** Resolves when there is room for it in the queue; to await it is to let the master set the pace. */
  readonly accepted: Promise<void>;
  /** Settles with the master's own answer, after what the caches held has been invalidated. */
  readonly applied: Promise<WriteAnswer<R>>;
  /** Takes the write back if it was not sent yet; `true` means that it never will be, and that `applied` rejects. */
  cancel(): boolean;
}
