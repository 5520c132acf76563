/**
 * Checks that the simulation and the suite detect mistakes: `deno task sim:mutants`. Applies one small wrong change at
 * a time to a copy of src, and reports which test or law it broke: it tries the tests that run the changed lines, then the
 * simulation. Exits with 1 if one was missed. Only those are tried whose name or file contains one of the given texts, if
 * there are any.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { CoveringTests } from "./covering_tests.ts";
import { type Mutant, MUTANTS } from "./mutants.ts";
import { type Run, run } from "./run_deno.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const COPIED = ["src", "tests", "mod.ts", "deno.json", "deno.lock", "package.json"];
/** Some runs of the simulation, and more if neither these nor the tests detect anything. */
const SHORT_SIMULATION = ["run", "-A", "--no-check", "tests/sim/main.ts", "--runs", "300"];
const SIMULATION = ["run", "-A", "--no-check", "tests/sim/main.ts", "--seed", "301", "--runs", "1200"];
/** The same of many hosts. */
const SHORT_HOSTS = ["run", "-A", "--no-check", "tests/sim/hosts/main.ts", "--runs", "300"];
const HOSTS = ["run", "-A", "--no-check", "tests/sim/hosts/main.ts", "--seed", "301", "--runs", "3000"];
const FAILED = /^(.+?) => /m;
const BROKEN = /law (.+?) is broken/;
const LOADING = ["run", "-A", "--no-check", "mod.ts"];
/** A mutant that hangs counts as caught after this time: many times what a step takes. */
const LIMIT_MS = { loading: 60_000, shortSimulation: 90_000, tests: 300_000, simulation: 300_000 };
const AT_ONCE = 2;

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
  const folders = Array.from({ length: AT_ONCE }, copyOfProject);
  const waiting = [...chosen];
  const results: Result[] = [];
  try {
    const tests = await CoveringTests.in(folders);
    await Promise.all(folders.map(async (folder) => {
      for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
        const result = { mutant, by: await tryOut(mutant, folder, tests) };
        results.push(result);
        console.log(`${result.by === undefined ? "MISSED" : "caught"}  ${mutant.name}: ${result.by ?? mutant.file}`);
      }
    }));
  } finally {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  }
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

async function tryOut(
  { name, file, from, to, isOfHosts = false }: Mutant,
  folder: string,
  tests: CoveringTests,
): Promise<string | undefined> {
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
    const first = linesOf(parts[0] ?? "");
    return await test(tests.commandsFor(file, first, first + linesOf(from) - 1), folder) ??
      await simulate(isOfHosts ? SHORT_HOSTS : SHORT_SIMULATION, folder, LIMIT_MS.shortSimulation) ??
      await simulate(isOfHosts ? HOSTS : SIMULATION, folder, LIMIT_MS.simulation);
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

/** The test that fails, if one does. */
async function test(commands: readonly (readonly string[])[], folder: string): Promise<string | undefined> {
  for (const command of commands) {
    const suite = await run(command, folder, LIMIT_MS.tests);
    if (suite.code !== 0) return FAILED.exec(suite.output.split("FAILURES")[1] ?? "")?.[1]?.trim() ?? hung(suite);
  }
  return undefined;
}

function linesOf(text: string): number {
  return text.split("\n").length;
}

function hung({ output, code }: Run): string {
  if (code === null) return "it hangs";
  return `it fails: ${output.split("\n").find((line) => line.includes("rror")) ?? "without a word"}`;
}

process.exitCode = await main();
