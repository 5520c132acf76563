import type { Contents, TableName } from "./shop_tables.ts";

/** What a host is made of. */
export interface HostKind {
  readonly runtime: "deno" | "node" | "bun";
  /** The client of Redis. */
  readonly redis: "redis" | "ioredis";
  /** Whether it has memory in front of Redis. */
  readonly isLayered: boolean;
  /** Whether it follows the stream of the cache. */
  readonly follows: boolean;
  /** How it hears of the changes of the database. */
  readonly source: "notify" | "slot" | undefined;
}

/** What the process of a host is started with. */
export interface HostOptions extends HostKind {
  readonly host: number;
  readonly redisPort: number;
  readonly postgresPort: number;
  readonly seed: number;
  /** What its versions begin with: greater than all those of the processes before it. */
  readonly firstVersion: number;
}

/** Where a host stops, to be killed there. */
export type StopAt = "miss" | "intent" | "invalidate" | "log";

/** What a host is told, one line each. */
export type HostTold =
  | { readonly kind: "run" }
  /** To begin nothing more, and to say when all that it began has ended. */
  | { readonly kind: "rest" }
  /** To read these tables in every way, and to say how what it reads differs from this. */
  | { readonly kind: "look"; readonly truth: Partial<Contents> }
  | { readonly kind: "write"; readonly table: TableName; readonly id: string }
  | { readonly kind: "stop"; readonly at: StopAt }
  | { readonly kind: "trace" };

/** What a host says, one line each. */
export type HostSays =
  | { readonly kind: "ready" }
  /** A row is about to be inserted or deleted. */
  | { readonly kind: "trying"; readonly table: TableName; readonly id: string }
  /** A write was acknowledged; `undefined` is a deletion. */
  | { readonly kind: "written"; readonly table: TableName; readonly id: string; readonly version?: number }
  /** `isLate`: the master has not answered to a write in time, which it may not on a busy machine. */
  | { readonly kind: "failed"; readonly what: string; readonly error: string; readonly isLate: boolean }
  /** What was wrong in its own eyes. */
  | { readonly kind: "wrong"; readonly what: string }
  | { readonly kind: "stopped"; readonly at: StopAt }
  | { readonly kind: "resting"; readonly counts: HostCounts; readonly slowestReadMs: number }
  | {
    readonly kind: "looked";
    readonly differences: readonly string[];
    readonly hits: number;
    readonly cacheFailures: number;
  }
  /** The answer to `write`; whether its cache took it. */
  | { readonly kind: "wrote"; readonly version: number; readonly isLogged: boolean }
  | { readonly kind: "trace"; readonly lines: readonly string[] };

/** What a host did since it was told to run. */
export interface HostCounts {
  readonly reads: number;
  readonly hits: number;
  readonly writes: number;
  readonly failures: number;
}

/** How long `RedisCache` waits for Redis. */
export const REDIS_TIMEOUT_MS = 300;
/** How old what a `LayeredCache` answers may be. */
export const MAX_LAG_MS = 200;
/** How long the outcome of a write may be unknown. */
export const WRITE_OUTCOME_MS = 3_000;
/** How long a write may take. */
export const WRITE_TIMEOUT_MS = 1_500;

/** The name of a host's slot. */
export function slotOf(host: number): string {
  return `host_${host}`;
}
