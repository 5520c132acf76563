import type { Floors } from "./floors.ts";
import type { Verdict } from "./laws.ts";
import type { MemOutbox } from "@vantage/live";
import type { World } from "./plan.ts";
import type { RowFloors } from "./row_floors.ts";
import type { Scheduler } from "./scheduler.ts";
import type { SimCache } from "./sim_cache.ts";
import type { SimMaster } from "./sim_master.ts";
import type { SimStream } from "./sim_stream.ts";
import type { WriteLedger } from "./write_ledger.ts";

/** What all actors in one run share. */
export interface Scene {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly master: SimMaster;
  readonly stream: SimStream;
  /** By process; a restarted process has a new one. */
  readonly caches: SimCache[];
  readonly floors: Floors;
  readonly rowFloors: RowFloors;
  readonly verdict: Verdict;
  /** What all processes keep their writes in, where they do. */
  readonly outbox: MemOutbox;
  readonly ledger: WriteLedger;
  /** Whether the next call of this name to an outbox fails. */
  readonly outboxFails: (call: string) => boolean;
  /** How many changes the caches have taken. */
  readonly changes: { count: number };
  /** How many of them have ended all entries. */
  readonly ends: { count: number };
  /** Pending promises, with their descriptions. */
  readonly unsettled: Map<Promise<unknown>, string>;
  /** Adds a line to the trace. */
  readonly tell: (line: string) => void;
}

/** Tracks a promise until it settles. */
export function follow<T>(
  { unsettled }: Pick<Scene, "unsettled">,
  label: string,
  promise: Promise<T>,
  then: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  unsettled.set(promise, label);
  promise.then((value) => {
    unsettled.delete(promise);
    then(value);
  }, (error: unknown) => {
    unsettled.delete(promise);
    failed(error);
  });
}
