import type { CachedRows } from "../cache/cache.ts";
import type { CallOptions } from "../table/table_like.ts";
import type { CaughtUp } from "./catch_up.ts";
import type { Fetched } from "./loader.ts";
import type { ReadRequest } from "./read_request.ts";

/** What the cache has for a request: its rows, or an entry that only the master can complete. */
export interface Look {
  readonly found?: Fetched | undefined;
  readonly behind?: CaughtUp | undefined;
}

/** The entries of one table, for reads that are made of several. None of its methods counts a hit or miss. */
export interface Entries {
  /** What the cache has for a request, brought up to date, or stale where the policy of the request allows that. */
  look(request: ReadRequest, options: CallOptions): Promise<Look>;
  /** Reads from the master all rows of a request, or those that its entry lacks; stale ones in place of a failure. */
  load(request: ReadRequest, options: CallOptions, behind: CaughtUp | undefined): Promise<Fetched>;
  /** The entry under a key as it is; `undefined` if there is none or it is suspect. */
  held(key: string): Promise<CachedRows | undefined>;
}
