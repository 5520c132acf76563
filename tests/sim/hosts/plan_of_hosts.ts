import { Chance } from "../chance.ts";
import type { Touched, WriteKind } from "../plan.ts";
import type { Treatment } from "../sim_master.ts";
import type { ViewName } from "../views.ts";

/** The clocks of a host. */
export interface HostClocks {
  /** How far the wall clock is ahead, in milliseconds. */
  readonly aheadMs: number;
  /** How much faster both clocks are than time. */
  readonly drift: number;
  /** What the monotonic clock began with. */
  readonly originMs: number;
}

/** The properties of a host. */
export interface HostWorld {
  /** Whether it has a `LayeredCache`. */
  readonly isLayered: boolean;
  /** What it hears: what all hosts have logged, what the master itself emits, or nothing. */
  readonly hears: "log" | "master" | "nothing";
  readonly clocks: HostClocks;
  /** Whether it is there from the beginning. */
  readonly isThere: boolean;
}

/** The properties of a world of many hosts. */
export interface HostsWorld {
  readonly hosts: readonly HostWorld[];
  /** The bound of the hosts with a `LayeredCache`. */
  readonly maxLagMs: number;
  readonly writeOutcomeMs: number;
  readonly writeTimeoutMs: number;
  /** How long a call of Redis may take. */
  readonly redisTimeoutMs: number;
  readonly redisAheadMs: number;
  readonly ttlMs: number;
  readonly maxChanges: number;
  readonly maxLogBytes: number;
  /** Whether clients send again what was not answered, after they have reconnected. */
  readonly resends: boolean;
  readonly masterFailureRate: number;
  /** How long after a change reads of the master may be old. */
  readonly lagMs: number;
  readonly invalidation: "surgical" | "all";
  readonly views: readonly ViewName[];
  /** What the master says of a change. */
  readonly events: "ids" | "columns" | "rows" | "changed";
  /** How many steps an event of the master is on its way, at least. */
  readonly streamSteps: number;
  readonly versions: boolean;
  /** Whether the master also emits what the hosts write. */
  readonly echoes: boolean;
  /** How often the next step is an action instead of a pending effect. */
  readonly haste: number;
}

/** One action. */
export type HostsAction =
  | { readonly kind: "read"; readonly host: number; readonly view: ViewName }
  | {
    readonly kind: "write";
    readonly host: number;
    readonly op: Exclude<WriteKind, "insertReturnId" | "deleteAll">;
    readonly id: string;
    readonly even: boolean;
    readonly n: number;
    readonly touches: Touched;
    readonly treatment: Treatment;
  }
  | {
    readonly kind: "foreign write";
    readonly id: string;
    readonly even: boolean;
    readonly n: number;
    readonly touches: Touched;
    readonly gone: boolean;
  }
  | { readonly kind: "invalidate" | "closes" | "joins"; readonly host: number }
  | { readonly kind: "dies"; readonly host: number; readonly startsAgain: boolean }
  | { readonly kind: "cut" | "stalled"; readonly host: number; readonly from: "redis" | "master" }
  | { readonly kind: "healed"; readonly host: number }
  | { readonly kind: "connection lost"; readonly host: number }
  | { readonly kind: "clock is set"; readonly host: number; readonly byMs: number }
  | { readonly kind: "stream drops" | "stream is back" | "redis dumps" | "redis evicts" }
  | { readonly kind: "redis restarts"; readonly from: "nothing" | "dump" }
  /** A replica is promoted that has what was dumped; `isSeen` is whether connections are lost. */
  | { readonly kind: "redis is replaced"; readonly isSeen: boolean }
  | { readonly kind: "time passes"; readonly ms: number };

/** The plan of a run of many hosts. The same plan gives the same run, step by step. */
export interface HostsPlan {
  readonly seed: number;
  readonly steps: number;
  readonly world: HostsWorld;
  readonly actions: readonly HostsAction[];
}

const VIEWS: readonly ViewName[] = ["all", "even", "get a", "get b", "by n", "page 1", "count even"];
const IDS = ["a", "b", "c", "d", "e", "f"];
/** Coming to rest takes as many steps as a short run. */
const LENGTH = 4;

/** What is done in a world. */
interface Habits {
  /** How often something goes wrong. */
  readonly faults: number;
  /** The rows that are written. */
  readonly ids: readonly string[];
}

/** The plan of a seed, of 2 to 100 hosts unless it is said how many: about two actions for each step, and two for each host. */
export function hostsPlanOf(seed: number, steps: number, hosts?: number): HostsPlan {
  const chance = new Chance(seed ^ 0x4057);
  const few = chance.pick([2, 2, 3, 3, 4, 6]);
  const count = hosts ?? (chance.happens(0.01) ? 100 : chance.happens(0.05) ? 20 + chance.below(20) : few);
  const world = worldOf(count, chance);
  const all = Math.max(LENGTH * steps, 5 * count);
  const faults = chance.pick([0, 0.3, 0.6, 1.2]);
  const ids = IDS.slice(0, chance.pick([1, 3, 6]));
  const isMortal = chance.happens(0.4);
  const actions = Array.from({ length: Math.ceil(all * 0.4) }, () => actionOf(world, { faults, ids }, chance))
    .flatMap((action): readonly HostsAction[] => {
      if (action.kind !== "write") return [action];
      if (chance.happens(0.15)) return withOnlooker(action, world, chance);
      if (faults > 0 && chance.happens(0.05)) return withOldRedis(action, world, chance);
      return isMortal ? withDeath(action, world, chance) : [action];
    });
  return { seed, steps: all, world, actions };
}

function worldOf(count: number, chance: Chance): HostsWorld {
  const isOneAtMaster = chance.happens(0.5);
  const skewMs = chance.pick([0, 100, 5_000, 180_000]);
  const hosts = Array.from({ length: count }, (_, number): HostWorld => ({
    isLayered: chance.happens(0.5),
    hears: number === 0 || (!isOneAtMaster && chance.happens(0.2)) ? "master" : chance.pick(["log", "log", "nothing"]),
    clocks: {
      aheadMs: Math.round((chance.next() - 0.5) * 2 * skewMs),
      drift: chance.pick([0, 0.0001, -0.0001, 0.001, -0.001]),
      originMs: chance.below(1_000_000),
    },
    isThere: number === 0 || chance.happens(0.8),
  }));
  return {
    hosts,
    maxLagMs: chance.pick([0, 50, 300, 1_000, 1_000]),
    writeOutcomeMs: chance.pick([2_000, 4_000]),
    writeTimeoutMs: 400,
    redisTimeoutMs: chance.pick([50, 200, 1_000]),
    redisAheadMs: Math.round((chance.next() - 0.5) * 2 * skewMs),
    ttlMs: chance.pick([86_400_000, 86_400_000, 500]),
    maxChanges: chance.pick([4, 1_000, 1_000]),
    maxLogBytes: chance.pick([600, 1_000_000, 1_000_000]),
    resends: chance.happens(0.5),
    masterFailureRate: chance.pick([0, 0, 0.05]),
    lagMs: chance.pick([0, 0, 0, 0, 100]),
    invalidation: chance.happens(0.1) ? "all" : "surgical",
    views: chance.happens(0.5) ? [chance.pick(VIEWS)] : [chance.pick(VIEWS), "all"],
    events: chance.pick(["ids", "columns", "rows", "changed"]),
    streamSteps: chance.pick([1, 3, 6]),
    versions: chance.happens(0.3),
    echoes: chance.happens(0.3),
    haste: chance.pick([0.15, 0.4, 0.6]),
  };
}

function actionOf(world: HostsWorld, { faults, ids }: Habits, chance: Chance): HostsAction {
  const host = hostOf(world, chance);
  if (chance.happens(0.12 * faults)) return faultOf(host, chance);
  const dice = chance.next();
  if (dice < 0.6) return { kind: "read", host, view: chance.pick(world.views) };
  const touched = {
    id: chance.pick(ids),
    even: chance.happens(0.5),
    n: chance.below(4),
    touches: chance.pick<Touched>(["nothing", "even", "n", "both"]),
  };
  if (dice < 0.8) {
    return {
      kind: "write",
      host,
      ...touched,
      op: chance.pick(["patch", "patch", "patch", "replace", "insert", "delete"]),
      treatment: chance.pick([
        "applied",
        "applied",
        "applied",
        "applied",
        "refused",
        "lost",
        "unavailable",
        "hangs after",
      ]),
    };
  }
  if (dice < 0.88) return { kind: "foreign write", ...touched, gone: chance.happens(0.1) };
  if (dice < 0.9) return { kind: "invalidate", host };
  return { kind: "time passes", ms: chance.pick([5, 20, 60, 200, 500, 1_500]) };
}

/** Another host has just read, and reads again when it may answer from memory no more. */
function withOnlooker(
  action: Extract<HostsAction, { readonly kind: "write" }>,
  world: HostsWorld,
  chance: Chance,
): readonly HostsAction[] {
  const read: HostsAction = { kind: "read", host: hostOf(world, chance), view: chance.pick(world.views) };
  const passes = (share: number): HostsAction => ({ kind: "time passes", ms: Math.ceil(share * world.maxLagMs) });
  return [read, passes(0.5), read, action, passes(0.3), read, passes(0.8), read];
}

/** Redis is replaced by what it was before a write. */
function withOldRedis(
  action: Extract<HostsAction, { readonly kind: "write" }>,
  world: HostsWorld,
  chance: Chance,
): readonly HostsAction[] {
  const view = chance.pick(world.views);
  const reads = (): readonly HostsAction[] =>
    [action.host, hostOf(world, chance), hostOf(world, chance)].map((host) => ({ kind: "read", host, view }));
  const replaced = chance.pick<HostsAction>([
    { kind: "redis restarts", from: "dump" },
    { kind: "redis is replaced", isSeen: true },
    { kind: "redis is replaced", isSeen: false },
  ]);
  const noticed: HostsAction = { kind: "time passes", ms: 2_100 };
  return [...reads(), { kind: "redis dumps" }, action, ...reads(), replaced, ...reads(), noticed, ...reads()];
}

/** A host may die while its write is on its way: to Redis, to the master, which others look at meanwhile, or back. */
function withDeath(
  action: Extract<HostsAction, { readonly kind: "write" }>,
  world: HostsWorld,
  chance: Chance,
): readonly HostsAction[] {
  if (chance.happens(0.6)) return [action];
  const { host } = action;
  const dies: HostsAction = { kind: "dies", host, startsAgain: chance.happens(0.5) };
  const soon: HostsAction = { kind: "time passes", ms: chance.pick([5, 20, 60, 200]) };
  if (chance.happens(0.4)) return chance.happens(0.3) ? [action, soon, dies] : [action, dies];
  const read = (): HostsAction => ({ kind: "read", host: hostOf(world, chance), view: chance.pick(world.views) });
  const overdue: HostsAction = { kind: "time passes", ms: world.writeOutcomeMs + 800 };
  const unanswered: HostsAction = { ...action, op: "patch", treatment: "hangs after" };
  if (chance.happens(0.5)) return [unanswered, read(), soon, read(), dies, read(), overdue, read(), read()];
  const stalled: HostsAction = { kind: "stalled", host, from: "master" };
  const goesOn: HostsAction = { kind: "healed", host };
  return [stalled, unanswered, read(), soon, read(), goesOn, read(), read(), dies, overdue, read(), read()];
}

/** Some hosts are busier than others. */
function hostOf({ hosts }: HostsWorld, chance: Chance): number {
  return chance.happens(0.5) ? chance.below(Math.min(3, hosts.length)) : chance.below(hosts.length);
}

function faultOf(host: number, chance: Chance): HostsAction {
  const from = chance.pick(["redis", "redis", "master"] as const);
  return chance.pick<HostsAction>([
    { kind: "cut", host, from },
    { kind: "stalled", host, from },
    { kind: "healed", host },
    { kind: "healed", host },
    { kind: "connection lost", host },
    { kind: "dies", host, startsAgain: chance.happens(0.5) },
    { kind: "joins", host },
    { kind: "joins", host },
    { kind: "closes", host },
    { kind: "clock is set", host, byMs: chance.pick([-60_000, -500, 500, 60_000]) },
    { kind: "stream drops" },
    { kind: "stream is back" },
    { kind: "redis dumps" },
    { kind: "redis evicts" },
    { kind: "redis evicts" },
    { kind: "redis restarts", from: chance.pick(["nothing", "dump", "dump"]) },
    { kind: "redis is replaced", isSeen: chance.happens(0.7) },
    { kind: "time passes", ms: chance.pick([200, 1_000, 3_000]) },
  ]);
}
