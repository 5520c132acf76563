import type { MaybePromise } from "../base/maybe_promise.ts";
import { UnsupportedError } from "./errors.ts";
import type { Query } from "./query.ts";
import type { Row } from "./row.ts";
import type { SourceCall, TableSource } from "./table_source.ts";
import type { WriteAnswer, WriteOp } from "./write_op.ts";

/** One of several writes that are done in one call. */
export interface TableWrite<R extends object = Row> {
  /** What is to be done. */
  readonly op: WriteOp<R>;
  /** As in the options of a single write. */
  readonly idempotencyKey?: string | undefined;
  /** As in the options of a single write. */
  readonly newId?: string | undefined;
}

/** The same for a source: with the part of the handle's query that it does itself. */
export interface SourceWrite<R extends object = Row> extends TableWrite<R> {
  /** What `call.query` is in the source's function for a single write. */
  readonly query: Query;
}

/** What became of one of several writes: the answer to it alone, or its own error. */
export type WriteResult<R extends object = Row> =
  | {
    /** What the method for the single write would have answered. */
    readonly answer: WriteAnswer<R>;
    /** Whether the answer was given before, to the same idempotency key. */
    readonly unsettled?: boolean | undefined;
  }
  | {
    /** What the method for the single write would have rejected with. */
    readonly error: unknown;
  };

/** What became of something that may throw. */
export type Settled<T> = { readonly answer: T } | { readonly error: unknown };

/** The answer of `work`, or what it throws. */
export function settled<T>(work: () => T): Settled<T> {
  try {
    return { answer: work() };
  } catch (error) {
    return { error };
  }
}

/** Does one of several writes with the source's function for a single one. */
export function writeOne(source: TableSource, { op, ...write }: SourceWrite): MaybePromise<WriteAnswer> {
  const call: SourceCall = write;
  switch (op.kind) {
    case "insert":
      return source.insert?.(op.id, op.row, call) ?? lacking(source, op);
    case "replace":
      return source.replace?.(op.id, op.row, call) ?? lacking(source, op);
    case "patch":
      return source.patch?.(op.id, op.partial, call) ?? lacking(source, op);
    case "delete":
      return source.delete?.(op.id, call);
    case "deleteAll":
      return source.deleteAll?.(call);
    case "insertReturnId":
      return source.insertReturnId?.(op.row, call) ?? lacking(source, op);
    default:
      return op satisfies never;
  }
}

function lacking(source: TableSource, { kind }: WriteOp): never {
  throw new UnsupportedError(`"${source.name}" does not support ${kind}`);
}
