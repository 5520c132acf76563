import type { QueuedWrite } from "../queue/queued_write.ts";
import { canonicalQuery } from "../table/canonical_query.ts";
import type { Query } from "../table/query.ts";
import type { TableLike } from "../table/table_like.ts";
import { mayRepeat } from "./read_back.ts";
import { type CallFor, WriteCall } from "./write_call.ts";

/** What {@linkcode SharedWrites} work with. */
export interface SharedWritesOptions {
  /** Where a write to a set goes. */
  readonly target: (within: Query) => TableLike;
  readonly callFor: CallFor;
}

/** The writes that are sent in one call with others. */
export class SharedWrites {
  readonly #options: SharedWritesOptions;
  readonly #calls = new Map<QueuedWrite, WriteCall>();

  constructor(options: SharedWritesOptions) {
    this.#options = options;
  }

  /** Tells which writes can be sent in one call with this one: those to the same set of a table that does several in one. */
  sharing({ request: { within } }: QueuedWrite): ((write: QueuedWrite) => boolean) | undefined {
    const target = this.#target(within);
    if (target?.writeMany === undefined || !target.capabilities.writeMany) return undefined;
    // What became of a write is looked up before it is sent again, and the others need not wait for that.
    return ({ op, request, isInDoubt }) =>
      op.kind !== "deleteAll" && request.isNested !== true && (!isInDoubt || mayRepeat(op, target)) &&
      isSameSet(request.within, within);
  }

  /** The next attempt to send these writes is one call. */
  begin(writes: readonly QueuedWrite[]): void {
    const [first] = writes;
    const target = first && this.#target(first.request.within);
    if (target === undefined) return;
    const call = new WriteCall(writes, target, this.#options.callFor);
    for (const write of writes) this.#calls.set(write, call);
  }

  /** Makes an attempt to send a write, which can join the others of its call. */
  async attempt<T>(write: QueuedWrite, send: (call?: WriteCall) => Promise<T>): Promise<T> {
    const call = this.#calls.get(write);
    try {
      return await send(call);
    } finally {
      this.#calls.delete(write);
      call?.leave(write);
    }
  }

  /** A set that the target does not know is refused when the write is sent. */
  #target(within: Query): TableLike | undefined {
    try {
      return this.#options.target(within);
    } catch {
      return undefined;
    }
  }
}

function isSameSet(one: Query, other: Query): boolean {
  return one === other || canonicalQuery(one) === canonicalQuery(other);
}
