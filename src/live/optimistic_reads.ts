import { checkCallOptions } from "../table/call_options.ts";
import type { Query } from "../table/query.ts";
import type { Row } from "../table/row.ts";
import { type RowEntry, type Rows, rowsOf, shareRows } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { TraceNote } from "../trace/tracer.ts";
import type { Overlay } from "./overlay.ts";
import type { Shown } from "./write_replay.ts";
import {
  type AnswerTo,
  countIn,
  type CountRequest,
  countRows,
  type ReadRequest,
  type Reads,
  type TableWindow,
  type WindowRequest,
} from "./read_request.ts";
import { promiseOfAnswer, type ReadThrough } from "./read_through.ts";
import type { Reading } from "./recorded_writes.ts";
import { sameIds } from "./same_rows.ts";

/**
 * Answers with the writes on top that are pending. Such an answer is unsettled: what keeps it elsewhere would not learn that
 * a write was refused.
 */
export class OptimisticReads implements Reads {
  readonly #reads: ReadThrough;
  readonly #overlay: Overlay;

  constructor(reads: ReadThrough, overlay: Overlay) {
    this.#reads = reads;
    this.#overlay = overlay;
  }

  /** A hit costs one comparison more while no write is pending. */
  read<R extends ReadRequest>(request: R, options: CallOptions | undefined, note?: TraceNote): Promise<AnswerTo<R>> {
    const { isIdle } = this.#overlay;
    const made = isIdle ? undefined : this.#made(request, options);
    if (made !== undefined) return made;
    if (!isIdle && this.#overlay.lags) return this.#unsettled(request, options, note);
    const answer = this.#reads.answer(request, options, note);
    // Promises are made here, never by a cache; looking for `then` in the rows of each hit would cost more.
    if (answer instanceof Promise) return this.#pending(request, options, answer);
    return promiseOfAnswer(request, isIdle ? answer : this.#shown(request, answer, options, undefined));
  }

  /** The master's answer: which row it would be with the writes that are pending is not known. */
  some(within: Query, options: CallOptions | undefined): Promise<RowEntry | undefined> {
    return this.#reads.some(within, options);
  }

  window(request: WindowRequest, options: CallOptions = {}, note?: TraceNote): Promise<TableWindow> {
    const { within, counted, offset, limit } = request;
    const part: Shown = { within, id: undefined, range: { skip: offset, limit } };
    const show = ({ rows, total }: TableWindow, reading: Reading): TableWindow => {
      const shown = this.#rows(part, rows, options, reading);
      const count = total === undefined ? undefined : countIn(this.#rows(counted, countRows(total), options, reading));
      return { rows: shown, offset, total: count && Math.max(count, shown.size === 0 ? 0 : offset + shown.size) };
    };
    return this.#while(options, (call) => this.#reads.window(request, call, note), show);
  }

  async count(request: CountRequest, options: CallOptions | undefined, note?: TraceNote): Promise<number> {
    if (options !== undefined) checkCallOptions(options);
    return countIn(await this.read(request, options, note) as Rows); // A count is kept as rows.
  }

  refresh(request: ReadRequest, options: CallOptions | undefined): Promise<void> {
    return this.#reads.refresh(request, options);
  }

  /** A row that is new: the master need not be asked, and cannot be while it is away. */
  #made<R extends ReadRequest>(request: R, options: CallOptions | undefined): Promise<AnswerTo<R>> | undefined {
    if (request.id === undefined || this.#reads.isClosed || options?.fresh === true) return undefined;
    const row = options?.signal?.aborted === true ? undefined : this.#overlay.made(request, request.id);
    if (row === undefined) return undefined;
    if (options !== undefined) checkCallOptions(options);
    options?.onUnsettled?.();
    return Promise.resolve(row as AnswerTo<R>); // There is an id, so the answer is a row.
  }

  // Both are apart from `read`, so that a hit makes no function.

  #unsettled<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    note: TraceNote | undefined,
  ): Promise<AnswerTo<R>> {
    return this.#later(request, options, (call) => this.#reads.read(request, call, note));
  }

  #pending<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    answer: Promise<AnswerTo<R>>,
  ): Promise<AnswerTo<R>> {
    return this.#later(request, options, () => answer);
  }

  #later<R extends ReadRequest>(
    request: R,
    options: CallOptions | undefined,
    ask: (options: CallOptions | undefined) => Promise<AnswerTo<R>>,
  ): Promise<AnswerTo<R>> {
    return this.#while(options, ask, (answer, reading) => this.#shown(request, answer, options, reading));
  }

  /** Shows an answer once it is there. */
  async #while<A>(
    options: CallOptions | undefined,
    ask: (options: CallOptions | undefined) => Promise<A>,
    show: (answer: A, reading: Reading) => A,
  ): Promise<A> {
    const reading = this.#overlay.begin();
    const onUnsettled = (): void => {
      reading.isUnsettled = true;
      options?.onUnsettled?.();
    };
    try {
      return show(await ask({ ...options, onUnsettled }), reading);
    } finally {
      this.#overlay.end(reading);
    }
  }

  #shown<R extends ReadRequest>(
    request: R,
    answer: AnswerTo<R>,
    options: CallOptions | undefined,
    reading: Reading | undefined,
  ): AnswerTo<R> {
    const { id } = request;
    // Whether there is an id is what the type of the answer depends on.
    if (id === undefined) return this.#rows(request, answer as Rows, options, reading) as AnswerTo<R>;
    const row = answer as Row | undefined;
    const rows = rowsOf(new Map(row === undefined ? [] : [[id, row]]));
    const shown = this.#rows(request, rows, options, reading);
    return shown === rows ? answer : shown.get(id) as AnswerTo<R>;
  }

  #rows(shown: Shown, rows: Rows, options: CallOptions | undefined, reading: Reading | undefined): Rows {
    const complete = reading === undefined ? rows : this.#overlay.complete(shown, rows, reading);
    const { rows: onTop } = this.#overlay.show(shown, complete);
    // A count may have had the writes that were recorded while it was read; where they have put rows is a guess.
    const isAsRead = complete === rows || (shown.isCount !== true && sameIds(complete, rows));
    const isCertain = onTop === complete && reading?.isInDoubt !== true && isAsRead;
    if (!isCertain) options?.onUnsettled?.();
    return onTop === rows ? rows : shareRows(onTop);
  }
}
