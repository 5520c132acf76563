import { writeFileSync } from "node:fs";

/** A benchmark, and what is to be known of it besides its time. */
export interface Benchmark {
  /** What it is compared with stands in the same group. */
  readonly group: string;
  readonly name: string;
  /** Whether the others of its group are compared with it. */
  readonly baseline?: boolean | undefined;
  /** How many operations one `run` does: so many that a look at the clock makes no difference. */
  readonly operations: number;
  /** How often the master was asked so far. */
  readonly masterCalls?: (() => number) | undefined;
  /** The size of what is written or read. */
  readonly bytes?: number | undefined;
  readonly run: () => Promise<void> | void;
}

/** What the process that benchmarks tells the one that prints. */
export interface Facts {
  readonly group: string;
  readonly name: string;
  readonly operations: number;
  /** Per operation, over all runs; `undefined` where there is no master. */
  readonly masterCalls?: number | undefined;
  readonly bytes?: number | undefined;
}

/** Names the folder in which the facts are left, a file for each file of benchmarks. */
export const FACTS_FOLDER = "VANTAGE_BENCH_FACTS";

const measured: (() => Facts)[] = [];

/** Registers a benchmark. What it works on must be warm. */
export function measure({ group, name, baseline = false, operations, masterCalls, bytes, run }: Benchmark): void {
  let runs = 0;
  let callsBefore = 0;
  let callsAfter = 0;
  Deno.bench({
    group,
    name,
    baseline,
    async fn() {
      if (runs === 0) callsBefore = masterCalls?.() ?? 0;
      await run();
      runs++;
      callsAfter = masterCalls?.() ?? 0;
    },
  });
  measured.push(() => ({
    group,
    name,
    operations,
    masterCalls: masterCalls && (callsAfter - callsBefore) / (runs * operations),
    bytes,
  }));
}

globalThis.addEventListener("unload", () => {
  const folder = Deno.env.get(FACTS_FOLDER);
  if (folder === undefined) return;
  writeFileSync(`${folder}/${crypto.randomUUID()}.json`, JSON.stringify(measured.map((facts) => facts())));
});
