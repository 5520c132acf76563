import type { MaybePromise } from "@vantage/live";
import type { Subject, Usage } from "../contestant.ts";
import type { SharedStore, World } from "../world.ts";

/** A cache that knows keys and values, but no writes and no events: those are its user's to translate. */
export interface KeyedCache {
  /** What is held, or else what the master says. */
  read(signal?: AbortSignal): Promise<number>;
  /** Sees to it that what is held is not served any more. */
  drop(): MaybePromise<unknown>;
  /** Puts `value` in the place of what is held. */
  keep(value: number): MaybePromise<unknown>;
}

/** After a write, what is held is dropped; or what was written is kept, which works where it is all of an entry. */
export interface CacheAsideOptions {
  readonly afterWrite?: "drop" | "keep" | undefined;
}

/** A usage in which the application writes to the master itself, and then tells the cache. */
export function cacheAside(
  how: string,
  openCache: (world: World) => KeyedCache,
  { afterWrite = "drop" }: CacheAsideOptions = {},
): Usage {
  const open = (world: World): Subject => {
    const { master, store } = world;
    const cache = openCache(world);
    return {
      read: (signal) => cache.read(signal),
      write: async (value) => {
        const answer = await master.write(value);
        await (afterWrite === "keep" ? cache.keep(answer) : cache.drop());
      },
      invalidate: () => cache.drop(),
      hear: () => cache.drop(),
      ...(store && faultsOf(store)),
    };
  };
  return { how, open };
}

function faultsOf(store: SharedStore): Pick<Subject, "holdFill" | "failInvalidation"> {
  return {
    holdFill: () => store.plan.hold("change", "before"),
    failInvalidation: () => store.plan.fail("change", new Error("the store cannot be reached")),
  };
}
