import type { Chance } from "./chance.ts";
import type { Action, Plan, World } from "./plan.ts";
import type { Treatment } from "./sim_master.ts";

/** How a world writes in which writes are kept in an outbox, or sent again, or shown before they are answered. */
export interface WriteWorld {
  /** Whether all processes share an outbox, and whether that answers at once. */
  readonly outbox: "none" | "at once" | "later";
  /** Its capacity: so small that it is full sometimes, or sufficient. */
  readonly outboxEntries: number;
  readonly outboxFailureRate: number;
  readonly leaseMs: number;
  /** Whose writes they are: each time that a table is opened, the next one's. */
  readonly owners: readonly (string | undefined)[];
  readonly retries: boolean;
  readonly attempts: number;
  readonly writeTimeoutMs: number;
  readonly waitsForSignIn: boolean;
  /** Whether writes are shown as soon as they are accepted. */
  readonly optimistic: boolean;
  /** Whether the master applies two writes with the same key once. */
  readonly honoursKeys: boolean;
}

/** The longest pause before a retry, besides what the master asks for. */
export const LONGEST_RETRY_MS = 400;

/**
 * The same plan for a world in which writes are kept and sent again, in a third of the worlds: processes that die are
 * succeeded by others that send what they have left, and go to sleep while others take over.
 */
export function withWrites(plan: Plan, chance: Chance): Plan {
  if (chance.happens(0.65)) return plan;
  const { world } = plan;
  const writes = writesOf(world, chance);
  const isKept = writes.outbox !== "none";
  const isMortal = world.mortal || (isKept && chance.happens(0.4));
  const sleeps = isKept && writes.outbox === "later" && chance.happens(0.4);
  const actions = plan.actions.flatMap((action): Action[] => {
    const more: Action[] = [];
    const table = chance.below(world.tables);
    const process = chance.below(world.processes);
    if (isMortal && chance.happens(0.03)) more.push({ kind: "dies", process, startsAgain: true });
    if (sleeps && chance.happens(0.08)) more.push({ kind: chance.happens(0.5) ? "sleeps" : "wakes", process });
    if (chance.happens(0.06)) more.push({ kind: "network", table, isOnline: chance.happens(0.5) });
    if (writes.waitsForSignIn && chance.happens(0.06)) more.push({ kind: "sign in", table });
    if (isKept && chance.happens(0.06)) more.push({ kind: chance.happens(0.5) ? "retry" : "discard", table });
    if (chance.happens(0.1)) more.push({ kind: "time passes", ms: chance.pick([20, 100, 300, 1_500]) });
    return [...more, action.kind === "write" ? sentAgain(action, writes, chance) : action];
  });
  return { ...plan, world: { ...world, nested: [], mortal: isMortal, writes }, actions };
}

function writesOf(world: World, chance: Chance): WriteWorld {
  const outbox = chance.pick(["none", "at once", "later", "later"] as const);
  const writeTimeoutMs = chance.pick([Infinity, 70, 70]);
  return {
    outbox,
    outboxEntries: chance.pick([2, 100, 100, 100, 100]),
    outboxFailureRate: chance.pick([0, 0, 0, 0.1]),
    leaseMs: chance.pick([150, 800]),
    owners: chance.pick([[undefined], [undefined], ["ann"], ["ann", "bob"], ["ann", undefined]]),
    retries: outbox !== "none" || chance.happens(0.7),
    attempts: chance.pick([2, 50, 50]),
    writeTimeoutMs,
    waitsForSignIn: chance.happens(0.4),
    optimistic: world.invalidation === "surgical" && chance.happens(0.4),
    // A row tells which read it is of where entries are invalidated as a whole, so that no row is found as it was.
    honoursKeys: world.invalidation === "all" || chance.happens(0.6),
  };
}

/** A write whose first attempts go wrong. */
function sentAgain(
  action: Extract<Action, { readonly kind: "write" }>,
  { writeTimeoutMs, optimistic }: WriteWorld,
  chance: Chance,
): Action {
  const faults: readonly Treatment[] = [
    "unavailable",
    "down",
    "down",
    "cut off",
    "cut off",
    "busy",
    "unauthorized",
    ...(writeTimeoutMs === Infinity ? [] : ["hangs", "hangs after"] as const),
  ];
  const count = chance.pick([0, 0, 1, 1, 2, 3]);
  // The master drops a column of rows that are odd, which nobody can foresee.
  const isForeseen = !optimistic || action.even || action.touches === undefined || action.touches === "nothing";
  return {
    ...action,
    ...(!isForeseen && { touches: "n" as const }),
    attempts: Array.from({ length: count }, () => chance.pick(faults)),
    treatment: action.treatment === "unavailable" ? "applied" : action.treatment,
    followers: chance.pick([0, 1, 2]),
  };
}
