import type { Chance } from "../chance.ts";
import type { Verdict } from "../laws.ts";
import type { RowFloors } from "../row_floors.ts";
import type { Scheduler } from "../scheduler.ts";
import type { SimMaster } from "../sim_master.ts";
import type { SimStream } from "../sim_stream.ts";
import type { HostsWorld } from "./plan_of_hosts.ts";
import type { SimRedis } from "./sim_redis.ts";

/** What all hosts in one run share. */
export interface HostScene {
  readonly world: HostsWorld;
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly verdict: Verdict;
  readonly master: SimMaster;
  /** What the master itself emits. */
  readonly stream: SimStream;
  readonly redis: SimRedis;
  readonly rowFloors: RowFloors;
  /** Pending promises, with their descriptions. */
  readonly unsettled: Map<Promise<unknown>, string>;
  /** Adds a line to the trace. */
  readonly tell: (line: string) => void;
}
