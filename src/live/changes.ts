import { type Change, shareChange } from "../change/change.ts";
import type { ManualLiveStream } from "../stream/manual_live_stream.ts";
import type { Invalidation } from "./invalidation.ts";
import type { Counters } from "./live_stats.ts";

/** What {@linkcode Changes} work with. */
export interface ChangesOptions {
  readonly invalidation: Invalidation;
  readonly events: ManualLiveStream;
  readonly counters: Counters;
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

  /**
   * From the call on nothing that was held is served. Subscribers receive the change, and the answer is there, once the
   * cache has dropped what it held, or has failed to, in which case that stays suspect.
   */
  async publish(change: Change): Promise<void> {
    const { invalidation, events, counters } = this.#options;
    counters.invalidations[change.cause]++;
    this.#last = change;
    await invalidation.invalidate();
    // Of a change the stream emits what an event has.
    if (events.subscriberCount > 0) events.push(change);
  }
}
