import type { MaybePromise } from "../base/maybe_promise.ts";
import type { QueuedWrite } from "./queued_write.ts";
import type { WriteAnswer } from "./write_op.ts";
import type { WriteRequest } from "./write_request.ts";

/** A write that is found in a journal. */
export interface JournalEntry {
  readonly write: WriteRequest;
  /** How often it was sent. */
  readonly attempts: number;
  /** Its place in the order in which they are sent. */
  readonly position: number;
}

/** Where writes are kept until they are answered, as their queue sees it. */
export interface Journal {
  /** Stores a write. Once that is done, or has failed, it accepts the write or fails it. */
  store(write: QueuedWrite): void;
  /** After how many milliseconds something is tried again that could not be noted. */
  readonly pauseMs: number;
  /**
   * Notes in one step that stored writes are about to be sent. `false`: none of them is to be sent from here now. Reports why
   * and rejects if that cannot be noted: then none of them is sent.
   */
  sending(writes: readonly QueuedWrite[]): MaybePromise<boolean>;
  /** Notes that the last attempt to send a stored write had no effect. */
  returned(write: QueuedWrite): void;
  /** Removes a stored write that the master has applied. */
  answered(write: QueuedWrite, answer: WriteAnswer): void;
  /** Sets a stored write aside that has failed. Resolves with whether that is stored; if not, it is tried again later. */
  failed(write: QueuedWrite, error: unknown): Promise<boolean>;
  /** Removes a stored write that has failed, and whose caller handles that. Resolves as for `failed`. */
  dropped(write: QueuedWrite): Promise<boolean>;
  /** Removes a write that was never sent, or is about to be stored; whether that could be done. */
  withdraw(write: QueuedWrite): MaybePromise<boolean>;
  /** Whether stored writes are sent from here now. */
  readonly isSending: boolean;
  /** Resolves when what was written is stored, and it is known whether it can be sent. */
  ready(): Promise<void>;
  /** Stores, sends and marks nothing more. Resolves when what was begun is done. */
  close(): Promise<void>;
}
