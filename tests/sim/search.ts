import { parseArgs } from "node:util";
import { type Law, LAWS } from "./laws.ts";
import { type Outcome, shrink, type Shrinkable } from "./shrink.ts";

/** A plan that says where it comes from. */
export interface Seeded extends Shrinkable {
  readonly seed: number;
  readonly world: object;
}

/** What is searched. */
export interface Searched<P extends Seeded> {
  readonly planOf: (seed: number, steps: number) => P;
  readonly simulate: (plan: P) => Promise<Outcome>;
}

const DEFAULTS = { seed: 1, runs: 1_000, steps: 100 };

/** Runs what the command line of a task asks for; returns the code to exit with. */
export async function search<P extends Seeded>(task: string, { planOf, simulate }: Searched<P>): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      runs: { type: "string" },
      steps: { type: "string" },
      trace: { type: "boolean" },
      "keep-going": { type: "boolean" },
    },
  });
  const seed = numberOf("seed", values.seed, DEFAULTS.seed);
  const runs = numberOf("runs", values.runs, DEFAULTS.runs);
  const steps = numberOf("steps", values.steps, DEFAULTS.steps);
  const checks = new Map<Law, number>(LAWS.map((law) => [law, 0]));
  let taken = 0;
  let broken = 0;
  for (let run = 0; run < runs; run++) {
    const plan = planOf(seed + run, steps);
    const { verdict, violation, trace, steps: took } = await simulate(plan);
    taken += took;
    for (const [law, count] of verdict.checks) checks.set(law, (checks.get(law) ?? 0) + count);
    if (values.trace) console.log(trace.join("\n"));
    if (violation === undefined) continue;
    broken++;
    console.log(`seed ${plan.seed}: law ${violation.law} is broken: ${violation.what}`);
    if (values["keep-going"]) continue;
    const { outcome, plan: least } = await shrink(plan, violation.law, simulate);
    console.log(`${JSON.stringify(least.world)}\n${outcome.trace.join("\n")}`);
    console.log(`${least.actions.length} actions: ${outcome.violation?.what}`);
    console.log(`again: deno task ${task} --seed ${plan.seed} --runs 1 --steps ${steps}`);
    return 1;
  }
  console.log(`${runs} runs from seed ${seed}, ${taken} steps, ${broken} broken`);
  for (const [law, count] of checks) console.log(`${String(count).padStart(12)} checks of law ${law}`);
  return broken === 0 ? 0 : 1;
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`--${name} must be a whole number, got ${JSON.stringify(text)}`);
}
