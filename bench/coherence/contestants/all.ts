import type { Contestant } from "../contestant.ts";
import { BENTOCACHE } from "./bentocache.ts";
import { CACHE_MANAGER } from "./cache_manager.ts";
import { CACHEABLE } from "./cacheable.ts";
import { CACHIFIED } from "./cachified.ts";
import { LIVE_TABLE } from "./live_table.ts";
import { LRU_CACHE } from "./lru_cache.ts";
import { QUERY_CORE } from "./query_core.ts";

/** This module and the libraries it is compared with. */
export const CONTESTANTS: readonly Contestant[] = [
  LIVE_TABLE,
  CACHIFIED,
  CACHEABLE,
  BENTOCACHE,
  CACHE_MANAGER,
  QUERY_CORE,
  LRU_CACHE,
];
