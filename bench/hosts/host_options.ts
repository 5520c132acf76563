/** What each host keeps its entries in, and how it hears of changes. */
export interface Mode {
  readonly name: string;
  /** `"own"` shares nothing, and shows what the check finds then. */
  readonly cache: "redis" | "layered" | "own";
  /** Which hosts listen to the database. */
  readonly listens: "one" | "each";
  /** Whether the others follow the stream of the cache. */
  readonly follows: boolean;
}

/** What one of several hosts is. */
export interface HostOptions extends Mode {
  /** Its number, from 0. */
  readonly at: number;
  readonly hosts: number;
  readonly postgresPort: number;
  readonly redisPort: number;
  readonly ledgerPath: string;
  readonly seed: number;
}

/** How late a host with a `LayeredCache` may show what another one has changed. */
export const MAX_LAG_MS = 200;

/**
 * How long Redis may take to answer, so that a machine with more to do than it can does not count as a Redis that is away: then
 * what one host could not log is served by others until it could.
 */
export const PATIENCE_MS = 60_000;

/** The modes that are measured. */
export const MODES: readonly Mode[] = [
  { name: "RedisCache; one host listens to the database", cache: "redis", listens: "one", follows: false },
  { name: "RedisCache; each host listens to the database", cache: "redis", listens: "each", follows: false },
  {
    name: "LayeredCache; one host listens, the others follow stream()",
    cache: "layered",
    listens: "one",
    follows: true,
  },
  {
    name: "LayeredCache; one host listens, the others only within maxLagMs",
    cache: "layered",
    listens: "one",
    follows: false,
  },
];
