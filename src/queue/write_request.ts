import type { Query } from "../table/query.ts";
import type { WriteOp } from "./write_op.ts";

/** A write as it is queued: nothing but data, so that it can be stored; and the signal that takes it back meanwhile. */
export interface WriteRequest {
  /** The write's id. */
  readonly id: string;
  /** What is to be done. */
  readonly op: WriteOp;
  /** The set that it is done in. */
  readonly within: Query;
  /** The row that it is about; `undefined` for the whole set. */
  readonly rowId: string | undefined;
  /** When it was queued, in milliseconds since the epoch. */
  readonly acceptedAt: number;
  /** Takes the write back while it is queued. Once it is sent, the signal has no effect. */
  readonly signal?: AbortSignal | undefined;
  /** Called before the answer if it was given before, to the same key. */
  readonly onUnsettled?: (() => void) | undefined;
  /** Whether its caller, while it awaits the answer, handles that no row is found. */
  readonly handlesNotFound?: boolean | undefined;
  /** Whether it was made by what a master does to apply another write: it is sent whatever the limit. */
  readonly isNested?: boolean | undefined;
}
