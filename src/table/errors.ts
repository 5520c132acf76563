import { brand } from "../base/brand.ts";

/** What every error of a table carries besides its message. */
export interface TableErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later, unchanged. */
  readonly retriable?: boolean | undefined;
  /** After how many milliseconds the master asks to be tried again. */
  readonly retryAfterMs?: number | undefined;
  /** What the call had changed when it failed; default as the class says. */
  readonly effect?: Effect | undefined;
}

/**
 * What a call had changed when it failed: `none` is a clear no, `unknown` that it may have been applied all the same,
 * as when a connection drops before the answer comes.
 */
export type Effect = "none" | "unknown";

/** The kinds of error that a table answers with, stable across versions and across a network. */
export type ErrorCode =
  | "not_found"
  | "unsupported"
  | "conflict"
  | "rejected"
  | "unauthorized"
  | "queue_full"
  | "closed"
  | "deadlock"
  | "outbox"
  | "unavailable"
  | "invalid_answer";

/**
 * The common ancestor of the errors that a table answers with. `code` says what is wrong and `effect` whether anything
 * may have changed; nothing is ever decided by the text of a message.
 */
export abstract class TableError extends Error {
  static {
    nameErrors(this, "TableError");
  }
  /** The kind of error. */
  abstract readonly code: ErrorCode;
  /** What the call had changed when it failed. */
  readonly effect: Effect;
  /** Whether the same call may succeed later, unchanged. */
  readonly retriable: boolean;
  /** After how many milliseconds the master asks to be tried again, if it said so. */
  readonly retryAfterMs: number | undefined;

  /** Makes an error with a message for people, and optionally its cause. */
  constructor(message: string, options: TableErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.effect = options.effect ?? "none";
    this.retriable = options.retriable ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** There is no such row, table or relation. */
export class NotFoundError extends TableError {
  static {
    nameErrors(this, "NotFoundError");
  }
  /** The kind of error. */
  readonly code = "not_found";
}

/** The table behind this handle cannot do what was asked. */
export class UnsupportedError extends TableError {
  static {
    nameErrors(this, "UnsupportedError");
  }
  /** The kind of error. */
  readonly code = "unsupported";
}

/** What was asked collides with what is stored, as a second row with the same unique value does. */
export class ConflictError extends TableError {
  static {
    nameErrors(this, "ConflictError");
  }
  /** The kind of error. */
  readonly code = "conflict";
}

/** The master said no, and changed nothing. */
export class RejectedError extends TableError {
  static {
    nameErrors(this, "RejectedError");
  }
  /** The kind of error. */
  readonly code = "rejected";
}

/** The master does not accept the credentials, or they do not allow this. Nothing was changed. */
export class UnauthorizedError extends TableError {
  static {
    nameErrors(this, "UnauthorizedError");
  }
  /** The kind of error. */
  readonly code = "unauthorized";
}

/** The write queue and the line before it are full. Always retriable: there is room again once writes settle. */
export class QueueFullError extends TableError {
  static {
    nameErrors(this, "QueueFullError");
  }
  /** The kind of error. */
  readonly code = "queue_full";
}

/** The table, queue or stream has been closed. */
export class ClosedError extends TableError {
  static {
    nameErrors(this, "ClosedError");
  }
  /** The kind of error. */
  readonly code = "closed";
}

/**
 * An outbox could not keep, find or mark a write: it is full, busy, damaged or of a newer version. The master was not
 * asked.
 */
export class OutboxError extends TableError {
  static {
    nameErrors(this, "OutboxError");
  }
  /** The kind of error. */
  readonly code = "outbox";
}

/**
 * The awaited write waits for the code that awaits it: a master that writes through the `LiveTable` in front of it
 * awaits a write that is sent only once the master has answered. What the master had done before may stay done; the
 * awaited write is still in the queue, and is sent.
 */
export class DeadlockError extends TableError {
  static {
    nameErrors(this, "DeadlockError");
  }
  /** The kind of error. */
  readonly code = "deadlock";

  /** Makes an error with a message for people, and optionally its cause. */
  constructor(message: string, options: TableErrorOptions = {}) {
    super(message, { ...options, effect: options.effect ?? "unknown" });
  }
}

/**
 * The master did not answer, or could not: no connection, a time-out, an internal fault. Always retriable; a write may
 * have been applied all the same.
 */
export class UnavailableError extends TableError {
  static {
    nameErrors(this, "UnavailableError");
  }
  /** The kind of error. */
  readonly code = "unavailable";

  /** Makes an error with a message for people, and optionally its cause. */
  constructor(message: string, options: TableErrorOptions = {}) {
    super(message, { ...options, retriable: true, effect: options.effect ?? "unknown" });
  }
}

/** The master answered with something that cannot be its rows. A write may have been applied all the same. */
export class InvalidAnswerError extends TableError {
  static {
    nameErrors(this, "InvalidAnswerError");
  }
  /** The kind of error. */
  readonly code = "invalid_answer";

  /** Makes an error with a message for people, and optionally its cause. */
  constructor(message: string, options: TableErrorOptions = {}) {
    super(message, { ...options, effect: options.effect ?? "unknown" });
  }
}

/** Names the errors of a class, also for other copies of this module. */
export function nameErrors(kind: { readonly prototype: Error }, name: string): void {
  kind.prototype.name = name;
  brand(kind, name);
}
