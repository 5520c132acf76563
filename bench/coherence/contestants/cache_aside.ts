import type { MaybePromise } from "@vantage/live";
import type { Subject, Usage } from "../contestant.ts";
import type { Master, SharedStore, World } from "../world.ts";

/** A key-value cache without writes and events, which the application must translate. */
export interface KeyedCache {
  /** The cached value, or else the master's. */
  read(signal?: AbortSignal): Promise<number>;
  /** Drops the cached value. */
  drop(): MaybePromise<unknown>;
  /** Replaces the cached value. */
  keep(value: number): MaybePromise<unknown>;
  cut?(): void;
  restore?(): void;
  close?(): MaybePromise<unknown>;
}

/** Where an application reads and writes, and what processes share if it can be held up. */
export interface AsideWorld {
  readonly master: Master;
  readonly store?: SharedStore | undefined;
}

/** After a write, the entry is dropped, or replaced by the written value, which works if that is the complete entry. */
export interface CacheAsideOptions {
  readonly afterWrite?: "drop" | "keep" | undefined;
}

/** A usage in which the application writes to the master itself, then updates the cache. */
export function cacheAside<W extends AsideWorld = World>(
  how: string,
  openCache: (world: W) => MaybePromise<KeyedCache>,
  { afterWrite = "drop" }: CacheAsideOptions = {},
): Usage<W> {
  const open = async (world: W): Promise<Subject> => {
    const { master, store } = world;
    const cache = await openCache(world);
    const { cut, restore, close } = cache;
    return {
      ...(cut && { cut }),
      ...(restore && { restore }),
      ...(close && { close }),
      read: (signal) => cache.read(signal),
      write: async (value) => {
        const answer = await master.write(value);
        await (afterWrite === "keep" ? cache.keep(answer) : cache.drop());
      },
      invalidate: () => cache.drop(),
      receive: () => cache.drop(),
      ...(store && faultsOf(store)),
    };
  };
  return { how, open };
}

function faultsOf(store: SharedStore): Pick<Subject, "holdFill" | "failInvalidation"> {
  return {
    holdFill: () => store.plan.hold("change", "before"),
    failInvalidation: () => store.plan.fail("change", new Error("the store is unreachable")),
  };
}
