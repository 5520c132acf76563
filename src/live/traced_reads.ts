import type { Query } from "../table/query.ts";
import type { RowEntry } from "../table/rows.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { Trace } from "../trace/trace.ts";
import type { TraceFields } from "../trace/tracer.ts";
import type { AnswerTo, ReadRequest, Reads } from "./read_request.ts";
import type { ReadThrough } from "./read_through.ts";

/** Reads, each in a span. */
export class TracedReads implements Reads {
  readonly #reads: ReadThrough;
  readonly #trace: Trace;

  constructor(reads: ReadThrough, trace: Trace) {
    this.#reads = reads;
    this.#trace = trace;
  }

  read<R extends ReadRequest>(request: R, options: CallOptions | undefined): Promise<AnswerTo<R>> {
    const { id, within } = request;
    const name = id === undefined ? "list_values" : "get_value";
    const fields = id === undefined ? { page: within.pagination?.page } : { id };
    return this.#span(name, fields, (add) => this.#reads.read(request, options, (outcome) => add({ outcome })));
  }

  some(within: Query, options: CallOptions | undefined): Promise<RowEntry | undefined> {
    return this.#passed("get_some_value", () => this.#reads.some(within, options));
  }

  count(within: Query, options: CallOptions | undefined): Promise<number> {
    return this.#passed("get_count", () => this.#reads.count(within, options));
  }

  #passed<T>(name: string, read: () => Promise<T>): Promise<T> {
    return this.#span(name, {}, async (add) => {
      const answer = await read();
      add({ outcome: "passed" });
      return answer;
    });
  }

  #span<T>(
    name: string,
    fields: TraceFields,
    read: (add: (fields: TraceFields) => void) => Promise<T>,
  ): Promise<T> {
    return this.#trace.asyncSpan({ target: "vantage_live::read", level: "debug", name, fields }, read);
  }
}
