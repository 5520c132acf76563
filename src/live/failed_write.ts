import type { WriteFailure } from "../outbox/outbox.ts";
import { shareWriteOp, type WriteOp } from "../queue/write_op.ts";
import type { Row } from "../table/row.ts";

/** A write that failed, and is not sent again by itself. */
export interface FailedWrite<R extends object = Row> {
  /** The write's id, also its idempotency key. */
  readonly id: string;
  /** What was to be done. */
  readonly op: WriteOp<R>;
  /** The row that it is about; of `insertReturnId` the id that was made for it; `undefined` for all. */
  readonly rowId: string | undefined;
  /** How often it was tried: sent, or looked for at the master after its answer was lost. */
  readonly attempts: number;
  /** When it was accepted, in milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Why it failed, and when. */
  readonly failure: WriteFailure;
}

/** What a {@linkcode FailedWrite} is made of: a write in the queue, or one in the outbox. */
interface Source {
  readonly write: {
    readonly id: string;
    readonly op: WriteOp;
    readonly rowId: string | undefined;
    readonly acceptedAt: number;
  };
  readonly attempts: number;
  readonly failure: WriteFailure;
}

/** A failed write for one more holder. */
export function failedWrite({ write: { id, op, rowId, acceptedAt }, attempts, failure }: Source): FailedWrite {
  return Object.freeze({ id, op: shareWriteOp(op), rowId, attempts, acceptedAt, failure });
}
