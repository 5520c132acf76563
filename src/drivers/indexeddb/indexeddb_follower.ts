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
  readonly trace: Trace | undefined;
}

/** Emits what is logged in a scope: in order, each change once, and `changed` for what the log does not have any more. */
export class IdbFollower {
  readonly #options: IdbFollowerOptions;
  #fence: Fence | undefined;
  #isDue = false;
  #looking: Promise<void> | undefined;

  constructor(options: IdbFollowerOptions) {
    this.#options = options;
  }

  /** Emits what was logged since the last look, and resolves once all is emitted that was logged before the call. */
  look(): Promise<void> {
    this.#isDue = true;
    return this.#looking ??= this.#look().finally(() => this.#looking = undefined);
  }

  async #look(): Promise<void> {
    const { store, scope, trace } = this.#options;
    while (this.#isDue) {
      this.#isDue = false;
      try {
        const { changes, fence } = await store.since(scope, this.#fence);
        if (fence === this.#fence) continue;
        this.#fence = fence;
        for (const { change } of changes ?? []) this.#options.events.push(change);
        if (changes === undefined) this.#options.events.push({ kind: "changed" });
      } catch (error) {
        if (error instanceof ClosedError) return;
        // The next look finds what this one has missed.
        trace?.event({ target: "vantage_live::stream", level: "warn", name: "stream lost", error });
      }
    }
  }
}
