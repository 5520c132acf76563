import type { Explanation, ReplayedChange } from "@vantage/live";
import type { Json } from "./json_form.ts";

type Effect = ReplayedChange["effect"];

const ON_PAGE: { readonly [effect in Effect]: string } = {
  "in place": "put in place in the cached page 1",
  hole: "this row of the cached page 1 is to be read again",
  dead: "the cached page 1 is to be read again",
  nothing: "the cached page 1 is not affected",
};

/** What the last change did to page 1, in words. */
export function lastEffect({ rows, changes }: Explanation): string {
  const last = changes.at(-1);
  if (last !== undefined) return ON_PAGE[last.effect];
  return rows === undefined ? "page 1 is not cached" : ON_PAGE.nothing;
}

/** How a row that differs came from a page with these changes; `undefined` if none of them explains it. */
export function effectOn(id: string, changes: readonly ReplayedChange[]): Effect | undefined {
  if (changes.at(-1)?.effect === "dead") return "dead";
  return changes.findLast(({ change }) => change.kind !== "changed" && change.id === id)?.effect;
}

/** How many changes had which effect, in words. */
export function countEffects(changes: readonly ReplayedChange[]): string {
  const counts = new Map<Effect, number>();
  for (const { effect } of changes) counts.set(effect, (counts.get(effect) ?? 0) + 1);
  return Array.from(counts, ([effect, count]) => `${count} ${effect}`).join(", ");
}

/** The changes as JSON. */
export function changesToJson(changes: readonly ReplayedChange[]): Json {
  return changes.map(({ change, effect }) => ({
    kind: change.kind,
    ...(change.kind !== "changed" && { id: change.id, columns: change.columns }),
    by: change.cause,
    at: new Date(change.at).toISOString(),
    effect,
  }));
}
