import { Chance } from "./chance.ts";
import { withReads } from "./plan_of_reads.ts";
import { withWrites, type WriteWorld } from "./plan_of_writes.ts";
import type { OwnOrder, Treatment } from "./sim_master.ts";
import { ROW_VIEW_NAMES, takesOnePlace, VIEW_NAMES, type ViewName, VIEWS } from "./views.ts";

/** The properties of a world. */
export interface World {
  readonly tables: number;
  /** How many processes share the storage; tables are distributed among them. */
  readonly processes: number;
  readonly asyncCache: boolean;
  readonly storage: "memory" | "sqlite";
  /** The capacity of the cache: so small that entries are evicted, or sufficient. */
  readonly maxEntries: number;
  readonly cacheFailureRate: number;
  readonly masterFailureRate: number;
  readonly lagMs: number;
  /** How much the master lags beyond the declared lag; above 0 only to check that this is detected. */
  readonly untoldLagMs: number;
  readonly staleTimeMs: number;
  readonly queueCapacity: number;
  readonly waitingCapacity: number;
  /** Which tables subscribe to the stream. */
  readonly listening: readonly boolean[];
  readonly tracerThrows: boolean;
  /** Whether writes go to a separate target, because the master is read-only. */
  readonly diverted: boolean;
  /** Which views are read: with few views, more readers share a fetch. */
  readonly views: readonly ViewName[];
  /** Whether tables are often closed and opened again. */
  readonly restless: boolean;
  /** Whether caches sometimes stop answering and continue later. */
  readonly freezes: boolean;
  /** Whether processes die at any point and start again. */
  readonly mortal: boolean;
  /** Which tables are nested: a LiveTable over a LiveTable. */
  readonly nested: readonly boolean[];
  /** Whether readers also peek at entries, and ask whether an answer is settled. */
  readonly curious: boolean;
  /** How often the next step is an action instead of a pending effect. */
  readonly haste: number;
  /** What a change invalidates. Where that is not all, answers are checked row by row. */
  readonly invalidation: "all" | "surgical";
  /** What the stream says of a change. */
  readonly events: "changed" | "ids" | "columns" | "rows";
  /** Whether the stream delivers each event once, in order and at once, and says so. */
  readonly ordered: boolean;
  /** How many steps an event is on its way, at least. */
  readonly streamSteps: number;
  /** Whether the stream also tells of what the tables write. */
  readonly echoes: boolean;
  /** The order of rows that no query orders. */
  readonly ownOrder: OwnOrder;
  /** Whether the master does pages itself. */
  readonly pages: boolean;
  /** Whether the master says that its conditions and orders mean what they mean in the module. */
  readonly exact: boolean;
  /** How the master can be asked for some rows of a set: by a condition on their ids, one by one, or not at all. */
  readonly asksFor: "ids" | "rows" | "nothing";
  /** Whether the cache keeps a log of changes. */
  readonly logs: boolean;
  /** The capacity of the log: so small that it overflows, or sufficient. */
  readonly maxChanges: number;
  /** Whether tables are told which version a row has. */
  readonly versions: boolean;
  /** How long the outcome of a write may be unknown before other processes read its row again. */
  readonly writeOutcomeMs: number;
  /** The size of the master's pages, which it gives no larger; `undefined`: it gives pages of any size. */
  readonly masterItemsPerPage: number | undefined;
  /** Whether the master evaluates conditions itself. */
  readonly narrows: boolean;
  /** Whether the master counts. */
  readonly counts: boolean;
  /** What is served of entries that are stale, and how old it may be. */
  readonly whileStale: "wait" | "serve";
  readonly maxAgeMs: number;
  readonly onMasterFailure: "reject" | "serve";
  /** How many pages are read ahead. */
  readonly prefetchPages: number;
  /** Whether views are watched. */
  readonly watches: boolean;
  /** How writes are kept and sent again; `undefined`: each is sent once, and ends with its process. */
  readonly writes: WriteWorld | undefined;
}

/** The views that are read at rest. Where answers are checked row by row, those that may be held. */
export function viewsAtRest({ invalidation, views }: World): readonly ViewName[] {
  return invalidation === "all" ? VIEW_NAMES : [...new Set<ViewName>(["all", ...views])];
}

/** Whether the cache has room for all views that are read at rest. */
export function hasRoomAtRest(world: World): boolean {
  const { maxEntries } = world;
  const views = viewsAtRest(world);
  return maxEntries >= MANY || (maxEntries >= views.length && views.every((name) => takesOnePlace(VIEWS[name], world)));
}

/** A cache of this capacity keeps all entries. */
const MANY = 1_000;

export const WRITE_KINDS = ["insert", "replace", "patch", "delete", "deleteAll", "insertReturnId"] as const;
export type WriteKind = typeof WRITE_KINDS[number];

/** The columns that an update changes besides the mark. */
export type Touched = "nothing" | "even" | "n" | "both";

/** One action. */
export type Action =
  | {
    readonly kind: "read";
    readonly table: number;
    readonly view: ViewName;
    readonly aborted: boolean;
    /** Whether the reader accepts no stale rows, whatever the table allows. */
    readonly isPatient?: boolean;
  }
  | { readonly kind: "refresh" | "watch" | "leave"; readonly table: number; readonly view: ViewName }
  | {
    readonly kind: "write";
    readonly table: number;
    readonly op: WriteKind;
    readonly id: string;
    readonly even: boolean;
    readonly treatment: Treatment;
    /** How the attempts before that one are treated. */
    readonly attempts?: readonly Treatment[];
    /** How many updates of a new row follow its insertion at once, where it has no id yet. */
    readonly followers?: number;
    readonly taken: "kept" | "cancelled" | "aborted";
    /** What a patch or an update changes besides the mark; missing: what each did before rows had versions. */
    readonly touches?: Touched;
    readonly n?: number;
  }
  | {
    readonly kind: "foreign write";
    readonly id: string;
    readonly even: boolean;
    readonly gone: boolean;
    readonly touches?: Touched;
    readonly n?: number;
  }
  | { readonly kind: "invalidate"; readonly table: number }
  | { readonly kind: "listen"; readonly table: number; readonly writes: number }
  | { readonly kind: "stream drops"; readonly fails: boolean }
  | { readonly kind: "stream is back" }
  | { readonly kind: "time passes"; readonly ms: number }
  | { readonly kind: "cache freezes"; readonly process: number }
  | { readonly kind: "cache thaws"; readonly process: number }
  | { readonly kind: "network"; readonly table: number; readonly isOnline: boolean }
  | { readonly kind: "sign in" | "retry" | "discard"; readonly table: number }
  | { readonly kind: "sleeps" | "wakes"; readonly process: number }
  | { readonly kind: "dies"; readonly process: number; readonly startsAgain: boolean }
  | { readonly kind: "close"; readonly table: number }
  | { readonly kind: "open"; readonly table: number };

/** The plan of a run. The same plan gives the same run, step by step. */
export interface Plan {
  readonly seed: number;
  readonly steps: number;
  readonly world: World;
  readonly actions: readonly Action[];
}

/**
 * The plan of a seed: a world, about two actions per five steps, and the faults of its processes and caches. In half of
 * the worlds only what changed is read again.
 */
export function planOf(seed: number, steps: number): Plan {
  return withWrites(readingPlanOf(seed, steps), new Chance(seed ^ 0x3217e));
}

function readingPlanOf(seed: number, steps: number): Plan {
  const chance = new Chance(seed ^ 0x10e5);
  if (chance.happens(0.5)) return faultyPlanOf(seed, steps);
  const isQuiet = chance.happens(0.6);
  // Entries that live on see more.
  const plan = surgicalPlanOf(faultyPlanOf(seed, isQuiet ? QUIET_LENGTH * steps : steps), isQuiet, chance);
  return withReads(plan, new Chance(seed ^ 0x3ead));
}

function surgicalPlanOf(plan: Plan, isQuiet: boolean, chance: Chance): Plan {
  const world = surgicalWorldOf(isQuiet ? quieted(plan.world) : plan.world, isQuiet, chance);
  const ids = IDS.slice(0, isQuiet ? chance.pick([2, 4, 6]) : 6);
  const actions = plan.actions.flatMap((planned): readonly Action[] => {
    const action = within(world, planned);
    if (isQuiet && (action.kind === "cache freezes" || DISTURBING.has(action.kind) && chance.happens(0.9))) return [];
    switch (action.kind) {
      case "read":
        return [{ ...action, view: chance.pick(world.views) }];
      case "write":
        return [isQuiet ? quietWriteOf(action, ids, chance) : { ...action, ...touchedOf(ids, chance) }];
      case "foreign write":
        return [{ ...action, ...touchedOf(ids, chance) }];
      default:
        return [action];
    }
  });
  return { ...plan, world, actions };
}

const QUIET_LENGTH = 4;
const QUIET_TABLES = 2;

/** In a quiet world nothing but changes ends an entry. */
const QUIET: Partial<World> = {
  maxEntries: 1_000,
  cacheFailureRate: 0,
  masterFailureRate: 0,
  lagMs: 0,
  staleTimeMs: Infinity,
  freezes: false,
  restless: false,
  nested: [],
};

function quieted(world: World): World {
  const tables = Math.min(world.tables, QUIET_TABLES);
  return { ...world, ...QUIET, tables, processes: Math.min(world.processes, tables) };
}

/** The action, of a table and a process that there are. */
function within({ tables, processes }: World, action: Action): Action {
  if ("table" in action) return { ...action, table: action.table % tables };
  return "process" in action ? { ...action, process: action.process % processes } : action;
}

const DISTURBING: ReadonlySet<Action["kind"]> = new Set<Action["kind"]>([
  "invalidate",
  "stream drops",
  "close",
  "time passes",
]);

const IDS = ["a", "e", "b", "d", "c", "f"];

function surgicalWorldOf(world: World, isQuiet: boolean, chance: Chance): World {
  const { tables, mortal, listening } = world;
  const events = chance.pick<World["events"]>(
    isQuiet ? ["ids", "columns", "rows"] : ["changed", "ids", "ids", "columns", "rows", "rows"],
  );
  const versions = chance.happens(0.3);
  const isAllKnown = isQuiet || mortal || chance.happens(0.5);
  return {
    ...world,
    invalidation: "surgical",
    asyncCache: isQuiet ? chance.happens(0.3) : world.asyncCache,
    events,
    ordered: chance.happens(0.3),
    streamSteps: chance.pick([1, 3, 6]),
    echoes: chance.happens(0.3),
    ownOrder: chance.pick(["id", "inserted"]),
    pages: chance.happens(0.8),
    exact: chance.happens(0.5),
    asksFor: chance.pick(["ids", "ids", "ids", "rows", "nothing"]),
    logs: isQuiet || chance.happens(0.9),
    maxChanges: isQuiet ? chance.pick([3, 1_000, 1_000, 1_000, 1_000, 1_000]) : chance.pick([3, 1_000]),
    versions,
    writeOutcomeMs: chance.pick([150, 150, 60_000]),
    views: chance.happens(0.8) ? [chance.pick(ROW_VIEW_NAMES), chance.pick(ROW_VIEW_NAMES)] : ROW_VIEW_NAMES,
    listening: isAllKnown ? Array.from({ length: tables }, () => true) : listening,
  };
}

interface TouchedRow {
  readonly id: string;
  readonly touches: Touched;
  readonly n: number;
  readonly even: boolean;
}

function touchedOf(ids: readonly string[], chance: Chance): TouchedRow {
  return {
    id: chance.pick(ids),
    touches: chance.pick(["nothing", "nothing", "even", "n", "both"]),
    n: chance.below(4),
    even: chance.happens(0.5),
  };
}

/** Writes that are mostly applied, and seldom concern all rows. Many are done by others. */
function quietWriteOf(
  action: Extract<Action, { readonly kind: "write" }>,
  ids: readonly string[],
  chance: Chance,
): Action {
  const touched = touchedOf(ids, chance);
  if (chance.happens(0.35)) return { kind: "foreign write", gone: chance.happens(0.1), ...touched };
  const isPatch = chance.happens(action.op === "deleteAll" ? 0.8 : 0.4);
  return {
    ...action,
    ...touched,
    op: isPatch ? "patch" : action.op,
    treatment: chance.pick(["applied", "applied", "applied", "applied", "applied", "applied", "refused", "lost"]),
    taken: "kept",
  };
}

function faultyPlanOf(seed: number, steps: number): Plan {
  const plain = plainPlanOf(seed, steps);
  const chance = new Chance(seed ^ 0x0dd5);
  const { tables, processes } = plain.world;
  const layered = chance.happens(0.25);
  const nested = Array.from({ length: tables }, () => layered && chance.happens(0.6));
  const world: World = {
    ...plain.world,
    freezes: chance.happens(0.15),
    mortal: chance.happens(0.2),
    nested,
    curious: new Chance(seed ^ 0xa5c).happens(0.4),
    // Ages add up across nested tables.
    staleTimeMs: nested.includes(true) ? Infinity : plain.world.staleTimeMs,
  };
  const lagging = (world.mortal || layered) && world.lagMs === 0 && chance.happens(0.4);
  const actions = plain.actions.flatMap((action): Action[] => {
    const process = chance.below(processes);
    const more: Action[] = [];
    if (world.freezes && chance.happens(0.12)) {
      more.push({ kind: chance.happens(0.6) ? "cache freezes" : "cache thaws", process });
    }
    if (world.mortal && chance.happens(0.05)) more.push({ kind: "dies", process, startsAgain: chance.happens(0.7) });
    if ((world.freezes || lagging) && chance.happens(0.1)) {
      more.push({ kind: "time passes", ms: chance.pick([10, 40, 100, 400]) });
    }
    return [...more, action];
  });
  return { ...plain, world: lagging ? { ...world, lagMs: chance.pick([50, 1_000]) } : world, actions };
}

/** The plan without faults of processes and caches, as seeds had it before those existed. */
export function plainPlanOf(seed: number, steps: number): Plan {
  const chance = new Chance(seed);
  const world = worldOf(chance);
  const actions = Array.from({ length: Math.ceil(steps * 0.4) }, () => actionOf(chance, world));
  return { seed, steps, world, actions };
}

function worldOf(chance: Chance): World {
  const tables = 1 + chance.below(4);
  const lagMs = chance.pick([0, 0, 0, 50, 1_000]);
  return {
    tables,
    processes: 1 + chance.below(Math.min(3, tables)),
    asyncCache: chance.happens(0.6),
    storage: chance.happens(0.1) ? "sqlite" : "memory",
    maxEntries: chance.pick([2, 1_000, 1_000]),
    cacheFailureRate: chance.pick([0, 0, 0.05, 0.3, 1]),
    masterFailureRate: chance.pick([0, 0, 0.1]),
    lagMs,
    untoldLagMs: 0,
    staleTimeMs: chance.pick([Infinity, Infinity, 500]),
    queueCapacity: chance.pick([1, 2, 256]),
    waitingCapacity: chance.pick([1, 10_000, 10_000]),
    listening: Array.from({ length: tables }, () => chance.happens(0.7)),
    tracerThrows: chance.happens(0.1),
    diverted: chance.happens(0.1),
    views: chance.happens(0.6) ? [chance.pick(VIEW_NAMES), chance.pick(VIEW_NAMES)] : VIEW_NAMES,
    restless: chance.happens(0.2),
    freezes: false,
    mortal: false,
    nested: [],
    curious: false,
    haste: chance.pick([0.15, 0.4, 0.6]),
    invalidation: "all",
    events: "ids",
    ordered: false,
    streamSteps: 1,
    echoes: false,
    ownOrder: "id",
    pages: true,
    exact: false,
    asksFor: "nothing",
    logs: true,
    maxChanges: 1_000,
    versions: false,
    writeOutcomeMs: 60_000,
    masterItemsPerPage: undefined,
    narrows: true,
    counts: true,
    whileStale: "wait",
    maxAgeMs: Infinity,
    onMasterFailure: "reject",
    prefetchPages: 0,
    watches: false,
    writes: undefined,
  };
}

function actionOf(chance: Chance, { tables, views, restless, staleTimeMs, lagMs }: World): Action {
  const table = chance.below(tables);
  if (restless && chance.happens(0.3)) return { kind: chance.happens(0.5) ? "close" : "open", table };
  // More time passes where it makes a difference.
  if ((staleTimeMs !== Infinity || lagMs > 0) && chance.happens(0.15)) {
    return { kind: "time passes", ms: chance.pick([10, 40, 100, 400]) };
  }
  const dice = chance.next();
  if (dice < 0.45) return { kind: "read", table, view: chance.pick(views), aborted: chance.happens(0.1) };
  if (dice < 0.72) return writeOf(chance, table);
  if (dice < 0.82) {
    return {
      kind: "foreign write",
      id: chance.pick(["a", "b", "c"]),
      even: chance.happens(0.5),
      gone: chance.happens(0.2),
    };
  }
  if (dice < 0.86) return { kind: "invalidate", table };
  if (dice < 0.88) return { kind: "listen", table, writes: chance.below(3) };
  if (dice < 0.91) return { kind: "stream drops", fails: chance.happens(0.5) };
  if (dice < 0.94) return { kind: "stream is back" };
  if (dice < 0.96) return { kind: "time passes", ms: chance.pick([10, 100, 400, 2_000]) };
  return chance.happens(0.4) ? { kind: "close", table } : { kind: "open", table };
}

function writeOf(chance: Chance, table: number): Action {
  return {
    kind: "write",
    table,
    op: chance.pick(WRITE_KINDS),
    id: chance.pick(["a", "b", "c"]),
    even: chance.happens(0.5),
    treatment: chance.pick(["applied", "applied", "applied", "refused", "unavailable", "lost"]),
    taken: chance.pick(["kept", "kept", "kept", "kept", "cancelled", "aborted"]),
  };
}
