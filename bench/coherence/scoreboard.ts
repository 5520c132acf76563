import type { MaybePromise } from "@vantage/live";
import { readFileSync } from "node:fs";
import type { Contestant, Usage } from "./contestant.ts";
import type { Race } from "./races.ts";
import { type Verdict, verdictOf, VERDICTS } from "./referee.ts";
import { Stage } from "./stage.ts";
import type { StageWorld } from "./world.ts";

/** The result of a contestant in a race. */
export interface Cell {
  readonly race: string;
  readonly contestant: string;
  readonly verdict: Verdict | "n/a";
  /** The best usage; `undefined` if the race was not run. */
  readonly usage: string | undefined;
  /** What went wrong, why the race was not run, or which usage was needed to be correct. */
  readonly note: string | undefined;
}

/** The results of all contestants in all races. */
export interface Scoreboard {
  readonly contestants: readonly { readonly name: string; readonly version: string }[];
  readonly races: readonly { readonly name: string; readonly story: string }[];
  readonly cells: readonly Cell[];
}

/** Opens a new world for a race. */
export type OpenWorld<W extends StageWorld> = (race: Race<W>) => MaybePromise<W & (Disposable | AsyncDisposable)>;

/** Runs every race with every contestant: the races in sequence, the contestants of a race concurrently. */
export async function runScoreboard<W extends StageWorld>(
  races: readonly Race<W>[],
  contestants: readonly Contestant<W>[],
  openWorld: OpenWorld<W>,
): Promise<Scoreboard> {
  const cells: Cell[] = [];
  for (const race of races) {
    cells.push(...await Promise.all(contestants.map((contestant) => judge(race, contestant, openWorld))));
  }
  return {
    contestants: contestants.map(({ name }) => ({ name, version: versionOf(name) })),
    races: races.map(({ name, story }) => ({ name, story })),
    cells,
  };
}

/** The best result of a contestant in a race, over all its usages. */
export async function judge<W extends StageWorld>(
  race: Race<W>,
  contestant: Contestant<W>,
  openWorld: OpenWorld<W>,
): Promise<Cell> {
  const { name, lacks, usages } = contestant;
  const cell = { race: race.name, contestant: name };
  const lack = race.needs && lacks[race.needs];
  if (lack !== undefined) return { ...cell, verdict: "n/a", usage: undefined, note: lack };
  const results: Result[] = [];
  for (const usage of usages) {
    const result = await runOnce(await openWorld(race), race, contestant, usage);
    if (result.verdict === "correct") return { ...cell, ...result };
    results.push(result);
  }
  const [best] = results.sort((one, other) => VERDICTS.indexOf(one.verdict) - VERDICTS.indexOf(other.verdict));
  if (best === undefined) throw new Error(`${name} has no usage`);
  return { ...cell, ...best };
}

type Result = Pick<Cell, "usage" | "note"> & { readonly verdict: Verdict };

async function runOnce<W extends StageWorld>(
  opened: W & (Disposable | AsyncDisposable),
  race: Race<W>,
  contestant: Contestant<W>,
  usage: Usage<W>,
): Promise<Result> {
  await using world = opened;
  const stage = new Stage<W>(world, usage);
  await race.run(stage);
  const findings = await stage.finish();
  const verdict = verdictOf(findings);
  // The last finding describes the lasting state.
  const what = findings.findLast((finding) => finding.verdict === verdict)?.what ?? needed(race, contestant, usage);
  const notes = what === undefined ? stage.remarks : [what, ...stage.remarks];
  return { verdict, usage: usage.how, note: notes.length === 0 ? undefined : notes.join("; ") };
}

function needed<W extends StageWorld>(
  race: Race<W>,
  { usages, standIns }: Contestant<W>,
  usage: Usage<W>,
): string | undefined {
  const standIn = race.needs && standIns?.[race.needs];
  const parts = [usage === usages[0] ? undefined : usage.how, standIn].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : `with ${parts.join(", and ")}`;
}

/** The installed version. */
function versionOf(name: string): string {
  const folder = name === "@vantage/live" ? "../../" : `../node_modules/${name}/`;
  const { version } = JSON.parse(readFileSync(new URL(`${folder}package.json`, import.meta.url), "utf8"));
  return version;
}
