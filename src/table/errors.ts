/** What every error of a table carries besides its message. */
export interface TableErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later, unchanged. */
  readonly retriable?: boolean | undefined;
}

/**
 * The common ancestor of the errors that a table answers with. Each says that the call had **no effect**, and
 * `code` says why; nothing is ever decided by the text of a message.
 */
export abstract class TableError extends Error {
  /** The kind of error, stable across versions and across a network. */
  abstract readonly code: string;
  /** Whether the same call may succeed later, unchanged. */
  readonly retriable: boolean;

  /** Makes an error with a message for people, and optionally its cause. */
  constructor(message: string, options: TableErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.retriable = options.retriable ?? false;
  }
}

/** There is no such row, table or relation. */
export class NotFoundError extends TableError {
  static {
    this.prototype.name = "NotFoundError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "not_found";
}

/** The table behind this handle cannot do what was asked. */
export class UnsupportedError extends TableError {
  static {
    this.prototype.name = "UnsupportedError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "unsupported";
}

/** What was asked collides with what is stored, as a second row with the same unique value does. */
export class ConflictError extends TableError {
  static {
    this.prototype.name = "ConflictError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "conflict";
}

/** The master said no, and changed nothing. */
export class RejectedError extends TableError {
  static {
    this.prototype.name = "RejectedError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "rejected";
}

/** The write queue and the line before it are full. Always retriable: there is room again once writes settle. */
export class QueueFullError extends TableError {
  static {
    this.prototype.name = "QueueFullError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "queue_full";
}

/** The table, queue or stream has been closed. */
export class ClosedError extends TableError {
  static {
    this.prototype.name = "ClosedError";
  }
  /** The kind of error, stable across versions and across a network. */
  readonly code = "closed";
}
