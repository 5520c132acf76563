import type { Query } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import type { RowOf } from "../table/row_of.ts";
import { type RowEntry, Rows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import { changedPolicy, type ReadPolicy } from "./read_policy.ts";

/** What a reader needs, as data. Made once, and used for every read of the same key. */
export interface ReadRequest {
  /** Where the answer is kept. */
  readonly key: string;
  /** The set, with its order and page. */
  readonly within: Query;
  /** One row of the set; `undefined` for all of its page. */
  readonly id: string | undefined;
  /** How old the answer may be. */
  readonly policy: ReadPolicy;
  /** Only reads of the master that began after so many others will do, whatever is held. */
  readonly after?: number | undefined;
  /** Whether only the number of rows is needed. */
  readonly isCount?: boolean | undefined;
  /** Whether the row is answered as it is kept, to a reader that hands out what it makes of it. */
  readonly isKept?: boolean | undefined;
  /** Called before an answer of the master with the time at which it was requested, in milliseconds since the epoch. */
  readonly onFetched?: ((fetchedAt: number) => void) | undefined;
}

/** A request for the rows of a page, or of the whole set. */
export interface ListRequest extends ReadRequest {
  readonly id: undefined;
}

/** A request for one row. */
export interface RowRequest extends ReadRequest {
  readonly id: string;
}

/** A request for the size of a set. */
export interface CountRequest extends ReadRequest {
  readonly id: undefined;
  readonly isCount: true;
}

/** A request for some rows of a set, wherever they begin, and for its size. */
export interface WindowRequest {
  /** The set with its order. A page makes no difference. */
  readonly within: Query;
  /** How old the answer may be. */
  readonly policy: ReadPolicy;
  /** As in a {@linkcode ReadRequest}. */
  readonly after?: number | undefined;
  readonly counted: CountRequest;
  readonly offset: number;
  readonly limit: number;
}

/** Some rows of a set, as a list shows them that is scrolled. */
export interface TableWindow<R extends object = Row> {
  /** The rows from `offset` on, in the order of the set; fewer than asked for at its end. */
  readonly rows: Rows<R>;
  /** How many rows of the set come before them. */
  readonly offset: number;
  /**
   * How many rows the set has: the end that shows in the rows, or else the count. `undefined` if the master does not count,
   * and the end does not show; there are at least `offset + rows.size`.
   */
  readonly total: number | undefined;
}

/** Whether a request is for one row. */
export function isForRow(request: ReadRequest): request is RowRequest {
  return request.id !== undefined;
}

/** The same request, which takes rows of any age that its policy allows: just read, they are not read again for their age. */
export function ofAnyAge<R extends ReadRequest>(request: R): R {
  const { policy } = request;
  return { ...request, policy: changedPolicy(policy, { staleTimeMs: policy.maxAgeMs }) };
}

/** A count as the rows that a cache keeps. */
export function countRows(count: number): Rows {
  return Rows.from([[COUNT, { count }]]);
}

/** The count in such rows. */
export function countIn(rows: Rows): number {
  return Number(rows.get(COUNT)?.count);
}

const COUNT = "count";

/** What a reader gets. */
export type AnswerTo<Q extends ReadRequest, R extends object = Row> = Q extends ListRequest ? Rows<R>
  : RowOf<R> | undefined;

/** How the handles of a table read. */
export interface Reads<R extends object = Row> {
  /** Answers from the cache, or else from the master. An aborted signal ends the reader's wait. */
  read<Q extends ReadRequest>(request: Q, options: CallOptions | undefined): Promise<AnswerTo<Q, R>>;
  /** Any row of a set, from the master: the cache cannot know which it would be. */
  some(within: Query, options: CallOptions | undefined): Promise<RowEntry<R> | undefined>;
  /** Some rows of a set, and its size. */
  window(request: WindowRequest, options: CallOptions | undefined): Promise<TableWindow<R>>;
  /** The size of a set, from the cache or else from the master. */
  count(request: CountRequest, options: CallOptions | undefined): Promise<number>;
  /** Reads from the master, whatever is held; resolves when the new rows are readable. */
  refresh(request: ReadRequest, options: CallOptions | undefined): Promise<void>;
}
