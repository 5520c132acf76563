import type { Chance } from "./chance.ts";
import type { Action, Plan, World } from "./plan.ts";
import { LIST_VIEW_NAMES, PAGED_VIEW_NAMES, ROW_VIEW_NAMES, type ViewName } from "./views.ts";

/**
 * The same plan for a world with other reads, in half of the worlds: windows, pages of any size over a master of another,
 * sets that are held whole, answers that may be stale, and views that are watched.
 */
export function withReads(plan: Plan, chance: Chance): Plan {
  if (chance.happens(0.5)) return plan;
  const isPaged = chance.happens(0.6);
  const world = isPaged
    ? pagedWorldOf(plan.world, chance)
    : chance.happens(0.3)
    ? wholeWorldOf(plan.world)
    : plan.world;
  const actions = plan.actions.map((action) => inWorld(world, action, chance));
  return withWatchers(withAges({ ...plan, world, actions }, chance), chance);
}

function inWorld(world: World, action: Action, chance: Chance): Action {
  if (action.kind === "read") return { ...action, view: chance.pick(world.views) };
  // A master that does not narrow would be asked for the rows to delete.
  const isWide = !world.narrows && action.kind === "write" && action.op === "deleteAll";
  return isWide ? { ...action, op: "delete" } : action;
}

/** Ages add up across nested tables, and there is no world of such. */
function withAges(plan: Plan, chance: Chance): Plan {
  if (chance.happens(0.5) || plan.world.nested.includes(true)) return plan;
  const staleTimeMs = chance.pick([0, 100, 500, Infinity, Infinity, Infinity]);
  const world: World = {
    ...plan.world,
    staleTimeMs,
    maxAgeMs: Math.max(staleTimeMs, chance.pick([200, 1_000, Infinity])),
    whileStale: chance.pick(["serve", "serve", "wait"]),
    onMasterFailure: chance.pick(["serve", "serve", "reject"]),
    masterFailureRate: chance.pick([0, 0.1, 0.3]),
    prefetchPages: chance.pick([0, 0, 1, 2]),
  };
  const actions = plan.actions.flatMap((action): Action[] => {
    const more: Action[] = [];
    if (chance.happens(0.08)) more.push({ kind: "time passes", ms: chance.pick([10, 60, 200, 600]) });
    const table = chance.below(world.tables);
    if (chance.happens(0.06)) more.push({ kind: "refresh", table, view: chance.pick(world.views) });
    return [...more, action.kind === "read" ? { ...action, isPatient: chance.happens(0.2) } : action];
  });
  return { ...plan, world, actions };
}

function withWatchers(plan: Plan, chance: Chance): Plan {
  if (chance.happens(0.6)) return plan;
  const views = plan.world.views.filter((view) => LIST_VIEW_NAMES.includes(view));
  const watched = [chance.pick(LIST_VIEW_NAMES), ...views];
  const actions = plan.actions.flatMap((action): Action[] => {
    const table = chance.below(plan.world.tables);
    const kind = chance.happens(0.7) ? "watch" : "leave";
    return chance.happens(0.1) ? [{ kind, table, view: chance.pick(watched) }, action] : [action];
  });
  return { ...plan, world: { ...plan.world, watches: true }, actions };
}

/** The master gives all rows in one answer, and all else is cut from them. */
function wholeWorldOf(world: World): World {
  return { ...world, pages: false, exact: true, narrows: false, views: ROW_VIEW_NAMES };
}

function pagedWorldOf(world: World, chance: Chance): World {
  const pages = chance.happens(0.9);
  const counts = chance.happens(0.7);
  const views = Array.from({ length: 3 }, (): ViewName => chance.pick(PAGED_VIEW_NAMES));
  return {
    ...world,
    pages,
    counts,
    masterItemsPerPage: chance.happens(0.75) ? chance.pick([2, 2, 3]) : undefined,
    views: chance.happens(0.7)
      ? views
      : [...views, chance.pick(ROW_VIEW_NAMES.filter((name) => name !== "count even"))],
  };
}
