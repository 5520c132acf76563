/**
 * Checks that the simulation and the suite detect mistakes: `deno task sim:mutants`. Applies one small wrong change at
 * a time to a copy of src, and reports which law or tests it broke. Exits with 1 if one was missed. Only those are tried whose
 * name or file contains one of the given texts, if there are any.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { type Mutant, MUTANTS } from "./mutants.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPIED = ["src", "tests", "mod.ts", "deno.json", "deno.lock", "package.json"];
/** Some runs of the simulation, the tests that run if it detects nothing, and the runs if these do not either. */
const SHORT_SIMULATION = ["run", "-A", "--no-check", "tests/sim/main.ts", "--runs", "300"];
const FOLDERS = ["tests/live", "tests/queue", "tests/base", "tests/change", "tests/outbox"];
const OTHERS = [
  "tests/stream/manual_live_stream_test.ts",
  "tests/cache/mem_cache_test.ts",
  "tests/cache/cache_key_test.ts",
  "tests/cache/shared_rows_test.ts",
  "tests/cache/counted_rows_test.ts",
  "tests/table/listed_rows_test.ts",
];
/** The tests that take longest come after the others. */
const SLOW = [
  "tests/live/outbox_property_test.ts",
  "tests/live/outbox_test.ts",
  "tests/live/pages_property_test.ts",
  "tests/live/optimistic_property_test.ts",
  "tests/live/interleavings_test.ts",
  "tests/queue/lanes_test.ts",
  "tests/change/overlay_rows_property_test.ts",
  "tests/change/replay_property_test.ts",
];
const TEST = ["test", "-A", "--no-check", "--fail-fast"];
const FAST_TESTS = [...TEST, `--ignore=${SLOW.join(",")}`, ...FOLDERS, ...OTHERS];
const SLOW_TESTS = [...TEST, ...SLOW];
const SIMULATION = ["run", "-A", "--no-check", "tests/sim/main.ts", "--seed", "301", "--runs", "1200"];
const FAILED = /^(.+?) => /m;
const RUNNING = /^running \d+ tests? from \.\/(\S+)$/gm;
const BROKEN = /law (.+?) is broken/;
const LOADING = ["run", "-A", "--no-check", "mod.ts"];
/** A mutant that hangs counts as caught after this time: many times what a step takes. */
const LIMIT_MS = { loading: 60_000, shortSimulation: 90_000, tests: 300_000, simulation: 300_000 };
const AT_ONCE = 2;

/** For each file of src, the tests that detected a mistake in it in this run. */
const detecting = new Map<string, Set<string>>();

interface Result {
  readonly mutant: Mutant;
  /** What caught it; `undefined` if nothing did. */
  readonly by: string | undefined;
}

async function main(): Promise<number> {
  const words = process.argv.slice(2);
  const chosen = MUTANTS.filter(({ name, file }) =>
    words.length === 0 || words.some((word) => `${file}: ${name}`.includes(word))
  );
  const waiting = [...chosen];
  const results: Result[] = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const folder = copyOfProject();
    try {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const result = { mutant, by: await tryOut(mutant, folder) };
        results.push(result);
        console.log(`${result.by === undefined ? "MISSED" : "caught"}  ${mutant.name}: ${result.by ?? mutant.file}`);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }));
  const missed = results.filter(({ by }) => by === undefined).length;
  const bySimulation = results.filter(({ by }) => by?.startsWith("law ")).length;
  console.log(
    `${results.length} mutants, ${results.length - missed} caught, ${bySimulation} by the simulation, ${missed} missed`,
  );
  return missed === 0 ? 0 : 1;
}

function copyOfProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "vantage-live-mutant-"));
  const filter = (path: string): boolean => basename(path) !== "node_modules";
  for (const name of COPIED) cpSync(join(ROOT, name), join(folder, name), { recursive: true, filter });
  for (const name of ["node_modules", "tests/node_modules"]) symlinkSync(join(ROOT, name), join(folder, name));
  return folder;
}

async function tryOut({ name, file, from, to }: Mutant, folder: string): Promise<string | undefined> {
  const path = join(folder, "src", file);
  const text = readFileSync(path, "utf8");
  const parts = text.split(from);
  if (parts.length !== 2) {
    throw new Error(
      `${JSON.stringify(name)} does not fit ${file}: what it replaces is there ${parts.length - 1} times`,
    );
  }
  writeFileSync(path, parts.join(to));
  try {
    // Any test would catch a mutant that does not load.
    const loaded = await run(LOADING, folder, LIMIT_MS.loading);
    if (loaded.code !== 0) throw new Error(`${JSON.stringify(name)} makes src something that does not load`);
    return await testAsBefore(file, folder) ??
      await simulate(SHORT_SIMULATION, folder, LIMIT_MS.shortSimulation) ??
      await test(FAST_TESTS, file, folder) ??
      await test(SLOW_TESTS, file, folder) ??
      await simulate(SIMULATION, folder, LIMIT_MS.simulation);
  } finally {
    writeFileSync(path, text);
  }
}

/** The law that is broken, if one is. */
async function simulate(command: readonly string[], folder: string, limitMs: number): Promise<string | undefined> {
  const simulated = await run(command, folder, limitMs, BROKEN);
  const [broken] = BROKEN.exec(simulated.output) ?? [];
  return broken?.replace(" is broken", "") ?? (simulated.code === 0 ? undefined : hung(simulated));
}

/** The test that fails of those that detected another mistake in this file, if one does: most often they do again. */
async function testAsBefore(file: string, folder: string): Promise<string | undefined> {
  const tests = detecting.get(file);
  return tests === undefined ? undefined : await test([...TEST, ...tests], file, folder);
}

/** The test that fails, if one does. */
async function test(command: readonly string[], file: string, folder: string): Promise<string | undefined> {
  const suite = await run(command, folder, LIMIT_MS.tests);
  if (suite.code === 0) return undefined;
  // The first test that fails ends the run.
  const [, path] = [...suite.output.matchAll(RUNNING)].at(-1) ?? [];
  if (path !== undefined) detecting.set(file, (detecting.get(file) ?? new Set()).add(path));
  return FAILED.exec(suite.output.split("FAILURES")[1] ?? "")?.[1]?.trim() ?? hung(suite);
}

function hung({ output, code }: Run): string {
  if (code === null) return "it hangs";
  return `it fails: ${output.split("\n").find((line) => line.includes("rror")) ?? "without a word"}`;
}

interface Run {
  readonly output: string;
  readonly code: number | null;
}

/** Runs a command to its end, or until its output tells enough. */
function run(args: readonly string[], cwd: string, timeout: number, enough?: RegExp): Promise<Run> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, NO_COLOR: "1" };
    const child = spawn(process.execPath, args, { cwd, env, timeout, killSignal: "SIGKILL" });
    let output = "";
    const take = (chunk: Uint8Array): void => {
      output += new TextDecoder().decode(chunk);
      if (enough?.test(output)) child.kill("SIGKILL");
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, code }));
  });
}

process.exitCode = await main();
