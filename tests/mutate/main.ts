/**
 * Draws mutants and reports those that no test detects: `deno task mutate --sample 40 --seed 1`. The same seed draws
 * the same mutants of the same sources. `--only` limits it to sources whose path contains a text, `--show` prints what
 * would be drawn, `--listed` tries the mutants listed as equivalent, of which none may be caught. Exits with 1 if fewer
 * than 95 % of the others were caught, or the list is out of date.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { parseArgs } from "node:util";
import { Chance } from "../sim/chance.ts";
import { Coverage } from "./coverage.ts";
import { EQUIVALENT, type Equivalent } from "./equivalent.ts";
import { mutated, type Mutation, mutationsOf } from "./mutations.ts";
import { subjects, testFiles } from "./subjects.ts";
import { trial, type Verdict } from "./trial.ts";
import { TypeCheck } from "./type_check.ts";
import { Workshop } from "./workshop.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const DEFAULTS = { sample: 40, seed: 1 };
const LEAST_SCORE = 0.95;
const AT_ONCE = 2;

/** A mutation of one of the sources. */
interface Mutant extends Mutation {
  readonly file: string;
  readonly text: string;
}

interface Result {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      only: { type: "string" },
      show: { type: "boolean" },
      listed: { type: "boolean" },
    },
  });
  const sample = numberOf("sample", values.sample, DEFAULTS.sample);
  const seed = numberOf("seed", values.seed, DEFAULTS.seed);
  const startedAt = performance.now();
  const all = everyMutant();
  const outOfDate = EQUIVALENT.flatMap((listed) =>
    listed.to.filter((to) => !all.some((mutant) => isThat({ ...listed, to: [to] }, mutant))).map((to) => ({
      ...listed,
      to,
    }))
  );
  for (const { file, within, from, to } of outOfDate) {
    console.log(`out of date in equivalent.ts: ${file}, ${within}: ${from} → ${to}`);
  }
  const chosen = values.only === undefined ? all : all.filter(({ file }) => file.includes(values.only ?? ""));
  const waiting = values.listed ? chosen.filter(isListed) : shuffled(chosen, new Chance(seed));
  if (values.show) {
    for (const mutant of waiting.slice(0, sample)) console.log(described(mutant));
    return 0;
  }
  const { results, untyped } = await tryOut(waiting, values.listed ? waiting.length : sample, values.listed === true);
  report(results, untyped, all.length);
  console.log(`${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`);
  if (values.listed) return results.every(({ verdict }) => verdict.kind === "survived") ? 0 : 1;
  return scoreOf(results) >= LEAST_SCORE && outOfDate.length === 0 ? 0 : 1;
}

function everyMutant(): readonly Mutant[] {
  return subjects(ROOT).flatMap((file) => {
    const text = readFileSync(join(ROOT, file), "utf8");
    return mutationsOf(file, text).map((mutation) => ({ ...mutation, file, text }));
  });
}

/** Draws until enough mutants are valid, and tries two at once. */
async function tryOut(
  waiting: readonly Mutant[],
  sample: number,
  listedToo: boolean,
): Promise<{ readonly results: readonly Result[]; readonly untyped: number }> {
  const types = new TypeCheck(ROOT);
  const queue = [...waiting];
  const results: Result[] = [];
  let untyped = 0;
  let drawn = 0;
  using workshops = new DisposableStack();
  const ended = endedBySignal();
  const coverage = new Coverage();
  const tests = [...testFiles(ROOT)];
  const work = async (): Promise<void> => {
    const workshop = workshops.use(new Workshop(ROOT));
    for (let test = tests.shift(); test !== undefined; test = tests.shift()) await coverage.measure(test, workshop);
    await measured.reached();
    while (drawn < sample) {
      const mutant = queue.shift();
      if (mutant === undefined) return;
      if (!types.accepts(mutant.file, mutated(mutant.text, mutant))) {
        untyped++;
        continue;
      }
      drawn++;
      const equivalent = !listedToo && isListed(mutant);
      const verdict: Verdict = equivalent ? { kind: "equivalent" } : await trial(mutant, workshop, coverage);
      if (verdict.kind === "does not load") drawn--;
      results.push({ mutant, verdict });
      tell({ mutant, verdict });
    }
  };
  const measured = meeting(AT_ONCE);
  await Promise.race([ended, Promise.all(Array.from({ length: AT_ONCE }, work))]);
  return { results, untyped };
}

/** A barrier for `count` callers. */
function meeting(count: number): { reached(): Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  let missing = count;
  return {
    reached: () => {
      if (--missing === 0) resolve();
      return promise;
    },
  };
}

/** Rejects on Ctrl+C, so that everything is cleaned up. */
function endedBySignal(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => reject(new Error(`Ended by ${name}`)));
  return promise;
}

function tell({ mutant, verdict }: Result): void {
  switch (verdict.kind) {
    case "survived":
      return console.log(`SURVIVED ${described(mutant)}`);
    case "caught":
      return console.log(`caught   ${mutant.file}:${mutant.line} ${mutant.kind}: ${verdict.by}: ${verdict.what}`);
    case "equivalent":
    case "does not load":
      return console.log(`${verdict.kind} ${mutant.file}:${mutant.line}`);
    default:
      return verdict satisfies never;
  }
}

/** The text before and after it on its lines. */
function linesAround({ text, start, end }: Mutant): { readonly before: string; readonly after: string } {
  const first = text.lastIndexOf("\n", start - 1) + 1;
  const last = text.indexOf("\n", end);
  return { before: text.slice(first, start), after: text.slice(end, last) };
}

/** The mutation with the lines that differ. */
function described(mutant: Mutant): string {
  const { file, line, kind, within, from, to } = mutant;
  const { before, after } = linesAround(mutant);
  const minus = `${before}${from}${after}`.replaceAll(/^/gm, "  - ");
  const plus = `${before}${to}${after}`.replaceAll(/^/gm, "  + ");
  return `${file}:${line} ${kind} in ${within}\n${minus}\n${plus}`;
}

function report(results: readonly Result[], untyped: number, places: number): void {
  const of = (kind: Verdict["kind"]): number => results.filter(({ verdict }) => verdict.kind === kind).length;
  const catchers = new Map<string, number>();
  for (const { verdict } of results) {
    if (verdict.kind === "caught") catchers.set(verdict.by, (catchers.get(verdict.by) ?? 0) + 1);
  }
  console.log(`\n${results.length - of("does not load")} drawn of ${places} possible`);
  console.log(`  ${untyped} more were refused by the compiler and ${of("does not load")} did not load: not counted`);
  console.log(`  ${of("caught")} caught`);
  for (const [by, count] of [...catchers].sort((a, b) => b[1] - a[1])) console.log(`    ${count} by ${by}`);
  console.log(`  ${of("survived")} survived`);
  console.log(`  ${of("equivalent")} listed as equivalent`);
  console.log(`  score ${(scoreOf(results) * 100).toFixed(1)} % of those not listed`);
}

function scoreOf(results: readonly Result[]): number {
  const caught = results.filter(({ verdict }) => verdict.kind === "caught").length;
  const survived = results.filter(({ verdict }) => verdict.kind === "survived").length;
  return caught + survived === 0 ? 1 : caught / (caught + survived);
}

function isListed(mutant: Mutant): boolean {
  return EQUIVALENT.some((listed) => isThat(listed, mutant));
}

function isThat({ file, within, from, on = "", to }: Equivalent, mutant: Mutant): boolean {
  const { before, after } = linesAround(mutant);
  return file === mutant.file && within === mutant.within && from === mutant.from && to.includes(mutant.to) &&
    `${before}${from}${after}`.includes(on);
}

function shuffled<T>(list: readonly T[], chance: Chance): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(chance.below(rest.length), 1)).flat();
}

function numberOf(name: string, text: string | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  if (/^\d+$/.test(text)) return Number(text);
  throw new RangeError(`--${name} must be a whole number, got ${JSON.stringify(text)}`);
}

process.exitCode = await main();
