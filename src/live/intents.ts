import type { Clock } from "../base/clock.ts";
import type { MaybePromise } from "../base/maybe_promise.ts";
import type { Fence } from "../cache/cache.ts";
import type { LiveEvent } from "../stream/live_event.ts";
import type { SafeCache } from "./guarded_cache.ts";

/** What {@linkcode Intents} work with. */
export interface IntentsOptions {
  readonly cache: SafeCache;
  readonly prefix: string;
  /** Whether entries outlive changes. Otherwise the write of a process that died looks like one that was never sent. */
  readonly isSurgical: boolean;
  /** How long the outcome of a write may be unknown. */
  readonly spanMs: number;
  readonly clock: Clock;
}

/**
 * The intents of writes in the log of a scope. A process may die after the master has applied its write and before the
 * change is logged: the intent is what is left of it, and another process logs the change once the intent is overdue.
 */
export class Intents {
  readonly #options: IntentsOptions;

  constructor(options: IntentsOptions) {
    this.#options = options;
  }

  /** Logs that a write is about to be sent; returns the fence after that, if the log has it. */
  begin(writeId: string, event: LiveEvent): MaybePromise<Fence | undefined> {
    const { cache, prefix, isSurgical, spanMs, clock } = this.#options;
    if (cache.log === undefined || !isSurgical) return undefined;
    const at = clock.now();
    const change = { ...event, at, cause: "write", writeId, outcome: "unknown" } as const;
    return cache.log(prefix, { kind: "intent", writeId, change, dueAt: at + spanMs });
  }

  /** Logs that a write changed nothing. */
  end(writeId: string): MaybePromise<unknown> {
    const { cache, prefix, isSurgical } = this.#options;
    return isSurgical ? cache.log?.(prefix, { kind: "settled", writeId }) : undefined;
  }

  /** Whether an intent that is due at a time is overdue; also if that is so far away that a clock must have been set back. */
  isOverdue(dueAt: number): boolean {
    const now = this.#options.clock.now();
    return dueAt <= now || dueAt > now + this.#furthestMs;
  }

  /** Logs the changes of all intents that are overdue; returns whether that was done. */
  async endOverdue(): Promise<boolean> {
    const { cache, prefix, clock } = this.#options;
    const record = { kind: "overdue", now: clock.now(), spanMs: this.#furthestMs } as const;
    return await cache.log?.(prefix, record) !== undefined;
  }

  /** How far away an intent may be due: the clocks of other hosts may be ahead, by no more than the span. */
  get #furthestMs(): number {
    return 2 * this.#options.spanMs;
  }
}
