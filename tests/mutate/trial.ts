import type { Coverage } from "./coverage.ts";
import { mutated, type Mutation } from "./mutations.ts";
import type { Run, Workshop } from "./workshop.ts";

/** The result of trying a mutant. */
export type Verdict =
  | { readonly kind: "caught"; readonly by: string; readonly what: string }
  | { readonly kind: "survived" }
  | { readonly kind: "equivalent" }
  | { readonly kind: "does not load" };

const SIMULATION = ["run", "tests/sim/main.ts", "--runs", "400"];
const SIMULATION_LIMIT_MS = 120_000;
const LOADING_LIMIT_MS = 30_000;
/** How many test files are run first: most mutants need no more. */
const FIRST_TESTS = 6;
/**
 * Tests count as hung after their normal duration times this, plus a start-up time. Generous, since the machine may be
 * busy.
 */
const PATIENCE = 6;
const STARTING_MS = 20_000;
const LONGEST_MS = 300_000;

/** Tries a mutant: whether it loads, then the tests that run its function, fastest first, then the simulation. */
export async function trial(
  mutant: Mutation & { readonly file: string; readonly text: string },
  workshop: Workshop,
  coverage: Coverage,
): Promise<Verdict> {
  return await workshop.with(mutant.file, mutated(mutant.text, mutant), async () => {
    const loaded = await workshop.run(["run", mutant.file], LOADING_LIMIT_MS);
    if (loaded.code !== 0 && !loaded.hung) return { kind: "does not load" };
    const tests = coverage.concerning(mutant.file, mutant.reach);
    for (const some of [tests.slice(0, FIRST_TESTS), tests.slice(FIRST_TESTS)].filter(({ length }) => length > 0)) {
      const tookMs = some.reduce((sum, { tookMs }) => sum + tookMs, 0);
      const limitMs = Math.min(STARTING_MS + PATIENCE * tookMs, LONGEST_MS);
      const tested = await workshop.run(["test", "--fail-fast", ...some.map(({ test }) => test)], limitMs);
      if (tested.code !== 0) return { kind: "caught", ...failureOf(tested) };
    }
    const simulated = await workshop.run(SIMULATION, SIMULATION_LIMIT_MS);
    if (simulated.code === 0) return { kind: "survived" };
    const what = /law .+? is broken/.exec(simulated.output)?.[0] ?? endOf(simulated);
    return { kind: "caught", by: "the simulation", what };
  });
}

function failureOf(run: Run): { readonly by: string; readonly what: string } {
  const by = [...run.output.matchAll(/^running \d+ tests? from \.\/(.+)$/gm)].at(-1)?.[1] ?? "a test";
  const errors = run.output.split(" ERRORS ")[1] ?? "";
  const [name, error] = [/^(.+?) => /m.exec(errors)?.[1]?.trim(), /^error: (.+)$/m.exec(errors)?.[1]];
  return { by, what: name === undefined ? endOf(run) : `${name}: ${error ?? "without an error"}` };
}

function endOf({ output, hung }: Run): string {
  if (hung) return "it hangs";
  return output.split("\n").find((line) => line.includes("rror"))?.trim() ?? "it fails";
}
