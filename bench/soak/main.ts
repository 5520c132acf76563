/**
 * A mixed load for a given time (`--minutes 10`), after which all figures must have returned to their initial values:
 * heap, handles, the cache file, subscribers, timers, listeners and the queue. Prints the figures at the start, after
 * every tenth of the time, and at the end; exits with 1 if any grew. `--seed` reproduces the random choices of a run.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { table } from "../tables.ts";
import { collect, type Figures, measureFigures, TOLERANCES } from "./figures.ts";
import { SoakLoad } from "./load.ts";

/** The share of the time in which caches fill and code is compiled before anything is measured. */
const WARM_UP = 0.1;
const PARTS = 10;

const { values } = parseArgs({
  options: { minutes: { type: "string", default: "1" }, seed: { type: "string", default: "1" } },
});
const minutes = Number(values.minutes);
if (!(minutes > 0) || !Number.isFinite(minutes)) {
  console.error(`--minutes must be a number above 0, got ${values.minutes}`);
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), "vantage-live-soak-"));
try {
  process.exitCode = await soak(join(folder, "soak.db"), minutes * 60_000);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function soak(path: string, totalMs: number): Promise<number> {
  await using load = await SoakLoad.open(path, Number(values.seed));
  const figures: Figures[] = [];
  for (let part = 0; part <= PARTS; part++) {
    await runFor(load, part === 0 ? totalMs * WARM_UP : totalMs * (1 - WARM_UP) / PARTS);
    figures.push(await measureFigures(load.figures(), path));
    console.log(
      `${String(part * 100 / PARTS).padStart(3)} %  ${load.counts.operations.toLocaleString("en")} operations`,
    );
  }
  console.log(`\n${report(figures)}\n`);
  console.log(Object.entries(load.counts).map(([what, count]) => `${count.toLocaleString("en")} ${what}`).join(", "));
  if (collect === undefined) console.log("The heap is not checked: run with --v8-flags=--expose-gc.");
  const grown = grownIn(figures);
  for (const title of grown) console.log(`FAILED: ${title} did not return to its initial value`);
  return grown.length === 0 ? 0 : 1;
}

async function runFor(load: SoakLoad, milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  do {
    await load.live();
    await load.reopenFile();
  } while (performance.now() < end);
}

function report(figures: readonly Figures[]): string {
  const [begin] = figures;
  if (begin === undefined) return "";
  const rows = TOLERANCES.map(({ name, title, unit, divisor, most }) => {
    const shown = (value: number): string => divisor === 1 ? `${value}` : (value / divisor).toFixed(1);
    const bound = Number.isFinite(most(begin)) ? shown(most(begin)) : "";
    return [`${title}${unit && `, ${unit}`}`, ...figures.map((each) => shown(each[name])), bound];
  });
  const parts = figures.map((_, part) => `${part * 100 / PARTS} %`);
  return table(["", ...parts, "at most"], rows);
}

/** The figures that grew. Only the last value counts, since figures may rise and fall in between. */
function grownIn(figures: readonly Figures[]): readonly string[] {
  const [begin, end] = [figures[0], figures.at(-1)];
  if (begin === undefined || end === undefined) return [];
  return TOLERANCES.filter(({ name, most }) => end[name] > most(begin)).map(({ title }) => title);
}
