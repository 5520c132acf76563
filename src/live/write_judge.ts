import { describe } from "../base/describe.ts";
import { isPromise } from "../base/maybe_promise.ts";
import { inDoubt } from "../queue/in_doubt.ts";
import type { QueuedWrite } from "../queue/queued_write.ts";
import type { FailedAttempt, RetryPolicy } from "../queue/retry.ts";
import type { Verdict } from "../queue/write_queue.ts";
import { TableError } from "../table/errors.ts";
import type { TableLike } from "../table/table_like.ts";
import type { Trace } from "../trace/tracer.ts";
import type { Counters } from "./live_stats.ts";
import { canReadBack, mayRepeat } from "./read_back.ts";
import { isUnreachable, isWithoutEffect, mayPass } from "./write_errors.ts";

/** What a {@linkcode WriteJudge} works with. */
export interface WriteJudgeOptions {
  /** When a write is sent again; `undefined` for never. */
  readonly policy: RetryPolicy | undefined;
  /** Whether writes wait while the user is not signed in. */
  readonly waitsForSignIn: boolean;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** Decides what follows from an attempt to write that failed: by the type of the error, and by what the master can do. */
export class WriteJudge {
  readonly #options: WriteJudgeOptions;

  constructor(options: WriteJudgeOptions) {
    this.#options = options;
  }

  /** The verdict on an attempt that failed; `target` is what the write is sent to. */
  judge(write: QueuedWrite, failed: Omit<FailedAttempt, "attempts">, target: () => TableLike): Verdict {
    const verdict = this.#verdict(write, failed, target);
    // That the last attempt had no effect does not tell what became of those before it: one may still be on its way.
    return verdict.kind === "retry" || !write.isInDoubt ? verdict : { ...verdict, error: inDoubt(verdict.error) };
  }

  #verdict(write: QueuedWrite, failed: Omit<FailedAttempt, "attempts">, target: () => TableLike): Verdict {
    const { policy, waitsForSignIn, counters } = this.#options;
    const { error } = failed;
    const isOwn = !(error instanceof TableError) && !write.hasFailedAtMaster;
    if (isOwn || write.isLost) return { kind: "fail", error };
    if (waitsForSignIn && error instanceof TableError && error.code === "unauthorized") return { kind: "hold", error };
    if (policy === undefined || !mayPass(error, () => target().capabilities.idempotencyKeys)) {
      return { kind: "fail", error };
    }
    write.isInDoubt ||= !isWithoutEffect(error);
    if (write.isInDoubt && !mayRepeat(write.op, target()) && !canReadBack(write.op, target())) {
      return { kind: "fail", error };
    }
    const attempts = Math.max(1, write.attempts - write.uncounted);
    const pauseMs = this.#pauseMs(policy, { ...failed, attempts });
    if (pauseMs === undefined) return { kind: "fail", error };
    counters.retries++;
    const leastMs = error instanceof TableError ? error.retryAfterMs ?? 0 : 0;
    return {
      kind: "retry",
      pauseMs: leastMs + pauseMs,
      leastMs,
      isOutage: write.hasFailedAtMaster && isUnreachable(error),
    };
  }

  /** A custom policy that throws, or answers with something that is no pause, stops: also with one that never ends. */
  #pauseMs(policy: RetryPolicy, failed: FailedAttempt): number | undefined {
    try {
      const pauseMs: unknown = policy(failed);
      if (pauseMs === undefined || isPause(pauseMs)) return pauseMs;
      if (isPromise(pauseMs)) pauseMs.then(undefined, () => {});
      throw new RangeError(`A retry policy must answer with milliseconds or undefined, got ${describe(pauseMs)}`);
    } catch (error) {
      this.#options.trace?.event({ target: "vantage_live::queue", level: "warn", name: "retry policy failed", error });
      return undefined;
    }
  }
}

function isPause(ms: unknown): ms is number {
  return typeof ms === "number" && Number.isFinite(ms) && ms >= 0;
}
