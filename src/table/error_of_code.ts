import {
  ClosedError,
  ConflictError,
  DeadlockError,
  type ErrorCode,
  InvalidAnswerError,
  NotFoundError,
  OutboxError,
  QueueFullError,
  RejectedError,
  type TableError,
  type TableErrorOptions,
  UnauthorizedError,
  UnavailableError,
  UnsupportedError,
} from "./errors.ts";

type Class = new (message: string, options: TableErrorOptions) => TableError;

const CLASSES: Readonly<Record<ErrorCode, Class>> = {
  not_found: NotFoundError,
  unsupported: UnsupportedError,
  conflict: ConflictError,
  rejected: RejectedError,
  unauthorized: UnauthorizedError,
  queue_full: QueueFullError,
  closed: ClosedError,
  deadlock: DeadlockError,
  outbox: OutboxError,
  unavailable: UnavailableError,
  invalid_answer: InvalidAnswerError,
};

/** The error with this code; of a code that only a later version has, a refusal. */
export function errorOfCode(code: ErrorCode, message: string, options: TableErrorOptions): TableError {
  const ErrorClass = Object.hasOwn(CLASSES, code) ? CLASSES[code] : RejectedError;
  return new ErrorClass(message, options);
}
