import { writeFileSync } from "node:fs";

/** A benchmark, with facts other than its time. */
export interface Benchmark {
  /** Benchmarks of one group are compared. */
  readonly group: string;
  readonly name: string;
  /** Whether the rest of its group is compared with it. */
  readonly baseline?: boolean | undefined;
  /** How many operations one `run` does: enough that reading the clock makes no difference. */
  readonly operations: number;
  /** How often the master has been called so far. */
  readonly masterCalls?: (() => number) | undefined;
  /** The size of the encoded data. */
  readonly bytes?: number | undefined;
  readonly run: () => Promise<void> | void;
}

/** What the benchmarking process reports to the printing process. */
export interface Facts {
  readonly group: string;
  readonly name: string;
  readonly operations: number;
  /** Calls per operation, over all runs; `undefined` without a master. */
  readonly masterCalls?: number | undefined;
  readonly bytes?: number | undefined;
}

/** The environment variable with the folder for the facts, which holds one file per file of benchmarks. */
export const FACTS_FOLDER = "VANTAGE_BENCH_FACTS";

const measured: (() => Facts)[] = [];

/** Registers a benchmark. Its caches must be warm. */
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
