import type { HostKind, StopAt } from "./host_talk.ts";
import type { SharedRedis } from "./shared_redis.ts";
import type { Shop } from "./shop.ts";

/** What a fault can do to the world. */
export interface Faulty {
  readonly redis: SharedRedis;
  readonly shop: Shop;
  /** Lets the hosts do things for a time up to this one. */
  someTime(maxMs: number): Promise<void>;
  /** Kills a host where it stops, and starts another one in its place. */
  replaceAt(at: StopAt): Promise<void>;
  /** Kills the host that hears of changes in a way, or one that follows the cache, and starts another one in its place. */
  replace(is: (kind: HostKind) => boolean): Promise<void>;
  /** The slot that is read. */
  readonly slot: string;
}

/** A kind of fault, from when it begins until it has healed. */
export interface FaultKind {
  readonly name: string;
  /** Whether PostgreSQL is away, so that reads and writes may fail. */
  readonly isMasterAway?: boolean;
  run(world: Faulty): Promise<void>;
}

/** How long a server is away at the most. */
const AWAY_MS = 900;

/** All kinds. */
export const FAULTS: readonly FaultKind[] = [
  {
    name: "Redis killed",
    run: async (world) => {
      const { redis } = world;
      await redis.kill();
      await world.someTime(AWAY_MS);
      await redis.start();
    },
  },
  {
    name: "Redis frozen",
    run: async (world) => {
      const { redis } = world;
      redis.freeze();
      await world.someTime(2 * AWAY_MS);
      redis.wake();
    },
  },
  {
    name: "Redis restarted from an old snapshot",
    run: async (world) => {
      const { redis } = world;
      await redis.save();
      await world.someTime(AWAY_MS);
      await redis.kill();
      await redis.start();
    },
  },
  {
    name: "a replica promoted that lacks the last changes",
    run: async (world) => {
      const { redis } = world;
      await redis.copy();
      await world.someTime(AWAY_MS);
      await redis.kill();
      await world.someTime(AWAY_MS);
      await redis.promote();
    },
  },
  {
    name: "PostgreSQL restarted",
    isMasterAway: true,
    run: ({ shop }) => shop.restart(AWAY_MS / 2),
  },
  {
    name: "the slot dropped",
    run: ({ shop, slot }) => shop.dropSlot(slot),
  },
  { name: "a host killed in a read of the master", run: (world) => world.replaceAt("miss") },
  { name: "a host killed between the master's yes and the log", run: (world) => world.replaceAt("intent") },
  { name: "a host killed while it logs a change", run: (world) => world.replaceAt("log") },
  { name: "a host killed while it invalidates", run: (world) => world.replaceAt("invalidate") },
  {
    name: "the host killed that listens to NOTIFY",
    run: (world) => world.replace(({ source }) => source === "notify"),
  },
  { name: "the host killed that reads the slot", run: (world) => world.replace(({ source }) => source === "slot") },
  { name: "a host killed that follows the cache", run: (world) => world.replace(({ follows }) => follows) },
];
