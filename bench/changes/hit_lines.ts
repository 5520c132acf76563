import type { LiveTableOptions } from "@vantage/live";
import { MASTER_MS, type View } from "./distant_master.ts";
import { bestHitRatio } from "./ideal.ts";
import { type Figure, figure, type Line, percent } from "./line.ts";
import { optionsOf } from "./modes.ts";
import { type Reading, runTraffic, type Tally, type Traffic } from "./traffic.ts";
import { type Changing, liveWorld } from "./worlds.ts";

const SECONDS = 30;
const PLAIN: View = {};
const CONDITION: View = { where: [["category", "eq", "bread"]] };
const ORDER: View = { orderBy: [["name", "asc"]] };

/** A line about the share of reads that are answered at once while rows change. */
interface HitLine {
  readonly work: string;
  readonly rate: number;
  readonly view?: View;
  readonly changing?: Changing;
  readonly reading?: Reading;
  readonly options?: LiveTableOptions | undefined;
  /** The share to be reached; without one the line is only shown. */
  readonly share?: number;
  readonly rowsPerChange?: number;
  readonly readsAtOnce?: number;
  readonly oldestMs?: number;
}

/** Hits and rows received, with ten pages of 100 rows and four readers. */
export const hitLines: readonly Line[] = [
  hitLine({ work: "20 foreign updates/s, ids only, plain view", rate: 20, share: 0.88, rowsPerChange: 2 }),
  hitLine({
    work: "the same, view with where, with columns",
    rate: 20,
    view: CONDITION,
    changing: "columns",
    share: 0.88,
  }),
  hitLine({ work: "the same, view with order, with columns", rate: 20, view: ORDER, changing: "columns", share: 0.88 }),
  hitLine({ work: "20 own writes/s, view with where", rate: 20, view: CONDITION, changing: "own writes", share: 0.88 }),
  hitLine({ work: "20 own writes/s, view with order", rate: 20, view: ORDER, changing: "own writes", share: 0.88 }),
  hitLine({
    work: '20 foreign updates/s, ids only, `whileStale: "serve"`',
    rate: 20,
    options: optionsOf({ whileStale: "serve" }),
    share: 0.99,
    oldestMs: 2 * MASTER_MS,
  }),
  hitLine({ work: "50 foreign updates/s, ids only, plain view", rate: 50, share: 0.78, readsAtOnce: 1 }),
  hitLine({ work: "200 foreign updates/s, ids only, plain view", rate: 200, share: 0.4, readsAtOnce: 1 }),
  ...[20, 50, 200].map((rate) =>
    hitLine({ work: `closed loop, ${rate} foreign updates/s, evenly spaced`, rate, reading: "closed" })
  ),
];

function hitLine(line: HitLine): Line {
  const { work, rate, view = PLAIN, changing = "ids", reading = "open" } = line;
  const spacing = reading === "closed" ? "even" : "random";
  const traffic: Traffic = { reading, changesPerSecond: rate, spacing, seconds: SECONDS };
  const serves = line.oldestMs !== undefined;
  return {
    work,
    reach: reachOf(line),
    limit: changing === "own writes" || serves ? undefined : () => limitOf(traffic),
    measure: async (mode) => {
      if (serves && line.options === undefined) return { text: "–" };
      const options = { ...mode.options, ...line.options };
      await using world = await liveWorld({ view, changing, options });
      return figureOf(line, await runTraffic(world, traffic));
    },
  };
}

/** With any number of reads of one page in flight at once, with one, and with two. */
async function limitOf(traffic: Traffic): Promise<string> {
  const [any, one, two] = [
    await bestHitRatio(traffic, Infinity),
    await bestHitRatio(traffic, 1),
    await bestHitRatio(traffic, 2),
  ].map(percent);
  return `${any}; with one read of a page at a time ${one}, with two ${two}`;
}

function reachOf({ share, rowsPerChange, readsAtOnce, oldestMs }: HitLine): string {
  return [
    share === undefined ? "" : `≥ ${percent(share)} hits`,
    rowsPerChange === undefined ? "" : `≤ ${rowsPerChange} rows per change`,
    readsAtOnce === undefined ? "" : `≤ ${readsAtOnce} read of a page at a time`,
    oldestMs === undefined ? "" : `nothing older than ${oldestMs} ms`,
  ].filter((part) => part !== "").join("; ");
}

/** What was served may be as old as `oldestMs` says, and no older. */
function figureOf(line: HitLine, { hits, asked, rowsSent, changes, mostAtOnce, oldestMs }: Tally): Figure {
  const { share, rowsPerChange, readsAtOnce, oldestMs: mayBeOld = 0 } = line;
  const [ratio, rows] = [hits / asked, rowsSent / changes];
  return figure(
    [`${percent(ratio)} hits`, share === undefined ? undefined : ratio >= share],
    [`${rows.toFixed(1)} rows per change`, rowsPerChange === undefined ? undefined : rows <= rowsPerChange],
    [`up to ${mostAtOnce} of a page at a time`, readsAtOnce === undefined ? undefined : mostAtOnce <= readsAtOnce],
    ...(oldestMs > 0 || mayBeOld > 0 ? [[`up to ${oldestMs.toFixed(0)} ms old`, oldestMs <= mayBeOld] as const] : []),
  );
}
