import type { HostKind, StopAt } from "./host_talk.ts";
import type { SharedRedis } from "./shared_redis.ts";
import type { Shop } from "./shop.ts";

/** What a fault can do to the world. */
export interface Faulty {
  readonly redis: SharedRedis;
  readonly shop: Shop;
  /** The slot that is read. */
  readonly slot: string;
  /** Lets the hosts do things for about a time. */
  someTime(ms: number): Promise<void>;
  /**
   * The moment of the fault. In every other round, all hosts are at rest then, and stay so: what they do would replace what is
   * old. In the others they go on.
   */
  moment(fault: () => Promise<void>): Promise<void>;
  /** Changes a few rows behind all hosts. */
  changeOutside(): Promise<void>;
  /** Kills a host where it stops, and starts another one in its place. */
  replaceAt(at: StopAt): Promise<void>;
  /** Kills a host of a kind, and starts another one in its place. */
  replace(is: (kind: HostKind) => boolean): Promise<void>;
}

/** A kind of fault, from when it begins until it has healed. */
export interface FaultKind {
  readonly name: string;
  /** Whether PostgreSQL is away, so that reads and writes may fail. */
  readonly isMasterAway?: boolean;
  run(world: Faulty): Promise<void>;
}

/** How long a server is away. */
const AWAY_MS = 600;

/** All kinds. */
export const FAULTS: readonly FaultKind[] = [
  {
    name: "Redis killed",
    run: (world) =>
      world.moment(async () => {
        await world.redis.kill();
        await world.changeOutside();
        await world.someTime(AWAY_MS);
        await world.redis.start();
      }),
  },
  {
    name: "Redis frozen",
    run: (world) =>
      world.moment(async () => {
        world.redis.freeze();
        await world.changeOutside();
        await world.someTime(2 * AWAY_MS);
        world.redis.wake();
      }),
  },
  {
    name: "Redis restarted from an old snapshot",
    run: async (world) => {
      await world.redis.save();
      await world.someTime(AWAY_MS);
      await world.moment(async () => {
        await world.redis.kill();
        await world.redis.start();
      });
    },
  },
  {
    name: "a replica promoted that lacks the last changes",
    run: async (world) => {
      await world.redis.copy();
      await world.someTime(AWAY_MS);
      await world.moment(async () => {
        await world.redis.kill();
        await world.redis.promote();
      });
    },
  },
  {
    name: "PostgreSQL restarted",
    isMasterAway: true,
    run: (world) =>
      world.moment(async () => {
        await world.shop.restart(AWAY_MS / 2);
        await world.changeOutside();
      }),
  },
  {
    name: "the slot dropped",
    run: (world) =>
      world.moment(async () => {
        await world.shop.dropSlot(world.slot);
        await world.changeOutside();
      }),
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
