import type { Contestant } from "../../contestant.ts";
import type { HostsWorld } from "../hosts_world.ts";
import { BENTOCACHE } from "./bentocache.ts";
import { CACHE_MANAGER } from "./cache_manager.ts";
import { CACHEABLE } from "./cacheable.ts";
import { LIVE_TABLE } from "./live_table.ts";

/** This module and the libraries with which several hosts share a Redis. */
export const HOST_CONTESTANTS: readonly Contestant<HostsWorld>[] = [LIVE_TABLE, BENTOCACHE, CACHEABLE, CACHE_MANAGER];
