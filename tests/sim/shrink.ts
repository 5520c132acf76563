import type { Law, Verdict, Violation } from "./laws.ts";

/** A plan that can be shortened. */
export interface Shrinkable {
  readonly actions: readonly unknown[];
}

/** The outcome of a run. */
export interface Outcome {
  readonly verdict: Verdict;
  /** The first law that was broken, if one was. */
  readonly violation: Violation | undefined;
  /** The trace, line by line. */
  readonly trace: readonly string[];
  readonly steps: number;
}

/** How many plans are tried at the most. */
const MAX_TRIES = 500;

/** The shortest plan found that breaks the same law, and its outcome. */
export async function shrink<P extends Shrinkable>(
  plan: P,
  law: Law,
  simulate: (plan: P) => Promise<Outcome>,
): Promise<{ readonly plan: P; readonly outcome: Outcome }> {
  let best = { plan, outcome: await simulate(plan) };
  let tries = 0;
  const attempt = async (candidate: P): Promise<boolean> => {
    if (++tries > MAX_TRIES) return false;
    const outcome = await simulate(candidate);
    if (outcome.violation?.law !== law || outcome.trace.length > best.outcome.trace.length) return false;
    best = { plan: candidate, outcome };
    return true;
  };
  for (let size = Math.ceil(plan.actions.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let start = 0; start < best.plan.actions.length;) {
      const { actions } = best.plan;
      const fewer = [...actions.slice(0, start), ...actions.slice(start + size)];
      if (!await attempt({ ...best.plan, actions: fewer })) start += size;
    }
  }
  return best;
}
