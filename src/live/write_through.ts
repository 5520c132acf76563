import { applyWriteOp, describeWriteOp, type WriteAnswer, type WriteOp } from "../queue/write_op.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import { TableError } from "../table/errors.ts";
import { isPromise } from "../base/maybe_promise.ts";
import type { TableLike } from "../table/table_like.ts";
import { failure, type Trace } from "../trace/trace.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";
import type { Sending } from "./sending.ts";

/** What a {@linkcode WriteThrough} works with. */
export interface WriteThroughOptions {
  readonly invalidation: Invalidation;
  readonly events: ManualLiveStream;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/**
 * Sends one write: master, then invalidation, then the event, then the answer, in that order. So whoever has the answer
 * reads what was written.
 */
export class WriteThrough {
  readonly #options: WriteThroughOptions;

  constructor(options: WriteThroughOptions) {
    this.#options = options;
  }

  /** Applies a write to `target`, and settles with the target's own answer. */
  async send(sending: Sending, target: TableLike, idempotencyKey: string): Promise<WriteAnswer> {
    const { counters, trace } = this.#options;
    const { op } = sending;
    counters.masterWrites++;
    try {
      const answer = await sending.run(() => this.#apply(op, target, idempotencyKey));
      await this.#invalidate(op);
      return answer;
    } catch (error) {
      counters.failedWrites++;
      trace?.event({
        target: "vantage_live::queue",
        level: "error",
        name: "write failed",
        fields: { ...traceFields(op), ...failure(error) },
      });
      const refused = error instanceof TableError && error.effect === "none";
      // Anything but a clear no may have been applied all the same.
      if (!refused) await this.#invalidate(op);
      throw error;
    }
  }

  async #apply(op: WriteOp, target: TableLike, idempotencyKey: string): Promise<WriteAnswer> {
    const { trace } = this.#options;
    if (trace === undefined) return await applyWriteOp(op, target, { idempotencyKey });
    traceContents(op, trace);
    return await trace.span(
      { target: "vantage_live::queue", level: "debug", name: "apply", fields: traceFields(op) },
      async (add) => {
        const answer = await applyWriteOp(op, target, { idempotencyKey });
        add({ outcome: "applied" });
        return answer;
      },
    );
  }

  async #invalidate(op: WriteOp): Promise<void> {
    const dropped = this.#options.invalidation.invalidate("write", describeWriteOp(op));
    if (isPromise(dropped)) await dropped;
    this.#options.events.push(eventOf(op));
  }
}

/** The facts of an operation that a trace may tell. */
export function traceFields(op: WriteOp): { readonly op: string; readonly id?: string } {
  const name = op.kind.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return "id" in op ? { op: name, id: op.id } : { op: name };
}

function traceContents(op: WriteOp, trace: Trace): void {
  if (!trace.enabled("vantage_live::queue", "trace")) return;
  const row = "row" in op ? op.row : "partial" in op ? op.partial : undefined;
  if (row === undefined) return;
  const text = JSON.stringify(row, (_, value: unknown) => typeof value === "bigint" ? `${value}n` : value);
  trace.event({
    target: "vantage_live::queue",
    level: "trace",
    name: "row",
    fields: { ...traceFields(op), row: text },
  });
}

function eventOf(op: WriteOp): LiveEvent {
  switch (op.kind) {
    case "insert":
      return { kind: "inserted", id: op.id };
    case "replace":
    case "patch":
      return { kind: "updated", id: op.id };
    case "delete":
      return { kind: "deleted", id: op.id };
    case "deleteAll":
    case "insertReturnId":
      return { kind: "changed" };
    default:
      return op satisfies never;
  }
}
