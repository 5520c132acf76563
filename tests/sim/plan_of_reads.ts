import type { Chance } from "./chance.ts";
import type { Action, Plan, World } from "./plan.ts";
import { PAGED_VIEW_NAMES, ROW_VIEW_NAMES, type ViewName } from "./views.ts";

/**
 * The same plan for a world with other reads, in half of the worlds: windows, pages of any size over a master of another,
 * and sets that are held whole.
 */
export function withReads(plan: Plan, chance: Chance): Plan {
  if (chance.happens(0.5)) return plan;
  const world = chance.happens(0.2) ? wholeWorldOf(plan.world) : pagedWorldOf(plan.world, chance);
  const actions = plan.actions.map((action): Action => {
    if (action.kind === "read") return { ...action, view: chance.pick(world.views) };
    // A master that does not narrow would be asked for the rows to delete.
    const isWide = !world.narrows && action.kind === "write" && action.op === "deleteAll";
    return isWide ? { ...action, op: "delete" } : action;
  });
  return { ...plan, world, actions };
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
