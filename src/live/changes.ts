import type { Fence } from "../cache/cache.ts";
import { type Change, shareChange } from "../change/change.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Trace } from "../trace/tracer.ts";
import { changeFields } from "./change_fields.ts";
import type { Counters } from "./live_stats.ts";

/** What {@linkcode Changes} work with. */
export interface ChangesOptions {
  readonly invalidation: Invalidation;
  readonly events: ManualLiveStream;
  readonly counters: Counters;
  readonly trace: Trace | undefined;
}

/** The one door for changes from all sources: each goes to the cache, then to the subscribers of the table's events. */
export class Changes {
  readonly #options: ChangesOptions;
  #last: Change | undefined;

  constructor(options: ChangesOptions) {
    this.#options = options;
  }

  /** The last change that was published here; others on the same cache may have published later ones. */
  get last(): Change | undefined {
    return this.#last && shareChange(this.#last);
  }

  /** Counts the changes that are known here, those of other tables on the same cache in this process included. */
  get count(): number {
    return this.#options.invalidation.generation;
  }

  /** Calls `listener` after each change, once the cache has it, until the returned function is called. */
  onRecorded(listener: () => void): () => void {
    return this.#options.invalidation.onRecorded(listener);
  }

  /**
   * From the call on nothing is served that the change is not in. Subscribers receive it, and the answer is there, once
   * the cache has it, or has failed to take it, in which case what it holds stays suspect. `since` is the fence when the
   * write was sent whose answer is the row of the change. `onRecorded` is called before anything is read because of it.
   */
  async publish(change: Change, since?: Fence, onRecorded?: () => void): Promise<void> {
    const { invalidation, counters } = this.#options;
    counters.invalidations[change.cause]++;
    this.#know(change);
    await invalidation.record(change, since);
    onRecorded?.();
    this.#tell(change);
  }

  /** The same for a change that the cache has already: a gap invalidates nothing then. */
  noted(change: Change): void {
    const { invalidation, counters } = this.#options;
    if (change.cause !== "gap") counters.invalidations[change.cause]++;
    this.#know(change);
    invalidation.note(change);
    this.#tell(change);
  }

  #know(change: Change): void {
    this.#last = change;
    const { trace } = this.#options;
    trace?.event({ target: "vantage_live::change", level: "debug", name: "changed", fields: changeFields(change) });
  }

  #tell(change: Change): void {
    const { invalidation, events } = this.#options;
    invalidation.recorded();
    // Of a change the stream emits what an event has.
    if (events.subscriberCount > 0) events.push(change);
  }
}
