import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { type Facts, FACTS_FOLDER } from "./measure.ts";

/** The result of a benchmark. */
export interface Result extends Facts {
  readonly baseline: boolean;
  /**
   * Nanoseconds for one operation, in the fastest run of all rounds: other load on the machine makes a run slower,
   * never faster.
   */
  readonly time: number;
  /** Nanoseconds for one operation at the 75th percentile of the best round. */
  readonly p75: number;
}

/** The results of all rounds, and the system they ran on. */
export interface Results {
  readonly results: readonly Result[];
  readonly runtime: string;
  readonly cpu: string;
}

/** The parts of the output of `deno bench --json` that are used. */
interface Report {
  readonly runtime: string;
  readonly cpu: string;
  readonly benches: readonly {
    readonly group: string;
    readonly name: string;
    readonly baseline: boolean;
    readonly results: readonly { readonly ok?: { readonly min: number; readonly p75: number } }[];
  }[];
}

/** Runs all benchmarks `rounds` times, each round in a new process. */
export async function runRounds(rounds: number): Promise<Results> {
  const all: Results[] = [];
  for (let round = 1; round <= rounds; round++) {
    console.error(`Round ${round} of ${rounds} …`);
    all.push(await runRound());
  }
  const [first] = all;
  if (first === undefined) throw new RangeError(`At least one round is needed, got ${rounds}`);
  const fastest = first.results.map((result, index) => {
    const least = (name: "time" | "p75"): number =>
      Math.min(...all.map(({ results }) => results[index]?.[name] ?? Infinity));
    return { ...result, time: least("time"), p75: least("p75") };
  });
  return { ...first, results: fastest };
}

async function runRound(): Promise<Results> {
  const folder = await mkdtemp(`${tmpdir()}/vantage-bench-`);
  try {
    const { runtime, cpu, benches } = await runBenchmarks(folder);
    const facts = await readFacts(folder);
    const results = benches.map(({ group, name, baseline, results: [outcome] }): Result => {
      const known = facts.find((candidate) => candidate.group === group && candidate.name === name);
      if (known === undefined || outcome?.ok === undefined) throw new Error(`"${group}: ${name}" failed`);
      const { min, p75 } = outcome.ok;
      return { ...known, baseline, time: min / known.operations, p75: p75 / known.operations };
    });
    return { results, runtime, cpu };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function runBenchmarks(factsFolder: string): Promise<Report> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["bench", "--json", "--allow-all", "--no-check", fileURLToPath(new URL(".", import.meta.url))],
    env: { [FACTS_FOLDER]: factsFolder },
    stderr: "inherit",
  }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

async function readFacts(folder: string): Promise<Facts[]> {
  const files = await readdir(folder);
  const facts = await Promise.all(
    files.map(async (file): Promise<Facts[]> => JSON.parse(await readFile(`${folder}/${file}`, "utf8"))),
  );
  return facts.flat();
}
