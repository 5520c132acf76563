import { Backoff } from "../../base/backoff.ts";
import type { Clock } from "../../base/clock.ts";
import type { Fence } from "../../cache/cache.ts";
import { ClosedError } from "../../table/errors.ts";
import type { ManualLiveStream } from "../../stream/manual_live_stream.ts";
import type { Trace } from "../../trace/tracer.ts";
import type { IdbCacheStore } from "./indexeddb_cache_store.ts";

/** What an {@linkcode IdbFollower} works with. */
export interface IdbFollowerOptions {
  readonly store: IdbCacheStore;
  /** The scope whose log is followed. */
  readonly scope: string;
  /** Receives what is logged. */
  readonly events: ManualLiveStream;
  readonly clock: Clock;
  readonly trace: Trace | undefined;
}

/** Emits what is logged in a scope: in order, each change once, and `changed` for what the log does not have any more. */
export class IdbFollower {
  readonly #options: IdbFollowerOptions;
  #fence: Fence | undefined;
  readonly #stopping = new AbortController();
  #isDue = false;
  #looking: Promise<void> | undefined;

  constructor(options: IdbFollowerOptions) {
    this.#options = options;
  }

  /** Emits what was logged since the last look, and resolves once all is emitted that was logged before the call. */
  look(): Promise<void> {
    this.#isDue = true;
    return this.#looking ??= this.#look();
  }

  /** Emits nothing more. */
  stop(): void {
    this.#stopping.abort();
  }

  async #look(): Promise<void> {
    const { store, scope, clock, trace } = this.#options;
    const { signal } = this.#stopping;
    const backoff = new Backoff(clock);
    while (this.#isDue && !signal.aborted) {
      this.#isDue = false;
      try {
        const { changes, fence } = await store.since(scope, this.#fence);
        if (signal.aborted) break;
        if (fence === this.#fence) continue;
        this.#fence = fence;
        for (const { change } of changes ?? []) this.#options.events.push(change);
        if (changes === undefined) this.#options.events.push({ kind: "changed" });
      } catch (error) {
        if (error instanceof ClosedError) break;
        trace?.event({ target: "vantage_live::stream", level: "warn", name: "stream lost", error });
        this.#isDue = true;
        await backoff.pause({ signal, background: true }).catch(() => {});
      }
    }
    // At once: a later call looks again.
    this.#looking = undefined;
  }
}
