/**
 * All that is checked, in one go: `npm test`, or `deno task test`. Prints what each stage took, how many tests ran in each
 * runtime, and which were skipped and why. Exits 1 if anything failed, or was skipped without saying why in its name.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { BUN, NODE_24 } from "./package/runtimes.ts";

const ROOT = fileURLToPath(new URL("../", import.meta.url));
const DENO = process.execPath;
/** Node strips the types of every file for each file of tests: half of what a short one takes. */
const COMPILED = mkdtempSync(join(tmpdir(), "tests-compiled-"));
const ENTRIES: readonly string[] = Object.values(JSON.parse(readFileSync(`${ROOT}deno.json`, "utf8")).exports);

interface Counts {
  readonly runtime: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

interface Stage {
  readonly name: string;
  readonly command: readonly string[];
  /** For the runs of the suite: what its output says. */
  readonly count?: (output: string) => Counts;
}

/** Where browsers are driven, which is mostly to wait for them. */
const IN_BROWSERS: readonly string[] = ["tests/app", "tests/browser", "tests/react"];

/** One after the other; those of one group at the same time. */
const STAGES: readonly (Stage | readonly Stage[])[] = [
  { name: "install, as the lock files say", command: [DENO, "task", "install"] },
  { name: "format", command: [DENO, "fmt", "--check"] },
  { name: "lint", command: [DENO, "lint"] },
  { name: "types", command: [DENO, "check", "mod.ts", "src", "cli", "app", "bench", "tests", "tools"] },
  { name: "documentation of every public symbol", command: [DENO, "doc", "--lint", ...ENTRIES] },
  [
    {
      name: "tests on Deno",
      command: [DENO, "test", "-A", "--no-check", `--ignore=${IN_BROWSERS}`, "tests"],
      count: countDeno,
    },
    { name: "tests on Node 24", command: [...NODE_24, "--test", "tests/**/*_test.ts"], count: countNode },
    {
      name: "tests in browsers, from Deno",
      command: [DENO, "test", "-A", "--no-check", ...IN_BROWSERS],
      count: countDeno,
    },
    { name: "tests on Bun", command: [...BUN, "test", "--timeout", "60000", "tests"], count: countBun },
    {
      name: "examples in documentation, README and docs",
      command: [DENO, "test", "-A", "--doc", ...ENTRIES, "src", "README.md", "docs"],
    },
  ],
  { name: "what would be published", command: [DENO, "publish", "--dry-run", "--allow-dirty"] },
];

function countDeno(output: string): Counts {
  const [, passed = 0, failed = 0] = / (\d+) passed(?: \(\d+ steps?\))? \| (\d+) failed/.exec(output) ?? [];
  const [, passedSteps = 0] = /passed \((\d+) steps?\)/.exec(output) ?? [];
  const [, failedSteps = 0] = /failed \((\d+) steps?\)/.exec(output) ?? [];
  const skipped = [...output.matchAll(/^\s*(.+?) \.\.\. ignored/gm)].map((match) => match[1] ?? "");
  // A `describe` counts as a test there, and what is in it as a step.
  return {
    runtime: "Deno",
    passed: Number(passedSteps) || Number(passed),
    failed: Math.max(Number(failed), Number(failedSteps)),
    skipped,
  };
}

function countNode(output: string): Counts {
  const number = (word: string): number => Number(new RegExp(`^ℹ ${word} (\\d+)$`, "m").exec(output)?.[1] ?? 0);
  const skipped = [...output.matchAll(/^\s*﹣ (.+?) \([\d.]+ms\)/gm)].map((match) => match[1] ?? "");
  return { runtime: "Node 24", passed: number("pass"), failed: number("fail") + number("cancelled"), skipped };
}

function countBun(output: string): Counts {
  const number = (word: string): number => Number(new RegExp(`^ *(\\d+) ${word}$`, "m").exec(output)?.[1] ?? 0);
  const skipped = [...output.matchAll(/^\(skip\) (?:.+ > )?(.+?)(?: \[[\d.]+ms\])?$/gm)].map((match) => match[1] ?? "");
  // It lists them once more at the end.
  return { runtime: "Bun", passed: number("pass"), failed: number("fail"), skipped: skipped.slice(0, number("skip")) };
}

/** Runs a command, and gives its output and how it ended. */
function run(
  [program = "", ...args]: readonly string[],
): Promise<{ readonly output: string; readonly code: number | null }> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", npm_config_loglevel: "error", NODE_COMPILE_CACHE: COMPILED },
    });
    let output = "";
    const take = (chunk: Uint8Array): void => void (output += new TextDecoder().decode(chunk));
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", reject);
    child.on("close", (code) => resolve({ output, code }));
  });
}

async function main(): Promise<number> {
  const all: Counts[] = [];
  const broken: string[] = [];
  const published: string[] = [];
  const take = async ({ name, command, count }: Stage): Promise<void> => {
    const startedAt = performance.now();
    const { output, code } = await run(command);
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    const counts = count?.(output);
    if (counts !== undefined) add(all, counts);
    for (const [line] of output.matchAll(/^\[suite\] .+$/gm)) if (counts?.runtime === "Deno") published.push(line);
    const ok = code === 0 && (counts === undefined || (counts.failed === 0 && counts.passed > 0));
    console.log(`${ok ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
    if (!ok) {
      broken.push(name);
      console.log(output);
    }
  };
  for (const group of STAGES) await atOnce([group].flat(), take);
  console.log(`\nOther libraries' suites over our caches:\n${published.join("\n")}`);
  return report(all, broken);
}

/** Adds what was counted to what another stage has counted of the same runtime. */
function add(all: Counts[], counts: Counts): void {
  const at = all.findIndex(({ runtime }) => runtime === counts.runtime);
  const { runtime, passed, failed, skipped } = all[at] ?? { ...counts, passed: 0, failed: 0, skipped: [] };
  const sum = {
    runtime,
    passed: passed + counts.passed,
    failed: failed + counts.failed,
    skipped: [...skipped, ...counts.skipped],
  };
  if (at === -1) all.push(sum);
  else all[at] = sum;
}

/** Runs stages in their order, each as soon as a processor is free. */
async function atOnce(stages: readonly Stage[], take: (stage: Stage) => Promise<void>): Promise<void> {
  const waiting = [...stages];
  const takeAll = async (): Promise<void> => {
    for (let stage = waiting.shift(); stage !== undefined; stage = waiting.shift()) await take(stage);
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, takeAll));
}

function report(all: readonly Counts[], broken: readonly string[]): number {
  const unreasoned = all.flatMap(({ skipped }) => skipped).filter((name) => reasonIn(name) === undefined);
  console.log("\nTests by runtime:");
  for (const { runtime, passed, failed, skipped } of all) {
    console.log(`  ${runtime.padEnd(8)} ${passed} passed, ${failed} failed, ${skipped.length} skipped`);
  }
  console.log(`\nSkipped, and why (${all.map(({ runtime }) => runtime).join(" / ")}):`);
  const reasons = new Set(all.flatMap(({ skipped }) => skipped.map(reasonIn)));
  for (const reason of reasons) {
    const times = all.map(({ skipped }) => skipped.filter((name) => reasonIn(name) === reason).length);
    console.log(`  ${times.join(" / ").padEnd(16)} ${reason}`);
  }
  for (const name of broken) console.log(`FAILED: ${name}`);
  for (const name of unreasoned) console.log(`FAILED: skipped without a reason: ${name}`);
  const total = (of: (counts: Counts) => number): number => all.reduce((sum, counts) => sum + of(counts), 0);
  const failures = Math.max(total(({ failed }) => failed), broken.length + unreasoned.length);
  const [passed, skipped] = [total((counts) => counts.passed), total((counts) => counts.skipped.length)];
  console.log(`\n${passed} passed, ${failures} failed, ${skipped} skipped`);
  return failures === 0 ? 0 : 1;
}

/** What a skipped test's name says in its end: see skippable.ts. */
function reasonIn(name: string): string | undefined {
  return /\[skipped: (.+)\]$/.exec(name)?.[1];
}

try {
  process.exitCode = await main();
} finally {
  rmSync(COMPILED, { recursive: true, force: true });
}
